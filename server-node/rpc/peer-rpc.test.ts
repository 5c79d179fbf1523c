/** The peer listener as other nodes meet it (spec 51; RPC-07, RPC-12). */
import { Code } from '@connectrpc/connect'
import { AppShardService, GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import { afterEach, expect, test } from 'vitest'
import type { GossipMessage } from './services/global.ts'
import { dialTest, identityOf, OTHER, SERVER, startTestRpc } from './testing.ts'

const open: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function connected(identity = OTHER, options: Parameters<typeof startTestRpc>[0] = {}) {
  const server = await startTestRpc(options)
  open.push(() => server.stop())
  const peer = await dialTest(server.port, identity)
  open.push(() => peer.close())
  return peer
}

test('RPC-12 StreamGlobalMessages and GetWorkerInfo refuse other peers', async () => {
  const peer = await connected()
  const client = peer.client(GlobalService)
  await expect(peer.call((options) => client.getWorkerInfo({}, options))).rejects.toMatchObject({
    code: 'refused',
    status: Code.PermissionDenied,
  })
  const first = client.streamGlobalMessages({})[Symbol.asyncIterator]().next()
  await expect(first).rejects.toMatchObject({ code: Code.PermissionDenied })
})

test('RPC-07 the own peer id may ask for workers, also from another process', async () => {
  const peer = await connected(SERVER)
  const answer = await peer.call((options) => peer.client(GlobalService).getWorkerInfo({}, options))
  expect(answer.workers).toEqual([])
})

test('RPC-07 shard frames of a master are for the own peer id, and there are none yet', async () => {
  const stranger = await connected()
  const request = { filter: new Uint8Array(32), frameNumber: 0n }
  await expect(
    stranger.call((options) => stranger.client(AppShardService).getAppShardFrame(request, options)),
  ).rejects.toMatchObject({ status: Code.PermissionDenied })
  const own = await connected(SERVER)
  await expect(
    own.call((options) => own.client(AppShardService).getAppShardFrame(request, options)),
  ).rejects.toMatchObject({ status: Code.NotFound })
})

test('messages of gossip reach the own peer id; a reader that lags loses the oldest', async () => {
  let tell: (message: GossipMessage) => void = () => undefined
  let listening = 0
  const own = await connected(SERVER, {
    onMessage: (listener) => {
      tell = listener
      listening++
      return () => listening--
    },
  })
  const ending = new AbortController()
  const messages = own.client(GlobalService).streamGlobalMessages({}, { signal: ending.signal })[Symbol.asyncIterator]()
  const first = messages.next()
  while (listening === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  for (let number = 0; number < 1_000; number++)
    tell({ data: Uint8Array.of(number >> 8, number & 0xff), bitmask: Uint8Array.of(4) })
  const numbers: number[] = []
  for (let next = await first; numbers.length < 100; next = await messages.next()) {
    const { data, bitmask } = next.value as GossipMessage
    expect(bitmask).toEqual(Uint8Array.of(4))
    numbers.push(((data[0] ?? 0) << 8) | (data[1] ?? 0))
  }
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  expect(numbers.at(-1)).toBeGreaterThan(800)
  ending.abort()
  while (listening > 0) await new Promise((resolve) => setTimeout(resolve, 5))
})

test('RPC-07 a worker answers provers of its shard; a master takes messages from any peer where something takes them', async () => {
  const shard = new Uint8Array(32).fill(5)
  const member = identityOf(30)
  const isProver = async ({ peerId, filter }: { peerId: Uint8Array; filter: Uint8Array | null }) =>
    peerId[10] === member.peerId[10] && filter !== null && filter.length === shard.length
  const options = { kind: 'worker', shard, isProver } as const
  const request = { filter: shard, frameNumber: 0n }
  const prover = await connected(member, options)
  await expect(prover.client(AppShardService).getAppShardFrame(request)).rejects.toMatchObject({ code: Code.NotFound })
  const other = await connected(OTHER, options)
  await expect(other.client(AppShardService).getAppShardFrame(request)).rejects.toMatchObject({
    code: Code.PermissionDenied,
  })
  await expect(other.client(GlobalService).getGlobalFrame({})).rejects.toMatchObject({ code: Code.PermissionDenied })
  await expect(startTestRpc({ kind: 'worker' })).rejects.toMatchObject({ code: 'range' })

  const taken: Uint8Array[] = []
  const open = await connected(OTHER, { submit: async (message) => void taken.push(message) })
  await open.client(GlobalService).submitGlobalMessage({ data: Uint8Array.of(1, 2, 3) })
  expect(taken).toEqual([Uint8Array.of(1, 2, 3)])
  await expect(open.client(GlobalService).submitGlobalMessage({})).rejects.toMatchObject({ code: Code.InvalidArgument })
})

test('a listener cannot take a port that is in use', async () => {
  const server = await startTestRpc()
  open.push(() => server.stop())
  await expect(startTestRpc({ port: server.port })).rejects.toMatchObject({ code: 'busyPort' })
})
