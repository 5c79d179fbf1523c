/** Why something given by a caller or read from a file is not an identity or cannot make one. */
export type IdentityErrorCode =
  | 'length' // a key, scalar or seed has another length than its type
  | 'decode' // bytes or text are not the encoding of what is expected
  | 'range' // a number or scalar is outside its group or its type
  | 'mismatch' // two halves of one key, or a key and its record, disagree

/**
 * One error class for keys and records of this node itself; callers branch on `code`. What a peer sent is judged by a verdict
 * instead and never throws. Messages name lengths and ids, never key material.
 */
export class IdentityError extends Error {
  readonly code: IdentityErrorCode

  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'IdentityError'
    this.code = code
  }
}
