/** Gossip over libp2p. */
export {
  ed448Identity,
  type GossipIdentity,
  libp2pIdentity,
  type SignatureVerifier,
  signatureVerifier,
} from './keys.ts'
export { GossipError, type GossipOptions, GossipService } from './service.ts'
export type { Subscriber } from './subscribers.ts'
