/** Gossip over libp2p. */
export { type GossipIdentity, hostIdentity, type SignatureVerifier, verifySignature } from './keys.ts'
export { GossipError, type GossipOptions, GossipService } from './service.ts'
export type { Subscriber } from './subscribers.ts'
