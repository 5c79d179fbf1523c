/** State synchronisation (PerformSync). See README.md. */
export { type Pull, PullFailed, type PullFailure, type PullHost, type PullSource, startPull } from './drive-pull.ts'
export { SyncWireError, type SyncWireErrorCode } from './errors.ts'
export {
  type DropCode,
  PULL_POLICY,
  type PullEffect,
  type PullEvent,
  type PullPolicy,
  type PullTarget,
} from './events.ts'
export { type ExchangeLimits, PullError, type PullErrorCode, type SyncPeer } from './exchange.ts'
export { FullCopy } from './full-copy.ts'
export {
  type CheckTrees,
  type Difference,
  INCREMENTAL,
  type IncrementalOptions,
  pullDifference,
} from './incremental.ts'
export { checkBoundTrees } from './leaf-check.ts'
export { SYNC_LIMITS } from './limits.ts'
export {
  decodeQuery,
  decodeResponse,
  encodeQuery,
  encodeResponse,
  type SyncQuery,
  type SyncResponse,
} from './messages.ts'
export type { StagedPage } from './pages.ts'
export type { SyncProgress } from './progress.ts'
export { SyncServer, type SyncServerOptions, type SyncStream } from './server.ts'
export { STREAM_LIMITS, StreamBook, type StreamLimits, type StreamTicket } from './stream-limits.ts'
export { pullSubtree, SUBTREE_LIMITS, type Subtree, type SubtreeLevel, type VerifySubtree } from './subtree.ts'
export { registryTarget, shardTargets } from './targets.ts'
