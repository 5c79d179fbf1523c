/** Asks all targets at the same time, within one deadline. */
import { useEngineForHostKeys } from '@petal/p2p/host-keys.ts'
import type { Addon } from '../crypto/addon.ts'
import { NodeCrypto } from '../crypto/node-crypto.ts'
import { Certificates } from '../net/webtransport/certificates.ts'
import type { ProbeContext } from './context.ts'
import { probePeer } from './peer-probe.ts'
import { type Resolver, systemResolver } from './reach.ts'
import type { ProbeReport } from './report.ts'
import { probeRpc } from './rpc-probe.ts'
import type { StageListener } from './stages.ts'
import type { PeerTarget, RpcTarget } from './targets.ts'

export interface ProbeOptions {
  /** 0 is mainnet. */
  readonly network: number
  readonly peers: readonly PeerTarget[]
  readonly rpc: readonly RpcTarget[]
  readonly timeoutMillis: number
  /** Asks peers who else is there. */
  readonly discover: boolean
  readonly addon: Addon
  readonly addonPath?: string
  readonly listener?: StageListener
  /** Default: that of the machine. */
  readonly resolver?: Resolver
  /** Ends it early; what is known by then is reported. */
  readonly signal?: AbortSignal
}

/** Never rejects for what peers do. Throws `NodeError` `engine` when the addon cannot be used. */
export async function probe(options: ProbeOptions): Promise<ProbeReport> {
  const { network, timeoutMillis, discover, addon, addonPath, listener = () => undefined } = options
  const { resolver = systemResolver } = options
  const crypto = new NodeCrypto({ threads: 1, addonPath })
  try {
    useEngineForHostKeys(addon)
    const context: ProbeContext = {
      network,
      discover,
      timeoutMillis,
      addon,
      crypto,
      listener,
      resolver,
      certificates: await Certificates.open(addon, undefined, Date.now()),
      endsAt: performance.now() + timeoutMillis,
      deadline: AbortSignal.timeout(timeoutMillis),
      interrupted: options.signal ?? new AbortController().signal,
    }
    const [peers, rpc] = await Promise.all([
      Promise.all(options.peers.map((target) => probePeer(target, context))),
      Promise.all(options.rpc.map((target) => probeRpc(target, context))),
    ])
    const answered = [...peers, ...rpc].filter(({ failure }) => failure === null).length
    return { network, timeoutMillis, peers, rpc, answered }
  } finally {
    await crypto.close()
  }
}
