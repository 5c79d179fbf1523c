/** Why bytes are not the canonical encoding of a message, or a value has none. */
export type CodecErrorCode =
  | 'short' // the bytes end inside a field
  | 'prefix' // another message's type prefix, or none
  | 'limit' // longer than the table's limit
  | 'length' // a length that the layout excludes
  | 'text' // ill-formed UTF-8
  | 'absent' // a nested message that must be there has length 0
  | 'kind' // a signature kind or request prefix outside its list
  | 'duplicate' // a map key twice
  | 'range' // a number that its type cannot hold (encoding only)
  | 'json' // the readable form does not have the message's shape
  | 'protobuf' // bytes that are no protobuf of the message, or have unknown fields

/** One error class for the canonical codec; callers branch on `code`. */
export class CodecError extends Error {
  readonly code: CodecErrorCode
  /** Where: names of the messages and fields from the outermost inwards, joined by dots. */
  readonly path: string

  constructor(code: CodecErrorCode, message: string, path = '') {
    super(path === '' ? message : `${path}: ${message}`)
    this.name = 'CodecError'
    this.code = code
    this.path = path
  }

  /** The same error one level further out. */
  within(name: string): CodecError {
    const inner = this.path === '' ? this.message : this.message.slice(this.path.length + 2)
    return new CodecError(this.code, inner, this.path === '' ? name : `${name}.${this.path}`)
  }
}
