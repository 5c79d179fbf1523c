/** Limits of the listeners, with their defaults. One table; README.md repeats it for people. */
export interface NetLimits {
  /** Connections at one time, all transports together. */
  readonly connections: number
  /** Of them those that peers opened, those that we opened, and those with one peer. */
  readonly inboundConnections: number
  readonly outboundConnections: number
  readonly connectionsPerPeer: number
  /** Connections that are not yet authenticated. */
  readonly pendingConnections: number
  /** New connections a second from one address. */
  readonly connectionsPerSecond: number
  /** From the first byte of a connection to an authenticated peer. */
  readonly handshakeMillis: number
  /** A TCP socket without any byte is closed after this time. */
  readonly idleSocketMillis: number
  /** A connection without an open stream (identify and ping do not count), of a peer that does not gossip, is closed after this time. */
  readonly idleConnectionMillis: number
  /** Streams of `/petal/light/1.0.0` at one time in one connection. */
  readonly streamsPerConnection: number
  /** Streams of any protocol that a WebTransport peer opens at one time. */
  readonly webTransportStreams: number
  /** Subscriptions at one time, all peers together. */
  readonly subscriptions: number
  /** A stream without a subscription is closed when no request comes for this time. */
  readonly idleStreamMillis: number
  /** A request is complete this long after its first byte. */
  readonly requestMillis: number
  /** A peer takes what was sent to it within this time. */
  readonly sendMillis: number
  /** Requests a peer may send at once, and a second after that. */
  readonly requestBurst: number
  readonly requestsPerSecond: number
  /** Bytes of headers a peer may ask for at once, and a second after that. */
  readonly byteBurst: number
  readonly bytesPerSecond: number
  /** After this many refusals for rate in one stream the stream is reset. */
  readonly refusals: number
  /** Peers whose rates are remembered. */
  readonly rememberedPeers: number
}

export const DEFAULT_NET_LIMITS: NetLimits = {
  connections: 512,
  inboundConnections: 384,
  outboundConnections: 256,
  connectionsPerPeer: 2,
  pendingConnections: 64,
  connectionsPerSecond: 20,
  handshakeMillis: 10_000,
  idleSocketMillis: 120_000,
  idleConnectionMillis: 60_000,
  streamsPerConnection: 8,
  webTransportStreams: 16,
  subscriptions: 256,
  idleStreamMillis: 60_000,
  requestMillis: 5_000,
  sendMillis: 20_000,
  requestBurst: 60,
  requestsPerSecond: 10,
  byteBurst: 8 << 20,
  bytesPerSecond: 1 << 20,
  refusals: 32,
  rememberedPeers: 1_024,
}
