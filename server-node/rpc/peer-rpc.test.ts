/** The peer listener as other nodes meet it (spec 51; RPC-07, RPC-12). */
import { Code } from '@connectrpc/connect'
import { AppShardService, GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import { afterEach, expect, test } from 'vitest'
import { dialTest, OTHER, SERVER, startTestRpc } from './testing.ts'

const open: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function connected(identity = OTHER) {
  const server = await startTestRpc()
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
