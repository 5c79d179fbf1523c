/** Why bytes of a sync peer are no message. */
export type SyncWireErrorCode =
  | 'long' // more bytes than may be sent
  | 'limit' // more path elements, children or leaves than there can be
  | 'decode' // not protobuf of the expected message
  | 'kind' // no request or response in it
  | 'range' // a number out of its range

export class SyncWireError extends Error {
  readonly code: SyncWireErrorCode
  constructor(code: SyncWireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SyncWireError'
    this.code = code
  }
}
