/** Whom a probe asks: peers by their multiaddrs, stream ports by host and port. */
import { isIP } from 'node:net'
import { bootstrapPeers, withoutDnsaddr } from '@petal/core/discovery/bootstrap.ts'
import { type PeerAddress, readPeerAddress } from '@petal/core/discovery/peer-address.ts'
import { MAINNET_ARCHIVES, streamAddress } from '../rpc/archive-addresses.ts'
import type { ArchiveAddress } from '../rpc/archive-pool.ts'

/** Peers and stream ports of one probe: all are asked at the same time. */
export const MOST_TARGETS = 64
/** Characters of one name of a target. */
const LONGEST = 512

export interface PeerTarget {
  readonly name: string
  readonly address: PeerAddress
}

export interface RpcTarget {
  readonly name: string
  readonly address: ArchiveAddress
}

/** A target has no meaning. */
export class TargetError extends Error {
  override readonly name = 'TargetError'
}

/** A multiaddr, with or without a peer id; `/dnsaddr/` as nodes read it. Throws `PeerAddressError`. */
export function peerTarget(text: string): PeerTarget {
  return { name: text, address: readPeerAddress(withoutDnsaddr(text)) }
}

/** The bootstrap peers of a network. Throws `PeerAddressError`, `BootstrapListError`. */
export function bootstrapTargets(network: number, configured: readonly string[]): readonly PeerTarget[] {
  return bootstrapPeers(network, configured).map((address) => ({ name: address.text, address }))
}

/** `HOST:PORT`, `[IPv6]:PORT`, or a multiaddr with `/tcp/`, with a peer id or without. Throws `TargetError`. */
export function rpcTarget(text: string): RpcTarget {
  const address = text.length > LONGEST ? null : text.startsWith('/') ? streamAddress(text) : hostAndPort(text)
  if (address === null) {
    const shown = JSON.stringify(text.slice(0, SHOWN))
    throw new TargetError(`${shown} is no stream port: HOST:PORT or /ip4/192.0.2.1/tcp/8340 is`)
  }
  return { name: text, address }
}

/** The archives of a network: those of a configuration, else those that are built in for mainnet. Throws `TargetError`. */
export function archiveTargets(network: number, configured: readonly string[]): readonly RpcTarget[] {
  if (configured.length > 0) return configured.map(rpcTarget)
  if (network !== 0)
    throw new TargetError(`network ${network} has no built-in archives: name them with --rpc HOST:PORT`)
  return MAINNET_ARCHIVES.map((address) => ({ name: `${address.host}:${address.port}`, address }))
}

const SHOWN = 120
const LAST_PORT = 65_535

function hostAndPort(text: string): ArchiveAddress | null {
  const [, ip6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9_.-]{1,253})):([1-9]\d{0,4})$/.exec(text) ?? []
  const host = ip6 ?? name
  const port = Number(digits)
  if (host === undefined || !(port <= LAST_PORT) || (ip6 !== undefined && isIP(ip6) !== 6)) return null
  return { host, port, peerId: null }
}
