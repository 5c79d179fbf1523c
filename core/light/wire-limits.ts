/** Limits of `/petal/light/1.0.0` (docs/limits.md) and the one error of its parser. */
export const WIRE_LIMITS = {
  /** Longest message, without its length prefix. */
  messageBytes: 1 << 20,
  /** Longest request, without its length prefix. */
  requestBytes: 8 << 10,
  /** Longest header. A real one has 17 to 21 kB (spec 11 section 8.5). */
  headerBytes: 64 << 10,
  /** Most headers asked for or answered at once. */
  headers: 32,
  /** Most values asked for at once. */
  addresses: 100,
  /** Length of an application or data address. */
  addressBytes: 32,
  /** Most shards in one answer. */
  shards: 1024,
  /** Longest description of a network, in bytes. */
  descriptionBytes: (1 << 20) - 16,
  /** Longest query of the synchronisation. */
  syncQueryBytes: 1024,
  /** Most alerts in one answer. */
  alerts: 16,
  /** Longest alert: its number, a text of 1000 bytes and a signature of 114, each behind its length (spec 53 section 8). */
  alertBytes: 4 + 4 + 1000 + 4 + 114,
  /** Longest network or profile name. */
  nameCharacters: 64,
  /** Error texts are cut here. */
  errorCharacters: 200,
} as const

export type WireErrorCode =
  | 'limit' // larger, longer or more than the protocol allows
  | 'varint' // a length prefix that is not the shortest encoding of a number
  | 'decode' // not valid protobuf of the expected message
  | 'kind' // none, more than one or an unknown kind of message
  | 'truncated' // the stream ended inside a message

export class WireError extends Error {
  readonly code: WireErrorCode
  constructor(code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'WireError'
    this.code = code
  }
}
