/** The committee of a local network, followed through its registry: real keys, frames, time proofs, store and synchronisation. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RegistryFollower } from '@petal/core/light/follow-registry.ts'
import type { FollowSource } from '@petal/core/light/follow-registry-types.ts'
import { PeerError } from '@petal/core/platform/network.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRealChain, type RealChain } from './testing.ts'

const FRAMES = 5
const { signal } = new AbortController()
const clock = { now: () => performance.now(), at: () => () => {} }

let directory: string
let node: RealChain
let peer: FollowSource
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-followed-'))
  node = await openRealChain(directory)
  await node.grow(FRAMES)
  peer = {
    id: 'node',
    address: '/node',
    values: node.peer,
    headers: async (from) => {
      const bytes = await node.chain.header(from)
      if (bytes === undefined) throw new PeerError('notFound', 'not held')
      return [bytes]
    },
  }
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

test.each([
  ['the genesis, vouched for as a whole', 0n, true],
  ['a frame whose time proof is checked', 2n, false],
])('from %s to the newest frame', async (_, first, wholeHeader) => {
  const header = await node.chain.header(first)
  if (header === undefined) throw new Error('no such frame')
  const { rules, committee } = node.chain.anchors()
  const host = { crypto: node.crypto, clock, peers: () => [peer] }
  const follower = await RegistryFollower.start(host, { header, wholeHeader, rules }, { signal })
  const { point, steps } = await follower.advance(BigInt(FRAMES), { signal })
  expect(point.facts.identity).toEqual(node.chain.head().identity)
  expect(steps).toMatchObject([{ outcome: 'adopted', rule: 'sameCommittee', overlap: steps[0]?.signed }])
  const found = point.committee.members.map(({ publicKey }) => Buffer.from(publicKey).toString('hex'))
  expect(new Set(found)).toEqual(new Set(committee?.members.map(({ publicKey }) => publicKey)))
  const weights = new Set(point.committee.members.map(({ weight }) => weight))
  expect([...weights]).toEqual([1000n])
  expect(point.leaves).toBe(3 * (committee?.members.length ?? 0))
})
