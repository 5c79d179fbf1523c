import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdText } from '@petal/core/identity/index.ts'
import { expect, test } from 'vitest'
import { identityOf } from '../rpc/testing.ts'
import { Neighbours } from './neighbours.ts'

const [connected, named, stranger] = [identityOf(1), identityOf(2), identityOf(3)].map(({ peerId }) => peerId)

/** Only what is read of connections. */
const libp2pWith = (connections: readonly (readonly [peer: string, address: string])[]) =>
  ({
    getConnections: () =>
      connections.map(([peer, address]) => ({ remotePeer: { toString: () => peer }, remoteAddr: multiaddr(address) })),
  }) as unknown as Pick<Libp2p, 'getConnections'>

test('a node deals with those that are connected and those that were named', () => {
  const [a, b, c] = [connected, named, stranger].map((peerId) => peerId ?? new Uint8Array())
  if (a === undefined || b === undefined || c === undefined) throw new Error('three identities')
  const neighbours = new Neighbours(libp2pWith([[peerIdText(a), '/ip4/8.8.4.4/tcp/1']]), [peerIdText(b)])
  expect([a, b, c].map((peerId) => neighbours.dealsWith(peerId))).toEqual([true, true, false])
})

test('peers behind one address are one source; on one machine, by a relay and without a connection each is its own', () => {
  const neighbours = new Neighbours(
    libp2pWith([
      ['a', '/ip4/8.8.4.4/tcp/1'],
      ['b', '/ip4/8.8.4.4/udp/2/quic-v1'],
      ['c', '/ip6/2a01:0:0:5::1/tcp/1'],
      ['d', '/ip6/2a01::5:9:9:9:9/tcp/1'],
      ['e', '/ip6/2a01:0:0:6::1/tcp/1'],
      ['f', '/ip4/127.0.0.1/tcp/1'],
      ['g', '/ip6/::1/tcp/1'],
      ['h', '/dns4/relay.example/tcp/1'],
    ]),
    [],
  )
  const [a, b, c, d, e, ...own] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((peer) => neighbours.sourceOf(peer))
  expect(b).toBe(a)
  expect(d).toBe(c)
  expect(new Set([a, c, e]).size).toBe(3)
  expect(own).toEqual(['f', 'g', 'h', 'i'])
})
