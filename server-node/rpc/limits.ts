/** Limits of the two RPC listeners and of the clients, with their defaults. One table; README.md repeats it for people. */

export interface RpcLimits {
  /** TLS handshakes at one time, and from the first byte to an authenticated peer (spec 51 section 1). */
  readonly handshakes: number
  readonly handshakeMillis: number
  /** Connections at one time: all, from one address, of one peer id. */
  readonly connections: number
  readonly connectionsPerAddress: number
  readonly connectionsPerPeer: number
  /** Connections of callers without an identity, which are told so and closed. */
  readonly strangers: number
  readonly strangerMillis: number
  /** Streams of HTTP/2 at one time in one connection, bytes of headers in a request. */
  readonly streamsPerConnection: number
  readonly headerBytes: number
  /** Calls at one time: all, and those of one peer. */
  readonly calls: number
  readonly callsPerPeer: number
  /** Longest request message, of most methods and of those that carry documents; how many of the latter are read at one time. */
  readonly requestBytes: number
  readonly documentBytes: number
  readonly documentCalls: number
  /** Longest message sent. */
  readonly responseBytes: number
  /** A request that is no stream is complete within this time, its call ends within that. */
  readonly requestMillis: number
  readonly callMillis: number
  /** A connection is asked for a sign of life after this silence, and closed when none comes (spec 51 section 1). */
  readonly keepAliveMillis: number
  readonly keepAliveTimeoutMillis: number
  /** A connection without calls is closed after this time. */
  readonly idleMillis: number
  /** Calls a peer may make at once, and a second after that. */
  readonly requestBurst: number
  readonly requestsPerSecond: number
  /** Bytes of answers a peer may take at once, and a second after that. */
  readonly byteBurst: number
  readonly bytesPerSecond: number
  /** Peers whose rates are remembered. */
  readonly rememberedPeers: number
}

export const DEFAULT_RPC_LIMITS: RpcLimits = {
  handshakes: 256,
  handshakeMillis: 10_000,
  connections: 512,
  connectionsPerAddress: 64,
  connectionsPerPeer: 8,
  strangers: 32,
  strangerMillis: 5_000,
  streamsPerConnection: 64,
  headerBytes: 16 << 10,
  calls: 1_024,
  callsPerPeer: 32,
  requestBytes: 64 << 10,
  documentBytes: 4 << 20,
  documentCalls: 16,
  responseBytes: 16 << 20,
  requestMillis: 15_000,
  callMillis: 60_000,
  keepAliveMillis: 20_000,
  keepAliveTimeoutMillis: 10_000,
  idleMillis: 10 * 60_000,
  requestBurst: 200,
  requestsPerSecond: 100,
  byteBurst: 512 << 20,
  bytesPerSecond: 64 << 20,
  rememberedPeers: 4_096,
}

/** Bytes of leaves in a page of PerformSync: a stock client reads messages of 4 MiB (spec 22 section 7). */
export const SYNC_PAGE_BYTES = 3 << 20

/** What a client reads and how long it waits (spec 51 section 6, spec 22 section 7). */
export const CLIENT_LIMITS = {
  /** Longest message read. */
  responseBytes: 64 << 20,
  /** Longest message sent. */
  requestBytes: 16 << 20,
  connectMillis: 10_000,
  callMillis: 15_000,
  idleMillis: 15 * 60_000,
} as const
