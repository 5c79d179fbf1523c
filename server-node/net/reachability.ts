/** Whether others can reach this node, in words (issue of operators: "why does nobody connect?"). */
import type { Multiaddr } from '@multiformats/multiaddr'
import { isPublicIp } from './special-addresses.ts'

/**
 * `machine`: it listens on the loopback address only. `private`: other machines of the same network can dial it, the internet was not seen
 * to. `public`: an address of the internet was confirmed by peers that dialled it back (AutoNAT). `unknown`: nobody was asked yet.
 */
export type Reach = 'machine' | 'private' | 'public' | 'unknown'

export interface Reachability {
  readonly reach: Reach
  /** What it means and what to do, one sentence. */
  readonly text: string
  /** Addresses of that kind. */
  readonly addresses: readonly string[]
}

/** After this time without a confirmed address the answer is `private`. AutoNAT asks within seconds once there are peers. */
const ASK_MILLIS = 120_000

export interface Observed {
  /** IP address that the node listens on. */
  readonly host: string
  /** What the node announces: public addresses among them are confirmed. */
  readonly addresses: readonly Multiaddr[]
  /** Peers that could be asked. */
  readonly peers: number
  /** Time since the start. */
  readonly upMillis: number
}

export function judgeReachability({ host, addresses, peers, upMillis }: Observed): Reachability {
  const ofKind = (kind: ReturnType<typeof kindOf>) => addresses.filter((one) => kindOf(one) === kind).map(String)
  if (isLoopback(host)) {
    const text = `listens on ${host}: only programs on this machine can reach it; --host 0.0.0.0 opens it to others`
    return { reach: 'machine', text, addresses: ofKind('loopback') }
  }
  const open = ofKind('public')
  if (open.length > 0) return { reach: 'public', text: 'peers on the internet have dialled it back', addresses: open }
  if (peers === 0 || upMillis < ASK_MILLIS) {
    const text = peers === 0 ? 'no peers yet that could dial it back' : 'peers are being asked to dial it back'
    return { reach: 'unknown', text, addresses: ofKind('private') }
  }
  const text = 'no peer on the internet could dial it back: forward its ports in the router, or start it with --upnp'
  return { reach: 'private', text, addresses: ofKind('private') }
}

export const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.')

function kindOf(address: Multiaddr): 'loopback' | 'private' | 'public' {
  const [first] = address.getComponents()
  const ip = first?.value ?? ''
  if (first?.name.startsWith('dns')) return 'public'
  if (isLoopback(ip)) return 'loopback'
  return isPublicIp(ip) ? 'public' : 'private'
}
