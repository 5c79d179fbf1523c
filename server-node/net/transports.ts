/** Names of the transports that a node listens on. */
export const TRANSPORTS = ['tcp', 'websocket', 'webrtc-direct', 'webtransport'] as const
export type TransportName = (typeof TRANSPORTS)[number]
