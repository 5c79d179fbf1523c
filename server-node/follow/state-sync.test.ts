/** What a node asks for to follow one frame, of a real chain with real state. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodePeer } from '@petal/core/platform/network.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FrameSource } from '../chain/source.ts'
import { NodeState } from '../state/node-state.ts'
import { openRealChain, type RealChain } from '../state/testing.ts'
import { FollowedPeer } from './peer.ts'
import { StateSync } from './state-sync.ts'
import { flipped, sourceOf } from './testing.ts'

let directory: string
let chain: RealChain
let state: NodeState
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-state-sync-'))
  await mkdir(join(directory, 'chain'))
  chain = await openRealChain(join(directory, 'chain'))
  state = await NodeState.open(join(directory, 'copy'), { store: { ballastBytes: 0 } })
})
afterAll(async () => {
  await state.close()
  await chain[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** The chain as a peer answers for it; `asked` counts. */
function peerOf(id: string, { values }: FrameSource, asked: { shard: number; shards: number }): FollowedPeer {
  if (values === undefined) throw new Error('no state')
  const node = {
    id,
    shards: (frame: bigint, after: Uint8Array | null) => {
      asked.shards++
      return values.shards(frame, after)
    },
    values: {
      shard: (domain: Uint8Array, frame: bigint) => {
        asked.shard++
        return values.shard(domain, frame)
      },
      sync: (query: Uint8Array) => values.sync(query),
    },
  }
  return new FollowedPeer(node as unknown as NodePeer)
}

const verified = async (number: bigint) => {
  const bytes = (await chain.chain.header(number)) ?? new Uint8Array()
  return { bytes, facts: await chain.crypto.inspectHeader(bytes), signers: [] }
}

function syncFrom(peers: readonly FollowedPeer[]) {
  const lied: string[] = []
  const pool = {
    peers: () => peers.filter(({ id }) => !lied.includes(id)),
    failed: () => undefined,
    lied: (id: string) => void lied.push(id),
    onChange: () => () => undefined,
  }
  return { lied, sync: new StateSync({ state, crypto: chain.crypto, pool, onProgress: () => undefined }) }
}

test('a followed frame costs a question for each shard that can have changed, not the list of all', async () => {
  const asked = { shard: 0, shards: 0 }
  const { sync, lied } = syncFrom([peerOf('honest', sourceOf(chain), asked)])
  const { signal } = new AbortController()
  await chain.grow(2)
  let stored = await verified(2n)
  await sync.to(stored, undefined, signal)
  expect(asked).toMatchObject({ shard: 0, shards: 1 })
  for (let number = 3n; number < 8n; number++) {
    await chain.grow(1)
    const next = await verified(number)
    asked.shards = 0
    await sync.to(next, stored.facts, signal)
    expect(asked.shards).toBe(0)
    stored = next
  }
  expect(asked.shard).toBeGreaterThan(0)
  expect(lied).toEqual([])
  expect((await state.describe()).head).toBe(7n)

  // Other roots make other commitments: then the list decides, which finds out who lies.
  await chain.grow(1)
  const liar = peerOf(
    'liar',
    sourceOf(chain, {
      values: (honest) => ({
        shard: async (domain, frame) => {
          const answer = await honest.shard(domain, frame)
          return { ...answer, roots: answer.roots.map((root) => flipped(root, -1)) }
        },
        shards: async (frame, after) => {
          const answer = await honest.shards(frame, after)
          return { ...answer, shards: [] }
        },
      }),
    }),
    { shard: 0, shards: 0 },
  )
  const both = syncFrom([liar, peerOf('honest', sourceOf(chain), asked)])
  await both.sync.to(await verified(8n), stored.facts, signal)
  expect(both.lied).toEqual(['liar'])
  expect((await state.describe()).head).toBe(8n)
}, 120_000)
