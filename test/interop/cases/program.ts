/** `petal-node start` and Go, nothing but the wire between them. */
import assert from 'node:assert/strict'
import { hexToBytes } from '@noble/hashes/utils.js'
import { consensus } from '@petal/core/codec/index.ts'
import { blossomSubProtocol, GLOBAL_TOPICS, shardTopics } from '@petal/core/gossip/index.ts'
import { dhtNamespace, kademliaProtocol, providerCid } from '@petal/core/identity/namespace.ts'
import { DEMONSTRATION_DOMAIN } from '@petal/p2p/gossip/demonstration-domain.ts'
import { CID } from 'multiformats/cid'
import type { TransportName } from '../../../server-node/net/transports.ts'
import { KEY_TYPES } from '../peers/peer.ts'
import type { Program } from '../peers/petal-program.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import type { GossipSide } from './gossip.ts'
import { addressOf, linkOrNone } from './links.ts'

const FRAMES = GLOBAL_TOPICS.frame
const TRIAL = shardTopics(DEMONSTRATION_DOMAIN).frame

/** What works by any transport that the node listens on. `go` knows keys of type 4. */
export function meetProgramCases(
  program: Program,
  go: GossipSide,
  network: number,
  transport: TransportName,
): readonly Case[] {
  const { peerId } = program
  return [
    {
      name: `Go dials the node by ${transport}: identify, ping`,
      run: async () => {
        await go.peer.dial(addressOf(program, transport))
        const identity = await go.peer.identified(peerId)
        assert.match(identity.agentVersion, /^petal\//)
        assert.equal(identity.keyType, KEY_TYPES.Ed448)
        assert.ok(identity.signedRecord)
        for (const protocol of ['/ipfs/ping/1.0.0', kademliaProtocol(network), blossomSubProtocol(network)])
          assert.ok(identity.protocols.includes(protocol), `${protocol} in ${identity.protocols}`)
        assert.ok((await go.peer.ping(peerId)) >= 0)
      },
    },
    {
      name: `frames come by gossip over ${transport}, signed by the node, one after the other`,
      run: async () => {
        await go.peer.open(peerId, [FRAMES, TRIAL])
        const messages = await until('two frames have come', () => {
          const all = go.peer.messagesOf(FRAMES)
          return all.length >= 2 && all
        })
        for (const { fault, from } of messages) assert.deepEqual([fault, from], ['', peerId])
        const [first = 0n, second = 0n] = messages.map(({ data }) => numberOf(data))
        assert.ok(first > 0n)
        assert.equal(second, first + 1n)
      },
    },
  ]
}

/** `second` has joined `first`; `go` knows `second` only. */
export const joinedCases = (
  first: Program,
  second: Program,
  go: GossipSide,
  transport: TransportName,
): readonly Case[] => [
  {
    name: 'frames of the first node come by way of the second, signature intact',
    run: async () => {
      await go.peer.dial(addressOf(second, transport))
      await go.peer.open(second.peerId, [FRAMES])
      const messages = await until('two frames have come', () => {
        const all = go.peer.messagesOf(FRAMES)
        return all.length >= 2 && all
      })
      for (const { fault, from } of messages) assert.deepEqual([fault, from], ['', first.peerId])
    },
  },
]

/** webtransport-go asks for an extension of QUIC (resets with partial delivery) that neither browsers nor the node's QUIC have yet. */
export const newerWebTransportCases = (program: Program, go: GossipSide): readonly Case[] => [
  {
    name: 'Go gives up by webtransport for an extension of QUIC that the node has not',
    run: async () => {
      await assert.rejects(go.peer.dial(addressOf(program, 'webtransport')), /stream reset partial delivery/)
      await assert.rejects(go.peer.link(program.peerId), /not connected/)
    },
  },
]

/** `go` and `other` know keys of type 4, `stock` does not. The cases build on each other. */
export function programCases(
  program: Program,
  [go, other, stock]: readonly [GossipSide, GossipSide, GossipSide],
  network: number,
  transport: TransportName,
): readonly Case[] {
  const { peerId } = program
  const address = addressOf(program, transport)
  return [
    ...meetProgramCases(program, go, network, transport),
    {
      name: 'the node passes on what Go signed to another, and no false frame',
      run: async () => {
        await other.peer.dial(address)
        await other.peer.open(peerId, [FRAMES, TRIAL])
        for (const peer of [go.peer, other.peer]) await peer.grafted(TRIAL)
        const bad = await go.peer.send(peerId, FRAMES)
        const { from, fault } = await other.peer.received(await go.peer.send(peerId, TRIAL))
        assert.deepEqual([from, fault], [go.peer.peerId, ''])
        await until('a frame has come', () => other.peer.messagesOf(FRAMES).length > 0)
        assert.deepEqual(other.peer.copies(bad), [])
      },
    },
    {
      name: 'Go finds the node by Kademlia under the key of the network (P2P-07)',
      run: async () => {
        const key = CID.decode(providerCid(dhtNamespace(network))).toString()
        const providers = await until('it has providers', async () => {
          const all = await go.peer.findProviders(key)
          return all.length > 0 && all
        })
        assert.ok(providers.some(({ peer }) => peer === peerId))
      },
    },
    {
      name: 'a stock peer refuses the key of the node, which serves on',
      run: async () => {
        await assert.rejects(stock.peer.dial(address))
        assert.equal(await linkOrNone(stock.peer, peerId), undefined)
        assert.ok((await go.peer.ping(peerId)) >= 0)
      },
    },
  ]
}

function numberOf(frame: string): bigint {
  const { header } = consensus.GlobalFrame.decode(hexToBytes(frame))
  if (header === null) throw new Error('a frame without a header')
  return header.frame_number
}
