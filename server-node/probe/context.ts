/** What all probes of one run share. */
import { randomBytes } from 'node:crypto'
import type { PrivateKey } from '@libp2p/interface'
import { identityOfSeed, peerIdText } from '@petal/core/identity/index.ts'
import type { Crypto } from '@petal/core/platform/crypto.ts'
import { hostKeyOfSeed } from '@petal/p2p/host-keys.ts'
import type { Addon } from '../crypto/addon.ts'
import type { Certificates } from '../net/webtransport/certificates.ts'
import { type TlsMaterial, tlsMaterial } from '../rpc/own-certificate.ts'
import type { Resolver } from './reach.ts'
import type { StageListener } from './stages.ts'

export interface ProbeContext {
  readonly network: number
  /** Asks peers who else is there. */
  readonly discover: boolean
  readonly timeoutMillis: number
  readonly addon: Addon
  readonly crypto: Pick<Crypto, 'inspectHeader' | 'verifyTimeProof'>
  readonly listener: StageListener
  readonly resolver: Resolver
  /** When everything has to be over: as a time of `performance.now`, and as a signal. */
  readonly endsAt: number
  readonly deadline: AbortSignal
  /** Whoever asked gave up. */
  readonly interrupted: AbortSignal
  /** Of nobody: shown to no peer, since nothing listens. The QUIC transport wants to have them. */
  readonly certificates: Certificates
}

/**
 * An Ed448 identity that nobody knows and that is gone with the process. Each target is asked by another one: a node takes two connections of
 * a peer, and one machine may be asked by all its transports.
 */
export interface ThrowAwayIdentity {
  readonly peerId: string
  readonly hostKey: PrivateKey
  readonly material: TlsMaterial
}

const SEED_BYTES = 57

export function makeIdentity(addon: Addon): ThrowAwayIdentity {
  const seed = new Uint8Array(randomBytes(SEED_BYTES))
  const identity = identityOfSeed(seed, addon)
  try {
    return {
      peerId: peerIdText(identity.peerId),
      hostKey: hostKeyOfSeed(seed),
      material: tlsMaterial(identity, addon),
    }
  } finally {
    seed.fill(0)
    identity.seed.fill(0)
  }
}

/** Fires when the time is over, or whoever asked gave up. */
export const endOf = ({ deadline, interrupted }: ProbeContext): AbortSignal => AbortSignal.any([deadline, interrupted])
