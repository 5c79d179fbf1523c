/** What a stock peer does with ids of peers whose keys it cannot know (docs/protocol/50-p2p.md section 1). */
import assert from 'node:assert/strict'
import type { TransportName } from '../../../server-node/net/transports.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import { knows, randomKey } from './kad.ts'
import { addressOf, dialNow, type Side } from './links.ts'

/** `between` has a key that both understand; `far` has an Ed448 key. */
export function unknownKindCases(between: Side, far: Side, stock: Side, transport: TransportName): readonly Case[] {
  const key = randomKey()
  return [
    {
      name: 'it finds an Ed448 provider by way of a node that it understands, with id and addresses',
      run: async () => {
        await dialNow(far.peer, between.peer, transport)
        await knows(far.peer, between.peer)
        await far.peer.provide(key)
        await dialNow(stock.peer, between.peer, transport)
        await knows(stock.peer, between.peer)
        const provider = await until('the provider is found', async () =>
          (await stock.peer.findProviders(key)).find(({ peer }) => peer === far.peer.peerId),
        )
        assert.match(provider.peer, /^Qm/)
        assert.ok(provider.addresses.length > 0)
      },
    },
    {
      name: 'it cannot connect to that provider, and keeps the node that it understands',
      run: async () => {
        await assert.rejects(stock.peer.dial(addressOf(far.peer, transport)))
        assert.ok((await stock.peer.ping(between.peer.peerId)) >= 0)
      },
    },
  ]
}
