/** Peers that a node starts from (spec 50 section 3): those of its configuration, or those that are built in for mainnet. */
import { type PeerAddress, PeerAddressError, readPeerAddress } from './peer-address.ts'

export const BOOTSTRAP_LIMITS = {
  /** Addresses of a list. */
  peers: 64,
} as const

const MAINNET = 0
/** A list with this name is from before the names that are built in now. */
const OLD_NAME = 'bootstrap.quilibrium.com'

/** The six bootstrap peers of mainnet. */
export const MAINNET_BOOTSTRAP: readonly string[] = [
  '/dns4/quinoa.quilibrium.com/udp/8336/quic-v1/p2p/QmP9NNzAzRjCL8gdQBkKHwyBCWJGVb3jPrQzTveYdU24kH',
  '/dns4/qualia.quilibrium.com/udp/8336/quic-v1/p2p/QmRP1UPiDg1enHgN6wEL1Y4uUh1XKg7V3QExdBKV9BUUQf',
  '/dns4/quetzalcoatl.quilibrium.com/udp/8336/quic-v1/p2p/QmNq4xSqrxTKKtK7J6UFEa4unjsoULP2G4qWwwH5EKmoJj',
  '/ip4/65.109.17.13/udp/8336/quic-v1/p2p/Qmc35n99eojSvW3PkbfBczJoSX92WmnnKh3Fg114ok3oo4',
  '/ip4/65.108.194.84/udp/8336/quic-v1/p2p/QmP8C7g9ZRiWzhqN2AgFu5onS6HwHzR6Vv1TCHxAhnCSnq',
  '/ip4/15.204.100.222/udp/8336/quic-v1/p2p/Qmef3Z3RvGg49ZpDPcf2shWtJNgPJNpXrowjUcfz23YQ3V',
]

/** A list of bootstrap peers is longer than any may be. */
export class BootstrapListError extends Error {
  constructor(peers: number) {
    super(`${peers} bootstrap peers, at most ${BOOTSTRAP_LIMITS.peers} are read`)
    this.name = 'BootstrapListError'
  }
}

/**
 * Bootstrap peers of a network, with `configured` as it stands in `p2p.bootstrapPeers` (empty means missing: a zero value is the default,
 * spec 53 section 3). A missing or old list is that of the network itself; only mainnet has one. Every peer has an id. Throws
 * `BootstrapListError`, `PeerAddressError`.
 */
export function bootstrapPeers(network: number, configured: readonly string[] = []): readonly PeerAddress[] {
  if (configured.length > BOOTSTRAP_LIMITS.peers) throw new BootstrapListError(configured.length)
  const isReplaced = configured.length === 0 || configured.some((address) => address.includes(OLD_NAME))
  const list = network === MAINNET && isReplaced ? MAINNET_BOOTSTRAP : configured
  return list.map((text) => {
    const address = readPeerAddress(withoutDnsaddr(text))
    if (address.peerId === null) throw new PeerAddressError('peerId', text, 'a bootstrap peer needs /p2p/ and its id')
    return address
  })
}

/** `/dnsaddr/NAME/udp/PORT..` as nodes of the network read it: `/dns/NAME/udp/PORT/quic-v1..`. Anything else is left alone. */
export function withoutDnsaddr(address: string): string {
  const [, name, rest] = /^\/dnsaddr\/([^/]*)(.*)$/s.exec(address) ?? []
  if (name === undefined || rest === undefined) return address
  return `/dns/${name}${rest.replace(/^(\/udp\/\d+)(?!\d|\/quic-v1(\/|$))/, '$1/quic-v1')}`
}
