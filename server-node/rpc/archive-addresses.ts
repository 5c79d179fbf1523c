/** Addresses of stream ports: `/ip4/../tcp/..`, with the peer id behind it where it is known (spec 51 sections 2, 6). */
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromText } from '@petal/core/identity/index.ts'
import type { ArchiveAddress } from './archive-pool.ts'

const HOSTS: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])
const LAST_PORT = 65_535

/** Null for anything but an IP address or name, TCP, and perhaps `/p2p/` with the id of an Ed448 key. */
export function streamAddress(text: string): ArchiveAddress | null {
  try {
    const [host, tcp, p2p, ...more] = multiaddr(text).getComponents()
    const port = Number(tcp?.value)
    if (host?.value === undefined || !HOSTS.has(host.name) || tcp?.name !== 'tcp' || more.length > 0) return null
    if (!Number.isInteger(port) || port < 1 || port > LAST_PORT) return null
    if (p2p === undefined) return { host: host.value, port, peerId: null }
    return p2p.name === 'p2p' ? { host: host.value, port, peerId: peerIdFromText(p2p.value ?? '') } : null
  } catch {
    return null // no multiaddr, or no peer id
  }
}

/** Archives of the main network that nodes know from the start. Their peer ids are pinned on the first connection, among those that are trusted. */
export const MAINNET_ARCHIVES: readonly ArchiveAddress[] = [
  '192.69.222.130',
  '192.200.112.178',
  '191.96.166.157',
  '109.94.96.255',
  '147.124.199.194',
  '192.154.103.90',
].map((host) => ({ host, port: 8340, peerId: null }))
