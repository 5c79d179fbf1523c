/**
 * The one door to the light client: the page knows nothing of the network, the store or the engine but what is named here.
 */

export type {
  AllocationValue,
  Client,
  ClientErrorCode,
  ClientOptions,
  ClientState,
  DecodedField,
  Evidence,
  FieldRange,
  GossipStatus,
  Head,
  HeadValue,
  HyperedgeValue,
  NetworkAlert,
  Peering,
  PeerMessage,
  PeerStatus,
  Phase,
  ProofStep,
  ProverList,
  ProverStatus,
  ProverValue,
  ShardValue,
  StateReads,
  StateValue,
  SyncProgress,
  TabIdentity,
  Verified,
  VertexValue,
  Work,
} from '@petal/client'
export {
  ClientError,
  createClient,
  DEMONSTRATION_DOMAIN,
  hasDemonstration,
  locateFields,
  networkNumberOf,
} from '@petal/client'

import type { Client, ClientEvents, HeadValue } from '@petal/client'

export type Check = HeadValue['checks'][number]
export type Refusal = ClientEvents['refusal']
export type Verdict = Awaited<ReturnType<Client['verify']>>
export type NetworkDescription = NonNullable<Client['network']>
