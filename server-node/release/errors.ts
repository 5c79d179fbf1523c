/** Why a release cannot be made, signed or checked. What a check finds wrong is a verdict, not an error. */
export type ReleaseErrorCode =
  | 'missing' // a file is not there
  | 'exists' // a signature is there already: it is not overwritten
  | 'size' // a file or a directory is larger than what is read
  | 'form' // a file is not what it should be
  | 'access' // the operating system refuses

export class ReleaseError extends Error {
  readonly code: ReleaseErrorCode
  constructor(code: ReleaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ReleaseError'
    this.code = code
  }
}
