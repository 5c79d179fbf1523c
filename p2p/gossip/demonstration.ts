/**
 * A topic to try gossip out on: the filter of an address that no application has. Nodes pass on only what they are subscribed to, so a node that
 * serves tabs subscribes to it, within limits, and not on mainnet.
 */
import { type GossipMessage, shardTopics } from '@petal/core/gossip/index.ts'
import { DEMONSTRATION_DOMAIN, hasDemonstration } from './demonstration-domain.ts'
import type { GossipService } from './service.ts'

export const DEMONSTRATION_LIMITS = {
  /** Longest message that is passed on. */
  messageBytes: 4096,
  /** Messages of one peer that are passed on at once, and a second after that. */
  burst: 16,
  perSecond: 2,
  /** Peers whose rates are remembered. */
  peers: 512,
} as const

interface Allowance {
  left: number
  at: number
}

/** Passes messages of the demonstration topic on, where the network has one. The result ends it. */
export function relayDemonstration(
  gossip: GossipService,
  networkNumber: number,
  now: () => number = Date.now,
): () => void {
  if (!hasDemonstration(networkNumber)) return () => {}
  const { messageBytes, burst, perSecond, peers } = DEMONSTRATION_LIMITS
  const allowances = new Map<string, Allowance>()
  const allowed = (peer: string): boolean => {
    const known = allowances.get(peer) ?? { left: burst, at: now() }
    const left = Math.min(burst, known.left + ((now() - known.at) / 1000) * perSecond)
    allowances.delete(peer)
    allowances.set(peer, { left: left >= 1 ? left - 1 : left, at: now() })
    const [oldest] = allowances.keys()
    if (allowances.size > peers && oldest !== undefined) allowances.delete(oldest)
    return left >= 1
  }
  return gossip.subscribe(shardTopics(DEMONSTRATION_DOMAIN).frame, {
    validate: ({ data }: GossipMessage, peer) => (data.length <= messageBytes && allowed(peer) ? 'accept' : 'ignore'),
    deliver: () => {},
  })
}
