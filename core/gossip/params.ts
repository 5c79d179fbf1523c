/** Numbers of the router (spec 50 sections 6 and 7). */
import type { Millis } from '../platform/machine.ts'

/** Parameters of the protocol: the same on every node, so that meshes fit. */
export interface GossipParams {
  /** Mesh peers wanted, the least and the most. */
  readonly d: number
  readonly dLow: number
  readonly dHigh: number
  /** Kept by score, and of those we dialled, when a mesh is cut. */
  readonly dScore: number
  readonly dOut: number
  /** Peers that are told ids: at least so many, and this part of all. */
  readonly dLazy: number
  readonly gossipFactor: number
  /** Heartbeats that a message can be asked for, and is told of. */
  readonly historyLength: number
  readonly historyGossip: number
  readonly heartbeatMillis: Millis
  readonly initialDelayMillis: Millis
  readonly fanoutMillis: Millis
  readonly pruneBackoffMillis: Millis
  readonly unsubscribeBackoffMillis: Millis
  /** Longest backoff that a peer can impose. */
  readonly longestBackoffMillis: Millis
  /** A GRAFT this soon after a PRUNE counts twice. */
  readonly graftFloodMillis: Millis
  readonly iwantFollowUpMillis: Millis
  readonly idontwantBytes: number
  readonly idontwantHeartbeats: number
  /** Ids of one peer per heartbeat, and outstanding in all. */
  readonly ihaveIds: number
  readonly ihaveMessages: number
  /** Answers to one peer for one id. */
  readonly retransmissions: number
  readonly opportunisticTicks: number
  readonly opportunisticPeers: number
  /** Own messages up to this size go to every subscriber, so that no mesh can hold them back; 0 = never. */
  readonly floodPublishBytes: number
  /** Mesh peers of one /24 (IPv4) or /48 (IPv6); 0 = any number. */
  readonly meshPeersPerPrefix: number
}

export const GOSSIP_PARAMS: GossipParams = {
  d: 8,
  dLow: 6,
  dHigh: 12,
  dScore: 4,
  dOut: 2,
  dLazy: 6,
  gossipFactor: 0.25,
  historyLength: 9,
  historyGossip: 6,
  heartbeatMillis: 700,
  initialDelayMillis: 100,
  fanoutMillis: 60_000,
  pruneBackoffMillis: 60_000,
  unsubscribeBackoffMillis: 10_000,
  longestBackoffMillis: 3_600_000,
  graftFloodMillis: 10_000,
  iwantFollowUpMillis: 3_000,
  idontwantBytes: 1024,
  idontwantHeartbeats: 60,
  ihaveIds: 5000,
  ihaveMessages: 10,
  retransmissions: 3,
  opportunisticTicks: 60,
  opportunisticPeers: 2,
  floodPublishBytes: 16_384,
  meshPeersPerPrefix: 0,
}

/** Scores (spec 50 section 7). */
export interface ScoreParams {
  readonly gossipThreshold: number
  readonly publishThreshold: number
  readonly graylistThreshold: number
  readonly acceptPeersThreshold: number
  readonly opportunisticThreshold: number
  readonly topicWeight: number
  /** A second in a mesh, and the most that all of them are worth. */
  readonly meshSecond: number
  readonly meshCap: number
  readonly firstDeliveryWeight: number
  readonly firstDeliveryCap: number
  readonly invalidWeight: number
  /** Times after which 1 % of a counter is left. */
  readonly firstDeliveryMillis: Millis
  readonly invalidMillis: Millis
  readonly colocationWeight: number
  /** Peers that may share an IP address. */
  readonly colocationThreshold: number
  readonly behaviourWeight: number
  readonly behaviourThreshold: number
  readonly applicationWeight: number
  /** What is left after each decay interval. */
  readonly behaviourDecay: number
  readonly applicationDecay: number
  readonly applicationExpiryMillis: Millis
  readonly decayMillis: Millis
  /** Counters below this are zero. */
  readonly decayToZero: number
  /** A bad score is remembered so long after its peer left. */
  readonly retainMillis: Millis
}

export const MAINNET_SCORES: ScoreParams = {
  gossipThreshold: -500,
  publishThreshold: -1000,
  graylistThreshold: -2500,
  acceptPeersThreshold: 1000,
  opportunisticThreshold: 3.5,
  topicWeight: 0.1,
  meshSecond: 0.00027,
  meshCap: 1,
  firstDeliveryWeight: 5,
  firstDeliveryCap: 10_000,
  invalidWeight: -1000,
  firstDeliveryMillis: 600_000,
  invalidMillis: 3_600_000,
  colocationWeight: -100,
  colocationThreshold: 6,
  behaviourWeight: -10,
  behaviourThreshold: 6,
  applicationWeight: 10,
  behaviourDecay: 0.5,
  applicationDecay: 0.9,
  applicationExpiryMillis: 3_600_000,
  decayMillis: 600_000,
  decayToZero: 0.1,
  retainMillis: 3_600_000,
}

/** Numbers of a network: peers that share an address or its neighbourhood count on mainnet (0) only. */
export const paramsOf = (network: number): { readonly params: GossipParams; readonly scores: ScoreParams } => ({
  params: network === 0 ? { ...GOSSIP_PARAMS, meshPeersPerPrefix: 2 } : GOSSIP_PARAMS,
  scores: network === 0 ? MAINNET_SCORES : { ...MAINNET_SCORES, colocationWeight: 0 },
})

/** What bounds memory and work; ours alone, others never notice. */
export interface GossipLimits {
  /** Topics that are announced on one connection (P2P-13). */
  readonly announced: number
  /** Topics of a peer that are kept: an older archive announces 256 slices and five more. */
  readonly peerTopics: number
  readonly peers: number
  /** Bytes that wait for a peer, and for all; above, messages and ids are dropped. Subscriptions and meshes have as much again. */
  readonly queueBytes: number
  readonly allQueuesBytes: number
  /** Messages whose signature or content is being judged: in all, of one peer, and their bytes. */
  readonly pendingMessages: number
  readonly pendingPerPeer: number
  readonly pendingBytes: number
  /** Different copies of one message that are judged at a time; one peer has one of them. */
  readonly copies: number
  /** Own messages that wait for their signature; and as many that reached nobody, which may be published again. */
  readonly pendingSignatures: number
  /** A judgement that takes longer never comes. */
  readonly judgementMillis: Millis
  /** Pairs of a message and a topic that are known as seen, and for how long. */
  readonly seen: number
  readonly seenMillis: Millis
  /** Bytes and messages that can be asked for. */
  readonly cacheBytes: number
  readonly cacheMessages: number
  /** Frames of one peer between two heartbeats: one of a byte takes as long as one of a hundred, so bytes alone bound no work. */
  readonly frames: number
  /** Ids that a peer does not want. */
  readonly unwanted: number
  /** Bad messages that a peer may send at once, and a second; what comes above is not looked at. */
  readonly badBurst: number
  readonly badPerSecond: number
  /** Remembered backoffs, with as many pauses that bind only us; and scores of peers that left. */
  readonly backoffs: number
  readonly retainedScores: number
  /** A mesh peer that gave no sign for this long, while its topic had so many messages, does not count as one. */
  readonly silentMeshMillis: Millis
  readonly silentMeshMessages: number
}

export const GOSSIP_LIMITS: GossipLimits = {
  announced: 256,
  peerTopics: 512,
  peers: 512,
  queueBytes: 4 << 20,
  allQueuesBytes: 256 << 20,
  pendingMessages: 8192,
  pendingPerPeer: 2048,
  pendingBytes: 128 << 20,
  copies: 16,
  pendingSignatures: 4096,
  judgementMillis: 30_000,
  seen: 65_536,
  seenMillis: 3_600_000,
  cacheBytes: 64 << 20,
  cacheMessages: 16_384,
  frames: 32_768,
  unwanted: 1024,
  badBurst: 32,
  badPerSecond: 1,
  backoffs: 32_768,
  retainedScores: 4096,
  silentMeshMillis: 60_000,
  silentMeshMessages: 20,
}

/** What a router is made of. */
export interface GossipConfig {
  readonly params: GossipParams
  readonly scores: ScoreParams
  readonly limits: GossipLimits
  /** Peer id and public key record that sign. */
  readonly identity: { readonly peerId: Uint8Array; readonly key: Uint8Array }
  /** First counter of own messages, below 2^64. */
  readonly firstSeqno: bigint
  /** Peers that always get everything and are in no mesh; peers that are in no mesh because many lean on them (bootstrap). */
  readonly direct: ReadonlySet<string>
  readonly outsideMesh: ReadonlySet<string>
  /** Numbers in [0, 1). */
  readonly random: () => number
}
