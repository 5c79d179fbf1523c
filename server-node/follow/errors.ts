/** Why following did not get further. What peers do is expected: it is told to people, and other peers are asked. */
export type FollowErrorCode =
  | 'unavailable' // no connected peer has what is needed now
  | 'refused' // what peers sent does not verify
  | 'mismatch' // verified trees do not make the state that a verified header commits to

export class FollowError extends Error {
  readonly code: FollowErrorCode
  constructor(code: FollowErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'FollowError'
    this.code = code
  }
}
