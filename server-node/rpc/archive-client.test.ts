/** The archive client against real listeners (spec 51 section 6; RPC-10, RPC-11, hazard RPC-H6). */
import { fromBinary } from '@bufbuild/protobuf'
import { GlobalFrameHeaderSchema } from '@petal/core/gen/node/consensus_pb.js'
import { type Identity, peerIdText } from '@petal/core/identity/index.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { MAINNET_ARCHIVES, streamAddress } from './archive-addresses.ts'
import { ArchiveClient, type ArchiveClientOptions, type ArchiveFrame, STILL_POLLS } from './archive-client.ts'
import { type ArchiveAddress, ArchivePool, BAN_MILLIS } from './archive-pool.ts'
import type { RpcError } from './errors.ts'
import { tlsMaterial } from './own-certificate.ts'
import { engine, HOST, identityOf, NumberedFrames, OTHER, startTestRpc } from './testing.ts'

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function archive(identity: Identity, last: bigint) {
  const source = new NumberedFrames()
  source.last = last
  const server = await startTestRpc({ identity, source })
  closing.push(() => server.stop())
  const address: ArchiveAddress = { host: HOST, port: server.port, peerId: identity.peerId }
  return { address, source, server }
}

function clientOf(archives: readonly ArchiveAddress[], more: Partial<ArchiveClientOptions> = {}) {
  const failures: RpcError['code'][] = []
  const client = new ArchiveClient({
    archives,
    material: tlsMaterial(OTHER, engine),
    engine,
    verify: async (header, number) => fromBinary(GlobalFrameHeaderSchema, header).frameNumber === number,
    onFailure: (_archive, error) => failures.push(error.code),
    ...more,
  })
  closing.push(() => client.close())
  return { client, failures }
}

const nowhere: ArchiveAddress = { host: HOST, port: 1, peerId: null }

describe('the pool', () => {
  const [a, b] = [
    { host: 'a', port: 1, peerId: null },
    { host: 'b', port: 1, peerId: null },
  ]

  test('RPC-11 one that failed is banned for 60 s, then asked again', () => {
    const pool = new ArchivePool([a, b])
    expect(pool.take(1, 0)).toEqual([a])
    pool.failed(a, 0)
    expect(pool.take(5, 0)).toEqual([b])
    expect(pool.take(5, BAN_MILLIS - 1)).toEqual([b])
    expect(pool.take(5, BAN_MILLIS)).toEqual([b, a])
  })

  test('an address stays with the peer that answered there first', () => {
    const pool = new ArchivePool([a])
    const [first, second] = [identityOf(1).peerId, identityOf(2).peerId]
    expect([pool.pins(a, first), pool.pins(a, second), pool.pins(a, first)]).toEqual([true, false, true])
    pool.add({ ...a, peerId: second })
    expect(pool.pins(a, second)).toBe(false)
    expect(pool.size).toBe(1)
    for (let port = 0; port < 1_000; port++) pool.add({ host: 'c', port, peerId: null })
    expect(pool.size).toBe(64)
  })
})

test('addresses of stream ports', () => {
  const { peerId } = identityOf(3)
  const text = peerIdText(peerId)
  expect(streamAddress('/ip4/192.0.2.1/tcp/8340')).toEqual({ host: '192.0.2.1', port: 8340, peerId: null })
  expect(streamAddress(`/ip6/2001:db8::1/tcp/1/p2p/${text}`)).toEqual({ host: '2001:db8::1', port: 1, peerId })
  const none = ['', 'x', '/ip4/192.0.2.1', '/ip4/192.0.2.1/udp/1', '/ip4/192.0.2.1/tcp/0', '/ip4/192.0.2.1/tcp/1/ws']
  for (const wrong of [...none, '/ip4/192.0.2.1/tcp/1/p2p/12D3KooW', `/ip4/192.0.2.1/tcp/1/p2p/${text}/p2p-circuit`])
    expect(streamAddress(wrong)).toBeNull()
  expect(MAINNET_ARCHIVES).toHaveLength(6)
})

test('RPC-11 a failing archive gives way to the next, is left alone for 60 s, and is then asked again', async () => {
  let now = 0
  const { address } = await archive(identityOf(11), 60n)
  const { client, failures } = clientOf([nowhere, address], { now: () => now })
  expect(await client.frame(0n)).toMatchObject({ number: 60n, archive: address })
  expect(failures).toEqual(['dial'])
  now = BAN_MILLIS - 1
  await client.frame(20n)
  expect(failures).toEqual(['dial'])
  const lonely = clientOf([nowhere], { now: () => now })
  await expect(lonely.client.frame(0n)).rejects.toMatchObject({ code: 'dial' })
  await expect(lonely.client.frame(0n)).rejects.toMatchObject({
    message: expect.stringContaining('no archive may be asked'),
  })
  expect(lonely.failures).toHaveLength(1)
  now += BAN_MILLIS
  await expect(lonely.client.frame(0n)).rejects.toMatchObject({ code: 'dial' })
  expect(lonely.failures).toHaveLength(2)
})

test('RPC-H6 another peer at the address of an archive is refused, and so is one that is none of the trusted', async () => {
  const { address } = await archive(identityOf(12), 60n)
  const pinned = clientOf([{ ...address, peerId: identityOf(13).peerId }])
  await expect(pinned.client.frame(0n)).rejects.toMatchObject({ code: 'mismatch' })
  const trusting = clientOf([{ ...address, peerId: null }], { trusted: [identityOf(14).peerId] })
  await expect(trusting.client.frame(0n)).rejects.toMatchObject({ code: 'mismatch' })
  const right = clientOf([{ ...address, peerId: null }], { trusted: [identityOf(12).peerId] })
  expect((await right.client.frame(0n)).number).toBe(60n)
})

test('the freshest head of several, the failing and the lying left out', async () => {
  const [behind, ahead, liar] = await Promise.all([
    archive(identityOf(15), 50n),
    archive(identityOf(16), 61n),
    archive(identityOf(17), 99n),
  ])
  const { client, failures } = clientOf([nowhere, behind.address, ahead.address, liar.address], {
    verify: async (_header, number) => number < 90n,
  })
  expect(await client.freshest()).toMatchObject({ number: 61n, archive: ahead.address })
  expect(failures.toSorted()).toEqual(['dial', 'protocol'])
  await expect(clientOf([]).client.freshest()).rejects.toMatchObject({ code: 'dial' })
})

test('following: each frame once, in order, gaps filled, over the loss of an archive', async () => {
  const [first, second] = await Promise.all([archive(identityOf(18), 30n), archive(identityOf(19), 30n)])
  const { client } = clientOf([first.address, second.address])
  const stop = new AbortController()
  const seen: ArchiveFrame[] = []
  const until = async (number: bigint) => {
    while ((seen.at(-1)?.number ?? 0n) < number) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const following = client.follow({ from: 28n, onFrame: (frame) => void seen.push(frame), pollMillis: 10 }, stop.signal)
  await until(30n)
  first.source.last = 33n
  second.source.last = 34n
  await until(33n)
  await first.server.stop()
  await until(34n)
  second.source.last = 1_000n
  await until(1_000n)
  stop.abort()
  await following
  expect(seen.map(({ number }) => number)).toEqual([28n, 29n, 30n, 31n, 32n, 33n, 34n, 1_000n])
})

test('RPC-11 an archive whose head stands still gives way to the next; the only one is kept', async () => {
  const [still, moving] = await Promise.all([archive(identityOf(21), 30n), archive(identityOf(22), 31n)])
  const { client, failures } = clientOf([still.address, moving.address], { now: () => 0 })
  const stop = new AbortController()
  const seen: bigint[] = []
  let polls = 0
  const alone = clientOf([still.address], {
    now: () => 0,
    verify: async () => ++polls > 0,
  })
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const following = [
    client.follow({ onFrame: ({ number }) => void seen.push(number), pollMillis: 1 }, stop.signal),
    alone.client.follow({ onFrame: () => undefined, pollMillis: 1 }, stop.signal),
  ]
  await until(() => seen.at(-1) === 31n && polls > STILL_POLLS + 10)
  stop.abort()
  await Promise.all(following)
  expect([seen, failures, alone.failures]).toEqual([[30n, 31n], ['protocol'], []])
})

test('a caller that gives up bans nobody', async () => {
  const { address } = await archive(identityOf(20), 60n)
  const { client, failures } = clientOf([address])
  await expect(client.frame(0n, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
  expect(failures).toEqual([])
  expect((await client.frame(0n)).number).toBe(60n)
})
