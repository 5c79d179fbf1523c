/** Kademlia between two peers (docs/protocol/50-p2p.md section 3). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { TransportName } from '../../../server-node/net/transports.ts'
import type { InteropPeer } from '../peers/peer.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'
import { dialNow, type Side, thenPart } from './links.ts'

const RAW = 0x55
const SHA2_256 = 0x12

export function kadCases(petal: Side, stock: Side, transport: TransportName): readonly Case[] {
  return [[petal, stock] as const, [stock, petal] as const].map(([provider, finder]) => ({
    name: `${provider.name} provides a key, ${finder.name} finds it`,
    run: () => thenPart(petal, stock, () => find(provider.peer, finder.peer, transport)),
  }))
}

async function find(provider: InteropPeer, finder: InteropPeer, transport: TransportName): Promise<void> {
  await dialNow(finder, provider, transport)
  await knows(finder, provider)
  await knows(provider, finder)
  const key = randomKey()
  assert.deepEqual(await finder.findProviders(key), [])
  await provider.provide(key)
  const [found] = await until('the provider is found', async () => {
    const all = await finder.findProviders(key)
    return all.length > 0 && all
  })
  assert.equal(found?.peer, provider.peerId)
}

/** The form that the record of a network's namespace has: CID version 1, raw, SHA2-256. */
export const randomKey = (): string => CID.createV1(RAW, createDigest(SHA2_256, randomBytes(32))).toString()

export const knows = (one: InteropPeer, other: InteropPeer) =>
  until('it is in the routing table', async () => (await one.routingTable()).includes(other.peerId))
