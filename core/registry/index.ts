/** The global registry: records, transitions, genesis, reading it as a whole. See README.md. */
export { proverHyperedgeLocation, RegistryAddresses, recordLocation } from './addresses.ts'
export { CLASSES, type ClassName, PUBLIC_KEY_BYTES, type RecordClass, STATUS } from './classes.ts'
export {
  addRecord,
  genesisCommitments,
  genesisKeys,
  MAINNET_GENESIS_FRAME,
  MAINNET_GENESIS_SENIORITY,
  mainnetGenesis,
  OTHER_GENESIS_SENIORITY,
  otherGenesis,
} from './genesis.ts'
export { type Member, proverHyperedgeLeaves, readProverHyperedge } from './prover-hyperedge.ts'
export {
  buildRecord,
  type NoRecord,
  numberField,
  type RegistryRecord,
  readRecord,
  record,
  recordLeaves,
  statusOf,
  u64Bytes,
  withFields,
} from './record.ts'
export { type Allocation, liveStatus, type Prover, Registry, type RegistryLeaf, type Reward } from './registry.ts'
export {
  aggregateStatus,
  creditReward,
  joinedAllocation,
  joinedProver,
  newReward,
  type Step,
  spentMerge,
  stepAllocation,
  stepProver,
} from './transitions.ts'
export { type ConfirmWindow, inConfirmWindow, MAINNET_WINDOW, mayRejoin } from './windows.ts'
