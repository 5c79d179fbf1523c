/** The local port as programs of the operator meet it: stock gRPC, gRPC-web, Connect with JSON (spec 51 section 5; RPC-08, OPS-10). */
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { create, toBinary } from '@bufbuild/protobuf'
import { Code, createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node'
import { createGrpcWebTransport } from '@connectrpc/connect-web'
import * as grpc from '@grpc/grpc-js'
import { load } from '@grpc/proto-loader'
import { node as canonicalNode, envelope } from '@petal/core/codec/index.ts'
import { fromProtobuf } from '@petal/core/codec/protobuf.ts'
import { NodeService, SubmitMessageRequestSchema } from '@petal/core/gen/node/node_service_pb.js'
import { InboxMessageSchema } from '@petal/core/gen/node/peer_pb.js'
import { type MessageBundle, MessageBundleSchema } from '@petal/core/gen/node/requests_pb.js'
import { authenticateSend, peerIdText } from '@petal/core/identity/index.ts'
import { GLOBAL_DOMAIN, METADATA_ADDRESS } from '@petal/core/state/location.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shardKeys } from '../state/shard-keys.ts'
import { openRealChain, type RealChain } from '../state/testing.ts'
import { AUTHENTICATION_HEADER, authenticateCall } from './local-authentication.ts'
import { type LocalRpc, startLocalRpc } from './local-rpc.ts'
import { readOwnProver } from './services/own-prover.ts'
import type { AuthorisedSend } from './services/send.ts'
import { engine, HOST, OTHER, SERVER } from './testing.ts'

const PAGE = 'http://127.0.0.1:9999'
const GLOBAL = new Uint8Array(32).fill(0xff)

let directory: string
let node: RealChain
let local: LocalRpc
const sent: AuthorisedSend[] = []
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'petal-local-rpc-'))
  node = await openRealChain(directory)
  await node.grow(2)
  local = await startLocalRpc({
    identity: SERVER,
    engine,
    host: HOST,
    port: 0,
    source: node.chain,
    state: node.state,
    shardKeys: () => shardKeys(node.state),
    peers: () => [],
    workers: () => [],
    reachable: () => true,
    prover: () => readOwnProver(node.state, node.members[0]?.address ?? GLOBAL),
    send: async (request) => void sent.push(request),
    origins: [PAGE],
    limits: { requestMillis: 1_000 },
  })
})
afterAll(async () => {
  await local.stop()
  await node[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const base = () => `http://${HOST}:${local.port}`
const PATH = '/quilibrium.node.node.pb.NodeService/'
const json = (method: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${base()}${PATH}${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

test('Connect with JSON over HTTP/1.1', async () => {
  const answer = await json('GetNodeInfo', {})
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({
    peerId: peerIdText(SERVER.peerId),
    version: 'AgEA',
    patchNumber: 'GA==',
    lastGlobalHeadFrame: '2',
    reachable: true,
    // 1000, as every prover of a local genesis has; one global allocation, active.
    peerSeniority: 'A+g=',
    shardAllocations: [{ status: 1 }],
  })
  expect(await readOwnProver(node.state, OTHER.peerId.slice(2))).toBeNull()
  const frame = (await (await json('GetLatestFrame', {})).json()) as { frame: { header: { frameNumber: string } } }
  expect(frame.frame.header.frameNumber).toBe('2')
  const none = await json('GetLatestFrame', { frameNumber: '77' })
  expect([none.status, await none.json()]).toMatchObject([404, { code: 'not_found' }])
  expect((await json('GetMetrics', {})).status).toBe(501)
  expect((await json('NoSuchMethod', {})).headers.get('grpc-status')).toBe('12')
  const broken = await fetch(`${base()}${PATH}GetNodeInfo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":',
  })
  expect(broken.status).toBe(400)
})

test('a stock gRPC client over HTTP/2 in clear text', async () => {
  const definition = await load('node/node_service.proto', {
    includeDirs: [fileURLToPath(new URL('../../core/proto', import.meta.url))],
  })
  const loaded = grpc.loadPackageDefinition(definition)
  const path = ['quilibrium', 'node', 'node', 'pb', 'NodeService']
  const Service = path.reduce(
    (at, name) => at[name] as grpc.GrpcObject,
    loaded,
  ) as unknown as grpc.ServiceClientConstructor
  const client = new Service(`${HOST}:${local.port}`, grpc.credentials.createInsecure())
  const unary = client.getNodeInfo as (request: object, done: (error: unknown, answer: object) => void) => void
  const answer = await new Promise((resolve) => unary.call(client, {}, (error, value) => resolve(error ?? value)))
  client.close()
  expect(answer).toMatchObject({ peerId: peerIdText(SERVER.peerId) })
})

test('gRPC-web and Connect with protobuf, on both versions of HTTP', async () => {
  const transports = [
    createGrpcWebTransport({ baseUrl: base() }),
    createConnectTransport({ baseUrl: base(), httpVersion: '1.1' }),
    createConnectTransport({ baseUrl: base(), httpVersion: '2' }),
    createGrpcTransport({ baseUrl: base() }),
  ]
  for (const transport of transports) {
    const client = createClient(NodeService, transport)
    expect((await client.getNodeInfo({})).lastGlobalHeadFrame).toBe(2n)
    await expect(client.getTokensByAccount({})).rejects.toMatchObject({ code: Code.Unimplemented })
  }
})

const client = () => createClient(NodeService, createGrpcTransport({ baseUrl: base() }))

test('values of the state and a proof that verifies to the root of the header', async () => {
  const [member] = node.members
  if (member === undefined) throw new Error('no member')
  const key = new Uint8Array([...GLOBAL_DOMAIN, ...member.address])
  const found = await client().getVertexData({ address: key, fullData: true })
  expect(found).toMatchObject({ exists: true, frameNumber: 2n })
  expect(found.data.length).toBeGreaterThan(600)
  expect((await client().getVertexData({ address: key })).data.length).toBe(0)
  expect(await client().getHyperedgeData({ address: key })).toMatchObject({ exists: true })
  const nobody = new Uint8Array(64).fill(3)
  expect(await client().getVertexData({ address: nobody, fullData: true })).toMatchObject({ exists: false })
  await expect(client().getVertexData({ address: METADATA_ADDRESS })).rejects.toMatchObject({
    code: Code.InvalidArgument,
  })

  const wanted = { domain: GLOBAL_DOMAIN, atomType: 'vertex', phaseType: 'adds', keys: [key] }
  const { proof } = await client().createTraversalProof(wanted)
  const { proverTreeCommitment } = node.chain.headFacts
  expect(await node.crypto.verifyTraversal(proverTreeCommitment, [key], proof)).toMatchObject({ valid: true })
  for (const wrong of [
    { ...wanted, atomType: 'edge' },
    { ...wanted, keys: [] },
    { ...wanted, keys: [new Uint8Array(5)] },
  ])
    await expect(client().createTraversalProof(wrong)).rejects.toMatchObject({ code: Code.InvalidArgument })
  await expect(client().createTraversalProof({ ...wanted, keys: [nobody] })).rejects.toMatchObject({
    code: expect.toBeOneOf([Code.NotFound, Code.InvalidArgument]),
  })
  expect((await client().getShardInfo({ includeAll: true })).shards.length).toBeGreaterThan(1)
  expect((await client().getShardInfo({})).shards).toEqual([])
})

function bundle(timestamp: bigint): { readonly message: MessageBundle; readonly canonical: Uint8Array } {
  const message = create(MessageBundleSchema, { requests: [], timestamp })
  const value = fromProtobuf(envelope.MessageBundle, toBinary(MessageBundleSchema, message))
  return { message, canonical: envelope.MessageBundle.encode(value) }
}

test('RPC-08 Send takes what the key of the node signed, once, and nothing else', async () => {
  const { message, canonical } = bundle(1_700_000_000_000n)
  const authentication = authenticateSend(SERVER, GLOBAL, canonical, engine)
  const signed = { domain: GLOBAL, request: message, authentication }
  const code = (expected: Code) => expect.objectContaining({ code: expected })
  const refused = async (request: Parameters<ReturnType<typeof client>['send']>[0], expected: Code) =>
    expect(
      await client()
        .send(request)
        .catch((error: unknown) => error),
    ).toEqual(code(expected))
  await refused({ ...signed, authentication: new Uint8Array() }, Code.Unauthenticated)
  await refused({ ...signed, domain: new Uint8Array(32) }, Code.Unauthenticated)
  await refused({ ...signed, domain: new Uint8Array(31) }, Code.InvalidArgument)
  await refused({ ...signed, request: bundle(1_700_000_000_001n).message }, Code.Unauthenticated)
  await refused({ ...signed, authentication: authenticateSend(OTHER, GLOBAL, canonical, engine) }, Code.Unauthenticated)
  await refused({ domain: GLOBAL, authentication }, Code.InvalidArgument)
  expect(sent).toEqual([])
  await client().send(signed)
  expect(sent).toMatchObject([{ domain: GLOBAL, bundle: canonical, deliveries: [] }])
  await refused(signed, Code.AlreadyExists)

  const delivery = create(InboxMessageSchema, { address: GLOBAL, timestamp: 5n, message: Uint8Array.of(1) })
  const payload = new Uint8Array([...canonical, ...toBinary(InboxMessageSchema, delivery)])
  const both = {
    ...signed,
    deliveryData: [delivery],
    authentication: authenticateSend(SERVER, GLOBAL, payload, engine),
  }
  await refused({ ...both, deliveryData: [] }, Code.Unauthenticated)
  const unfit = create(InboxMessageSchema, { address: new Uint8Array(65) })
  await refused({ ...both, deliveryData: [unfit] }, Code.InvalidArgument)
  await client().send(both)
  const inbox = fromProtobuf(canonicalNode.InboxMessage, toBinary(InboxMessageSchema, delivery))
  expect(sent[1]?.deliveries).toEqual([{ address: GLOBAL, message: canonicalNode.InboxMessage.encode(inbox) }])
})

test('RPC-H3 calls that change the node are authenticated, also where the protocol has no field for it', async () => {
  const path = `${PATH}SubmitMessage`
  const body = create(SubmitMessageRequestSchema, { data: Uint8Array.of(1, 2) })
  const bytes = toBinary(SubmitMessageRequestSchema, body)
  const call = (header?: string) =>
    client()
      .submitMessage(body, header === undefined ? {} : { headers: { [AUTHENTICATION_HEADER]: header } })
      .catch((error: unknown) => error)
  const right = authenticateCall(SERVER, path, bytes, Date.now(), engine)
  expect(await call()).toMatchObject({ code: Code.Unauthenticated, rawMessage: expect.stringContaining('missing') })
  expect(await call('x')).toMatchObject({ rawMessage: expect.stringContaining('form') })
  const late = authenticateCall(SERVER, path, bytes, Date.now() - 61_000, engine)
  expect(await call(late)).toMatchObject({ rawMessage: expect.stringContaining('time') })
  for (const wrong of [
    authenticateCall(OTHER, path, bytes, Date.now(), engine),
    authenticateCall(SERVER, `${PATH}RequestJoin`, bytes, Date.now(), engine),
    authenticateCall(SERVER, path, bytes.subarray(1), Date.now(), engine),
  ])
    expect(await call(wrong)).toMatchObject({ rawMessage: expect.stringContaining('signature') })
  // Authorised, and still there is nothing that takes it.
  expect(await call(right)).toMatchObject({ code: Code.Unimplemented })
  expect(await call(right)).toMatchObject({ code: Code.AlreadyExists })
  await expect(client().requestJoin({})).rejects.toMatchObject({ code: Code.Unauthenticated })
  await expect(client().setManuallyManaged({})).rejects.toMatchObject({ code: Code.Unauthenticated })
})

test('pages of other origins and other names for this machine are turned away', async () => {
  expect((await json('GetNodeInfo', {}, { origin: 'https://example.org' })).status).toBe(403)
  const allowed = await json('GetNodeInfo', {}, { origin: PAGE })
  expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([200, PAGE])
  const preflight = await fetch(`${base()}${PATH}GetNodeInfo`, { method: 'OPTIONS', headers: { origin: PAGE } })
  expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([204, 'POST'])
  const rebound = await new Promise<number | undefined>((resolve, reject) => {
    const call = request(
      { host: HOST, port: local.port, path: `${PATH}GetNodeInfo`, method: 'POST', headers: { host: 'evil.example' } },
      (answer) => resolve(answer.statusCode),
    )
    call.on('error', reject)
    call.end()
  })
  expect(rebound).toBe(403)
})

test('slow headers and slow bodies end', async () => {
  for (const start of [
    'POST / HTTP/1.1\r\nhost: localhost\r\n',
    `POST ${PATH}GetNodeInfo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
  ]) {
    const socket = connect({ host: HOST, port: local.port })
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(start)
    await new Promise((resolve) => socket.once('close', resolve))
  }
})
