/** The embeddable light client (docs/embed). Importing it does nothing; `start()` does the first I/O. */
import { TabClient } from './client.ts'
import type { Client, ClientOptions } from './types.ts'

export { networkNumberOf } from '@petal/core/identity/network-number.ts'
export { type FieldRange, locateFields } from '@petal/core/light/header-fields.ts'
export { DEMONSTRATION_DOMAIN, hasDemonstration } from '@petal/p2p/gossip/demonstration-domain.ts'
export type { AlertReads, NetworkAlert } from './alert-api.ts'
export {
  AnchorsError,
  ArgumentsError,
  ClientError,
  CrashedError,
  EngineUnavailableError,
  GossipRefusedError,
  HaltedError,
  IdentityError,
  ImportError,
  NoPeersError,
  NotFoundError,
  ReadyTimeoutError,
  RefusedError,
  StoppedError,
} from './errors.ts'
export type {
  CommitteeMember,
  FollowedCommittee,
  FollowedStep,
  FollowingProgress,
  FollowRegistryOptions,
  RegistryFollowing,
  SignedShare,
} from './follow-types.ts'
export type * from './gossip/peer-types.ts'
export type { Protection, TabIdentity } from './identity/identity-types.ts'
export type * from './state-types.ts'
export type * from './types.ts'

/** A client that has not been started. Throws `ArgumentsError` for options that cannot be. */
export function createClient(options: ClientOptions): Client {
  return new TabClient(
    options,
    () => new Worker(new URL('./client-worker.ts', import.meta.url), { type: 'module', name: 'petal-client' }),
  )
}
