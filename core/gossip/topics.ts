/** Bitmasks that have a meaning (spec 50 section 4). */
import { shardFilter } from './bitmask.ts'

export const GLOBAL_TOPICS = {
  consensus: new Uint8Array(1),
  frame: new Uint8Array(2),
  prover: new Uint8Array(3),
  peerInfo: new Uint8Array(4),
  alert: new Uint8Array(16),
} as const

export interface ShardTopics {
  /** The filter itself, 32 bytes. */
  readonly frame: Uint8Array
  readonly consensus: Uint8Array
  readonly dispatch: Uint8Array
  readonly prover: Uint8Array
}

/** The four topics of a shard: its filter behind 0, 1, 2 and 3 zero bytes. */
export function shardTopics(address: Uint8Array): ShardTopics {
  const frame = shardFilter(address)
  const behind = (zeros: number) => Uint8Array.from([...new Uint8Array(zeros), ...frame])
  return { frame, consensus: behind(1), dispatch: behind(2), prover: behind(3) }
}

/** Protocol id of a network: 0 is mainnet (spec 50 section 5). */
export const blossomSubProtocol = (network: number): string =>
  network === 0 ? '/blossomsub/2.1.0' : `/blossomsub/2.1.0-network-${network}`
