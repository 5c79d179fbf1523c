/** What bounds gossip in a tab (docs/limits.md). */
import type { GossipLimits } from '@petal/core/gossip/index.ts'
import type { LinkLimits } from '@petal/p2p/gossip/link.ts'

/** Peers that gossip with a tab at one time. */
const PEERS = 16

export const TAB_LIMITS = {
  /** Longest message that a tab publishes or hands out. */
  messageBytes: 1 << 20,
  /** Topics at one time. */
  topics: 32,
  /** Listeners of one client. */
  listeners: 128,
  /** Peers whose frames wait to be verified, one of each. */
  hintingPeers: PEERS,
  /** Nodes that a tab keeps connections to. */
  nodes: 3,
  /** Addresses that are tried. */
  addresses: 200,
  /** Messages on their way to the page, and their bytes; the oldest are dropped. */
  outboxMessages: 256,
  outboxBytes: 8 << 20,
  /** Messages whose publication is under way. */
  publishing: 64,
  /** Signatures that are verified together before the worker does something else: a few milliseconds. */
  verifiedPerTask: 16,
  /** Longest file of keys. */
  keyFileBytes: 4 << 20,
  passphraseCharacters: 1024,
  leastPassphraseCharacters: 8,
} as const

/** A tab has a few peers and little memory. */
export const TAB_GOSSIP_LIMITS: Partial<GossipLimits> = {
  peers: PEERS,
  queueBytes: 4 << 20,
  allQueuesBytes: 16 << 20,
  pendingMessages: 1024,
  pendingPerPeer: 256,
  pendingBytes: 32 << 20,
  pendingSignatures: TAB_LIMITS.publishing,
  seen: 16_384,
  cacheBytes: 16 << 20,
  cacheMessages: 2048,
  backoffs: 2048,
  retainedScores: 256,
}

export const TAB_LINK_LIMITS: Partial<LinkLimits> = { judgements: 64, unfinishedBytes: 32 << 20 }
