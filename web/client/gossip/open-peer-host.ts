/** The tab as a peer on what a browser has: IndexedDB and the full engine in WebAssembly. */
import { networkNumberOf } from '@petal/core/identity/network-number.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import { compileEngine, instantiateEngine } from '@petal/worker/engine.ts'
import { browserIdentityStore } from '../identity/identity-store.ts'
import { PeerHost, type PeerHostParts } from './peer-host.ts'

export interface OpenPeerHostParts extends Pick<PeerHostParts, 'addresses' | 'head' | 'verify' | 'deliver' | 'share'> {
  /** False: nothing is to be kept in this browser. */
  readonly keep: boolean
  /** Name of the network. */
  readonly network: string
}

export function openPeerHost({ keep, network, ...parts }: OpenPeerHostParts): PeerHost {
  return new PeerHost({
    ...parts,
    store: keep ? browserIdentityStore() : null,
    engine: loadEngine,
    networkNumber: networkNumberOf(network),
    onError: (error) => reportError(error),
  })
}

/** Only the full module signs. */
async function loadEngine(): Promise<FullEngine> {
  return (await instantiateEngine(await compileEngine('full'))) as FullEngine
}
