/** Gossip over libp2p. */
export { DEMONSTRATION_LIMITS, relayDemonstration } from './demonstration.ts'
export { DEMONSTRATION_DOMAIN } from './demonstration-domain.ts'
export {
  type GossipIdentity,
  hostIdentity,
  type SignatureClaim,
  type SignatureVerifier,
  verifySignature,
  verifySignatures,
} from './keys.ts'
export { GossipError, type GossipOptions, GossipService } from './service.ts'
export type { Subscriber } from './subscribers.ts'
