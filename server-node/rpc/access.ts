/** Decides whether a caller may make a call (spec 51 section 4; RPC-07). */
import { Code, ConnectError } from '@connectrpc/connect'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { type PeerPort, type Policy, policyOf } from './policy.ts'
import type { ProverLookup } from './provers.ts'

/** A listener's point of view. */
export interface Access {
  readonly port: PeerPort
  /** 34-byte id of this node. */
  readonly self: Uint8Array
  readonly isProver: ProverLookup
  /** The shard of a worker; without one nobody is its prover. */
  readonly shard?: Uint8Array
}

const EMPTY = new Uint8Array(0)

/** Resolves when the peer may call the path; throws `ConnectError` with code 16 or 7. `peerId` null: no valid identity. */
export async function permit(access: Access, path: string, peerId: Uint8Array | null): Promise<void> {
  if (peerId === null) throw new ConnectError('a certificate of a peer is needed', Code.Unauthenticated)
  const policy = policyOf(path, access.port)
  if (await isAllowed(access, policy, peerId)) return
  throw new ConnectError(`not for this peer: ${WHO[policy]}`, Code.PermissionDenied)
}

const WHO: Readonly<Record<Policy, string>> = {
  anyPeer: 'any peer',
  self: 'only the node itself',
  prover: 'only provers with a key registry',
  globalProver: 'only provers with a global allocation',
  activeGlobalProverOrSelf: 'only active global provers and the node itself',
  shardProver: 'only provers of this shard',
}

async function isAllowed({ self, isProver, shard }: Access, policy: Policy, peerId: Uint8Array): Promise<boolean> {
  const isSelf = sameBytes(peerId, self)
  switch (policy) {
    case 'anyPeer':
      return true
    case 'self':
      return isSelf
    case 'prover':
      return isProver({ peerId, filter: null, active: false })
    case 'globalProver':
      return isProver({ peerId, filter: EMPTY, active: false })
    case 'activeGlobalProverOrSelf':
      return isSelf || isProver({ peerId, filter: EMPTY, active: true })
    case 'shardProver':
      return shard !== undefined && isProver({ peerId, filter: shard, active: false })
  }
}
