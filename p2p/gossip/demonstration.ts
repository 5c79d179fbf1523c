/**
 * A topic to try gossip out on: the filter of an address that no application has. Nodes pass on only what they are subscribed to, so a node that
 * serves tabs subscribes to it, within limits, and not on mainnet.
 */
import { type GossipMessage, shardTopics } from '@petal/core/gossip/index.ts'
import { NamedBuckets } from '@petal/core/platform/token-bucket.ts'
import { DEMONSTRATION_DOMAIN, hasDemonstration } from './demonstration-domain.ts'
import type { GossipService } from './service.ts'

export const DEMONSTRATION_LIMITS = {
  /** Longest message that is passed on. */
  messageBytes: 4096,
  /** Messages of one peer that are passed on at once, and a second after that. */
  burst: 16,
  perSecond: 2,
  /** Peers whose rates are remembered. */
  remembered: 512,
} as const

/** Passes messages of the demonstration topic on, where the network has one. The result ends it. */
export function relayDemonstration(
  gossip: GossipService,
  networkNumber: number,
  now: () => number = () => performance.now(),
): () => void {
  if (!hasDemonstration(networkNumber)) return () => {}
  const buckets = new NamedBuckets(DEMONSTRATION_LIMITS)
  const allowed = (peer: string): boolean => buckets.of(peer, now()).take(1, now())
  return gossip.subscribe(shardTopics(DEMONSTRATION_DOMAIN).frame, {
    validate: ({ data }: GossipMessage, peer) =>
      data.length <= DEMONSTRATION_LIMITS.messageBytes && allowed(peer) ? 'accept' : 'ignore',
    deliver: () => {},
  })
}
