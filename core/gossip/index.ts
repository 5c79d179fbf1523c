/** The router of gossip and the forms of its messages, topics and ids. */
export { type BitmaskKey, bitmaskKey, contains, filterIndices, shardFilter, slicesOf } from './bitmask.ts'
export type { GossipEffect, GossipEvent, JobKey, PeerKey, RefusalCode, Verdict } from './events.ts'
export {
  authorFault,
  decodeMessage,
  encodeMessage,
  type GossipMessage,
  type MessageFields,
  messageDigest,
  messageOf,
  peerIdOfKey,
  signingPayload,
} from './message.ts'
export {
  GOSSIP_LIMITS,
  GOSSIP_PARAMS,
  type GossipConfig,
  type GossipLimits,
  type GossipParams,
  MAINNET_SCORES,
  paramsOf,
  type ScoreParams,
} from './params.ts'
export { GossipRouter } from './router.ts'
export { decodeRpc, encodeRpc, RPC_LIMITS, type Rpc, RpcError, rpcFrames } from './rpc.ts'
export { blossomSubProtocol, GLOBAL_TOPICS, type ShardTopics, shardTopics } from './topics.ts'
