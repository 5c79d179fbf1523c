/** What the connections of this node tell of peers: whom it deals with, and whom records come from. */
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdText } from '@petal/core/identity/index.ts'
import { isLoopback } from '../net/reachability.ts'

/** Bytes of an IPv6 address that one customer has. */
const SUBNET_BYTES = 8

export class Neighbours {
  readonly #libp2p: Pick<Libp2p, 'getConnections'>
  readonly #named: ReadonlySet<string>

  /** `named`: ids of the peers that the operator named, as text. */
  constructor(libp2p: Pick<Libp2p, 'getConnections'>, named: Iterable<string>) {
    this.#libp2p = libp2p
    this.#named = new Set(named)
  }

  /** Whether a peer is connected, or named. `peerId`: 34 bytes. */
  dealsWith(peerId: Uint8Array): boolean {
    const peer = peerIdText(peerId)
    return this.#named.has(peer) || this.#connectionsOf(peer).length > 0
  }

  /** A name of the place that a peer speaks from: identities are free, addresses are not. On this machine, or over a relay, the peer itself. */
  sourceOf(peer: string): string {
    const [first] = this.#connectionsOf(peer)[0]?.remoteAddr.getComponents() ?? []
    if (first?.value === undefined || isLoopback(first.value)) return peer
    if (first.name === 'ip4') return first.value
    // One byte says that it is an IPv6 address.
    if (first.name === 'ip6')
      return Buffer.from(multiaddr(`/ip6/${first.value}`).bytes.subarray(1, 1 + SUBNET_BYTES)).toString('hex')
    return peer
  }

  #connectionsOf(peer: string) {
    return this.#libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === peer)
  }
}
