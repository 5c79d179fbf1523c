/** Multiaddrs of UDP ports. */
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'

/** Host (an IP address or a name) and port of `/ip4|ip6|dns../HOST/udp/PORT/..`. */
export interface UdpAddress {
  readonly host: string
  readonly port: number
  /** Of the host's name; `undefined` = any. */
  readonly family: 4 | 6 | undefined
  /** False for an IP address. */
  readonly isName: boolean
}

/** Throws `TypeError` for another kind of address. */
export function udpAddress(address: Multiaddr): UdpAddress {
  const [first, second] = address.getComponents().filter(({ name }) => name !== 'ip6zone')
  const port = Number(second?.value)
  if (first?.value === undefined || second?.name !== 'udp' || !Number.isInteger(port)) {
    throw new TypeError(`not an address of a UDP port: ${address}`)
  }
  const family = first.name.endsWith('4') ? 4 : first.name.endsWith('6') ? 6 : undefined
  return { host: first.value, port, family, isName: first.name.startsWith('dns') }
}

/** `/ip4|ip6/HOST/udp/PORT` and `rest`. */
export function udpMultiaddr(host: string, port: number, rest: string): Multiaddr {
  return multiaddr(`/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/udp/${port}${rest}`)
}

/** IP address of `address:port` or `[address]:port`. */
export function hostOf(remote: string): string {
  return remote.slice(0, remote.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}

/** `address:port` or `[address]:port` as a multiaddr with `rest`. */
export function remoteMultiaddr(remote: string, rest: string): Multiaddr {
  return udpMultiaddr(hostOf(remote), Number(remote.slice(remote.lastIndexOf(':') + 1)), rest)
}
