/** Names of the transports that a node listens on; `quic` and `webtransport` share one UDP port. */
export const TRANSPORTS = ['tcp', 'quic', 'websocket', 'webrtc-direct', 'webtransport'] as const
export type TransportName = (typeof TRANSPORTS)[number]
