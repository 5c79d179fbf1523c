/** A Petal node with an Ed25519 key between a stock host and one that knows keys of type 4. */
import assert from 'node:assert/strict'
import { GLOBAL_TOPICS } from '@petal/core/gossip/index.ts'
import type { TransportName } from '../../../server-node/net/transports.ts'
import type { PetalSide } from '../peers/petal-host.ts'
import type { Case } from './case.ts'
import type { GossipSide } from './gossip.ts'
import { addressOf } from './links.ts'

const TOPIC = GLOBAL_TOPICS.frame

export function mixedGossipCases(
  petal: PetalSide,
  stock: GossipSide,
  taught: GossipSide,
  transport: TransportName,
): readonly Case[] {
  const { peerId } = petal.peer
  return [
    {
      name: 'an Ed25519 author is heard by who knows more',
      run: async () => {
        petal.gossip.subscribe(TOPIC, { deliver: () => undefined })
        for (const { peer } of [stock, taught]) {
          await peer.dial(addressOf(petal.peer, transport))
          await peer.open(peerId, [TOPIC])
          await peer.grafted(TOPIC)
        }
        const { from, fault } = await taught.peer.received(await stock.peer.send(peerId, TOPIC))
        assert.deepEqual([from, fault], [stock.peer.peerId, ''])
      },
    },
    {
      name: 'an Ed448 author reaches a stock host, which cannot judge the key: it would have to drop the message',
      run: async () => {
        const { from, fault } = await stock.peer.received(await taught.peer.send(peerId, TOPIC))
        assert.equal(from, taught.peer.peerId)
        assert.match(fault, /^key: /)
      },
    },
  ]
}
