/** A network whose committee the specs hold the keys of: what no recording has, two certified frames that exclude each other. */
import { DirectCrypto } from '../../core/crypto/direct.ts'
import { makeCommittee, makeFrame } from '../../web/client/testing/made-chain.ts'
import { loadWasmEngine } from '../engines/wasm.ts'
import type { NetworkDescription } from './static-server.ts'

export interface Fork {
  readonly anchors: Pick<NetworkDescription['anchors'], 'committee' | 'checkpoint' | 'rules'>
  /** Two certified frames of number 8, and a certified child of the second. */
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly secondsChild: Uint8Array
  /** Certified by the same committee, far above every recorded frame. */
  readonly above: Uint8Array
}

let made: Promise<Fork> | undefined

/** Made once for all specs of a run. */
export function makeFork(): Promise<Fork> {
  made ??= make()
  return made
}

async function make(): Promise<Fork> {
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve))
  const crypto = new DirectCrypto(() => loadWasmEngine(), { now: () => performance.now(), pause })
  const committee = await makeCommittee(crypto, 4)
  const wish = { number: 8n, rank: 9n, parent: new Uint8Array(32).fill(3), timestamp: 1_750_000_000_000n }
  const first = await makeFrame(crypto, committee, wish)
  const second = await makeFrame(crypto, committee, { ...wish, timestamp: wish.timestamp + 1n })
  const { identity } = await crypto.inspectHeader(second)
  const child = { number: 9n, rank: 10n, parent: identity, timestamp: wish.timestamp + 10_000n }
  const secondsChild = await makeFrame(crypto, committee, child)
  const above = await makeFrame(crypto, committee, { ...wish, number: 300_000n, rank: 1_000_000_000n })
  await crypto.close()
  const origin = '00'.repeat(32)
  return {
    anchors: {
      committee: committee.committee,
      checkpoint: { number: '0', identity: origin, rank: '0', timestamp: '0', difficulty: 1 },
      rules: { genesisNumber: '0', genesisIdentity: origin, proverInCommittee: true, difficultyFloor: 0 },
    },
    first,
    second,
    secondsChild,
    above,
  }
}
