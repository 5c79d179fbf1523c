/** Every declared method over the wire: it answers, or says in words what it waits for (spec 51 section 5). */
import type { DescMethod, DescMethodStreaming, DescMethodUnary, DescService } from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { HypergraphComparisonService } from '@petal/core/gen/node/application_service_pb.js'
import { FerretProxy } from '@petal/core/gen/node/ferret_service_pb.js'
import * as global from '@petal/core/gen/node/global_service_pb.js'
import { ConnectivityService, DataIPCService } from '@petal/core/gen/node/node_service_pb.js'
import { PubSubProxy } from '@petal/core/gen/node/proxy_service_pb.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PeerConnection } from './peer-client.ts'
import type { PeerServer } from './peer-server.ts'
import { policyOf } from './policy.ts'
import { dialTest, NumberedFrames, OTHER, SERVER, startTestRpc } from './testing.ts'

const SERVICES: readonly DescService[] = [
  global.GlobalService,
  global.AppShardService,
  global.OnionService,
  global.KeyRegistryService,
  global.MixnetService,
  global.DispatchService,
  HypergraphComparisonService,
  PubSubProxy,
  DataIPCService,
  FerretProxy,
  ConnectivityService,
]

/** Methods of a listener without state, gossip and execution that answer. */
const ANSWERING = new Set([
  'GlobalService/GetGlobalFrame',
  'GlobalService/GetGlobalProposal',
  'GlobalService/GetLockedAddresses',
  'GlobalService/GetWorkerInfo',
  'AppShardService/GetAppShardFrame',
  'AppShardService/GetAppShardProposal',
  ...global.KeyRegistryService.methods
    .filter(({ name }) => !['PutSignedKey', 'GetSignedKey'].includes(name))
    .map(({ name }) => `KeyRegistryService/${name}`),
])

/** What a caller is told about some of the others. */
const REASONS: Readonly<Record<string, string>> = {
  'GlobalService/GetGlobalShards': 'this node keeps no state',
  'GlobalService/GetAppShards': 'this node keeps no state',
  'GlobalService/StreamGlobalMessages': 'this node hears no gossip',
  'GlobalService/SubmitGlobalMessage': 'waits for execution: this node takes no prover messages yet',
  'HypergraphComparisonService/PerformSync': 'this node keeps no state',
}

let server: PeerServer
let own: PeerConnection
let other: PeerConnection
beforeAll(async () => {
  server = await startTestRpc({ source: new NumberedFrames(), limits: { requestBurst: 1_000 } })
  own = await dialTest(server.port, SERVER)
  other = await dialTest(server.port, OTHER)
})
afterAll(async () => {
  own.close()
  other.close()
  await server.stop()
})

async function status(peer: PeerConnection, method: DescMethod): Promise<ConnectError | null> {
  const { transport } = peer
  const request = create(method.input)
  async function* requests() {
    yield request
  }
  try {
    if (method.methodKind === 'unary')
      await transport.unary(method as DescMethodUnary, undefined, undefined, undefined, request)
    else {
      const answer = await transport.stream(method as DescMethodStreaming, undefined, undefined, undefined, requests())
      for await (const _ of answer.message) return null
    }
    return null
  } catch (error) {
    return ConnectError.from(error)
  }
}

describe.each(SERVICES.map((service) => [service.name, service] as const))('%s', (name, service) => {
  test.each(service.methods.map((method) => [method.name, method] as const))('%s', async (method, described) => {
    const answers = ANSWERING.has(`${name}/${method}`)
    const policy = policyOf(`/${service.typeName}/${method}`, 'master')
    // Nobody is a prover on a listener without state.
    for (const [peer, allowed] of [
      [own, ['self', 'anyPeer', 'activeGlobalProverOrSelf'].includes(policy)],
      [other, policy === 'anyPeer'],
    ] as const) {
      const error = await status(peer, described)
      if (!allowed) expect(error?.code).toBe(Code.PermissionDenied)
      else if (answers) expect([undefined, Code.NotFound]).toContain(error?.code)
      else {
        expect(error?.code).toBe(Code.Unimplemented)
        expect(error?.rawMessage).toMatch(REASONS[`${name}/${method}`] ?? /^.{11}/)
      }
    }
  })
})

test('RPC-H2 no method of PubSubProxy is carried out for anybody, this node itself included: nothing signs for a caller', async () => {
  const names = PubSubProxy.methods.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['SignMessage', 'PublishToBitmask', 'SetPeerScore']))
  for (const method of PubSubProxy.methods) {
    expect((await status(own, method))?.code, method.name).toBe(Code.Unimplemented)
    expect((await status(other, method))?.code, method.name).toBe(Code.PermissionDenied)
  }
  const signers = SERVICES.flatMap(({ methods }) => methods).filter(({ name }) => name.startsWith('Sign'))
  expect(signers.map(({ name, parent }) => `${parent.name}/${name}`)).toEqual(['PubSubProxy/SignMessage'])
})
