/** A node with real keys, frames and state, called over mutual TLS: frames that verify, shards, a pull of the registry. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBinary } from '@bufbuild/protobuf'
import { Code } from '@connectrpc/connect'
import { GlobalFrameHeaderSchema } from '@petal/core/gen/node/consensus_pb.js'
import { GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import { type ServedLeaf, VERTEX_ADDS } from '@petal/core/platform/state.ts'
import { RegistryAddresses } from '@petal/core/registry/index.ts'
import { GLOBAL_DOMAIN, shardKey } from '@petal/core/state/location.ts'
import { decodeResponse, encodeQuery, startPull } from '@petal/core/sync/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NodeState } from '../state/node-state.ts'
import { openRealChain, type RealChain } from '../state/testing.ts'
import { ArchiveClient } from './archive-client.ts'
import { tlsMaterial } from './own-certificate.ts'
import type { PeerConnection } from './peer-client.ts'
import type { PeerServer } from './peer-server.ts'
import { registryLookup } from './provers.ts'
import { openSync } from './sync-stream.ts'
import { dialTest, engine, HOST, identityOf, SERVER, startTestRpc } from './testing.ts'

const REGISTRY = shardKey(GLOBAL_DOMAIN)
let directory: string
let node: RealChain
let server: PeerServer
let peer: PeerConnection
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-rpc-'))
  node = await openRealChain(directory)
  await node.grow(3)
  server = await startTestRpc({ source: node.chain, state: node.state })
  peer = await dialTest(server.port)
})
afterAll(async () => {
  peer.close()
  await server.stop()
  await node[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})
const global = () => peer.client(GlobalService)

test('RPC-10 the latest frame has the bytes that were signed, and passes the verifier', async () => {
  const { frame } = await peer.call((options) => global().getGlobalFrame({ frameNumber: 0n }, options))
  if (frame?.header === undefined) throw new Error('no header')
  const bytes = toBinary(GlobalFrameHeaderSchema, frame.header)
  expect(bytes).toEqual(node.chain.head().header)
  expect(frame.requests).toEqual([])
  const committee = await node.crypto.openCommittee(node.chain.committee)
  const verdict = await node.crypto.verifyCertificate(bytes, committee, node.chain.anchors().rules)
  expect(verdict.valid).toBe(true)
})

test('RPC-10 a frame by its number; one that is not there is NOT_FOUND', async () => {
  const { frame } = await peer.call((options) => global().getGlobalFrame({ frameNumber: 2n }, options))
  expect(frame?.header?.frameNumber).toBe(2n)
  const late = peer.call((options) => global().getGlobalFrame({ frameNumber: 4n }, options))
  await expect(late).rejects.toMatchObject({ code: 'refused', status: Code.NotFound })
})

test('roots of the registry and of a shard that does not exist', async () => {
  const known = await peer.call((options) =>
    global().getGlobalShards({ l1: REGISTRY.slice(0, 3), l2: REGISTRY.slice(3) }, options),
  )
  const { proverTreeCommitment } = node.chain.headFacts
  expect(known.commitment[0]).toEqual(proverTreeCommitment)
  expect(known.size.length).toBeGreaterThan(0)
  const nothing = shardKey(new Uint8Array(32).fill(7))
  const empty = await peer.call((options) =>
    global().getGlobalShards({ l1: nothing.slice(0, 3), l2: nothing.slice(3) }, options),
  )
  expect(empty).toMatchObject({ size: new Uint8Array(0), commitment: Array(4).fill(new Uint8Array(64)) })
  const wrong = peer.call((options) =>
    global().getGlobalShards({ l1: new Uint8Array(3).fill(9), l2: REGISTRY.slice(3) }, options),
  )
  await expect(wrong).rejects.toMatchObject({ status: Code.InvalidArgument })
  const one = await peer.call((options) => global().getAppShards({ shardKey: REGISTRY, prefix: [] }, options))
  expect(one.info[0]).toMatchObject({ commitment: known.commitment, size: known.size })
  expect(one.info[0]?.dataShards).toBeGreaterThan(4n)
  const all = peer.call((options) => global().getAppShards({ shardKey: new Uint8Array(), prefix: [] }, options))
  await expect(all).rejects.toMatchObject({ status: Code.PermissionDenied })
})

test('SYN-02 the registry is pulled over PerformSync and rebuilt to the root of the header', async () => {
  const state = await NodeState.open(join(directory, 'copy'), { store: { ballastBytes: 0 } })
  const sync = openSync(peer)
  const root = node.chain.headFacts.proverTreeCommitment
  const tree = { shardKey: REGISTRY, phase: VERTEX_ADDS }
  const staged: ServedLeaf[] = []
  async function* leaves() {
    yield* staged
  }
  try {
    const pull = startPull(
      { tree, anchor: root, root },
      {
        now: () => performance.now(),
        wakeAt(at, wake) {
          const timer = setTimeout(wake, Math.max(0, at - performance.now()))
          return () => clearTimeout(timer)
        },
        check: async () => null,
        stage: async (_page, page) => void staged.push(...page),
        discard: async () => void staged.splice(0),
        rebuild: () => state.replace(tree, leaves(), root),
      },
    )
    pull.addPeer({ id: 'server', ask: (query, signal) => sync.ask(query, signal) })
    expect(await pull.done).toBeGreaterThan(4)
  } finally {
    sync.close()
    await state.close()
  }
})

test('RPC-07 who has a global allocation by registry and state may ask for locked addresses; another peer may not', async () => {
  const refused = peer.call((options) => global().getLockedAddresses({}, options))
  await expect(refused).rejects.toMatchObject({ status: Code.PermissionDenied })
  const prover = identityOf(33)
  const [member] = node.members
  if (member === undefined) throw new Error('no member')
  // The registry of the state decides; the binding of peer and prover is a test of its own (key-registry-book).
  const lookup = registryLookup({
    state: node.state,
    addresses: new RegistryAddresses((message) => engine.poseidonHashBytes(message)),
    frame: () => node.chain.head().number,
    proverOf: (peerId) => (Buffer.from(peerId).equals(prover.peerId) ? member.address : null),
  })
  const { peerId } = prover
  const EMPTY = new Uint8Array(0)
  expect(await lookup({ peerId, filter: null, active: false })).toBe(true)
  expect(await lookup({ peerId, filter: EMPTY, active: true })).toBe(true)
  expect(await lookup({ peerId, filter: new Uint8Array(32).fill(1), active: false })).toBe(false)
  expect(await lookup({ peerId: peerId.map((byte) => byte ^ 1), filter: null, active: false })).toBe(false)
  const own = await startTestRpc({ source: node.chain, state: node.state, isProver: lookup })
  const called = await dialTest(own.port, prover)
  try {
    const answer = await called.call((options) => called.client(GlobalService).getLockedAddresses({}, options))
    expect(answer.transactions).toEqual([])
  } finally {
    called.close()
    await own.stop()
  }
})

test('RPC-10 an archive client takes frames that the verifier passes, and pulls from the archive that gave them', async () => {
  const committee = await node.crypto.openCommittee(node.chain.committee)
  const { rules } = node.chain.anchors()
  const archives = [{ host: HOST, port: server.port, peerId: SERVER.peerId }]
  const options = { archives, material: tlsMaterial(identityOf(34), engine), engine }
  const verify = async (header: Uint8Array) => (await node.crypto.verifyCertificate(header, committee, rules)).valid
  const client = new ArchiveClient({ ...options, verify })
  // Wants more weight than the whole committee has.
  const unreachable = await node.crypto.openCommittee({ ...node.chain.committee, threshold: '1000000' })
  const strict = new ArchiveClient({
    ...options,
    verify: async (header) => (await node.crypto.verifyCertificate(header, unreachable, rules)).valid,
  })
  try {
    const latest = await client.freshest()
    expect(latest).toMatchObject({ number: node.chain.head().number, header: node.chain.head().header })
    const sync = await client.sync()
    const query = { kind: 'branch', tree: { shardKey: REGISTRY, phase: VERTEX_ADDS }, path: [] } as const
    const { proverTreeCommitment } = node.chain.headFacts
    const answer = await sync.ask(
      encodeQuery({ ...query, expectedRoot: proverTreeCommitment }),
      AbortSignal.timeout(5_000),
    )
    expect(decodeResponse(answer)).toMatchObject({ kind: 'branch', commitment: proverTreeCommitment })
    sync.close()
    await expect(strict.frame(0n)).rejects.toMatchObject({ code: 'protocol' })
  } finally {
    client.close()
    strict.close()
  }
})
