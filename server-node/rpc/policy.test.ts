/** RPC-07: every row of the table of spec 51 section 4, for every kind of caller, on both kinds of listeners. */
import type { DescService } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { HypergraphComparisonService } from '@petal/core/gen/node/application_service_pb.js'
import { FerretProxy } from '@petal/core/gen/node/ferret_service_pb.js'
import * as global from '@petal/core/gen/node/global_service_pb.js'
import { ConnectivityService, DataIPCService, NodeService } from '@petal/core/gen/node/node_service_pb.js'
import { PubSubProxy } from '@petal/core/gen/node/proxy_service_pb.js'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { describe, expect, test } from 'vitest'
import { permit } from './access.ts'
import { type PeerPort, POLICIES, policyOf } from './policy.ts'
import { type ProverQuestion, rememberProvers } from './provers.ts'
import { identityOf } from './testing.ts'

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
  NodeService,
]

/** Kinds of callers, from the least to the most. */
const CALLERS = {
  self: identityOf(1).peerId,
  peer: identityOf(2).peerId,
  prover: identityOf(3).peerId,
  pausedGlobal: identityOf(4).peerId,
  global: identityOf(5).peerId,
  shard: identityOf(6).peerId,
}
type CallerName = keyof typeof CALLERS
const SHARD = new Uint8Array(32).fill(7)

async function isProver({ peerId, filter, active }: ProverQuestion): Promise<boolean> {
  const is = (...names: CallerName[]) => names.some((name) => sameBytes(CALLERS[name], peerId))
  if (filter === null) return is('prover', 'pausedGlobal', 'global', 'shard')
  if (filter.length === 0) return active ? is('global') : is('pausedGlobal', 'global')
  return sameBytes(filter, SHARD) && is('shard')
}

async function allowed(path: string, port: PeerPort): Promise<string[]> {
  const access = { port, self: CALLERS.self, isProver, shard: SHARD }
  const names: string[] = []
  for (const [name, peerId] of Object.entries(CALLERS)) {
    const code = await permit(access, path, peerId).then(
      () => null,
      (error: unknown) => ConnectError.from(error).code,
    )
    if (code === null) names.push(name)
    else expect(code).toBe(Code.PermissionDenied)
  }
  return names
}

const ANY = Object.keys(CALLERS)
const SELF = ['self']
const PROVERS = ['prover', 'pausedGlobal', 'global', 'shard']
const GLOBAL = ['pausedGlobal', 'global']
const SHARDS = ['shard']

/** The table of the page: service, method or *, who on the master, who on a worker. */
const ROWS: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ['global.pb.GlobalService', 'GetGlobalFrame', ANY, GLOBAL],
  ['global.pb.GlobalService', 'GetAppShards', ANY, GLOBAL],
  ['global.pb.GlobalService', 'GetGlobalShards', ANY, GLOBAL],
  ['global.pb.GlobalService', 'SubmitGlobalMessage', ANY, GLOBAL],
  ['global.pb.GlobalService', 'GetGlobalProposal', ['self', 'global'], GLOBAL],
  ['global.pb.GlobalService', 'GetLockedAddresses', PROVERS, GLOBAL],
  ['global.pb.GlobalService', 'GetWorkerInfo', SELF, SELF],
  ['global.pb.GlobalService', 'StreamGlobalMessages', SELF, SELF],
  ['global.pb.AppShardService', '*', SELF, SHARDS],
  ['application.pb.HypergraphComparisonService', 'HyperStream', ANY, SHARDS],
  ['application.pb.HypergraphComparisonService', 'PerformSync', ANY, SHARDS],
  ['application.pb.HypergraphComparisonService', 'GetChildrenForPath', ANY, PROVERS],
  ['global.pb.OnionService', 'Connect', ANY, ANY],
  ['global.pb.KeyRegistryService', '*', SELF, SELF],
  ['global.pb.MixnetService', 'PutMessage', ANY, ANY],
  ['global.pb.MixnetService', 'RoundStream', GLOBAL, GLOBAL],
  ['global.pb.DispatchService', 'PutInboxMessage', SELF, SELF],
  ['global.pb.DispatchService', 'GetInboxMessages', SELF, SELF],
  ['global.pb.DispatchService', 'PutHub', SELF, SELF],
  ['global.pb.DispatchService', 'GetHub', SELF, SELF],
  ['global.pb.DispatchService', 'Sync', PROVERS, PROVERS],
  ['proxy.pb.PubSubProxy', '*', SELF, SELF],
  ['node.pb.DataIPCService', '*', SELF, SELF],
  ['ferretproxy.pb.FerretProxy', 'AliceProxy', SELF, SELF],
  ['ferretproxy.pb.FerretProxy', 'BobProxy', SELF, ANY],
  // Not in the table: for the own peer id only.
  ['node.pb.ConnectivityService', '*', SELF, SELF],
  ['node.pb.NodeService', '*', SELF, SELF],
]

const serviceOf = (short: string): DescService => {
  const found = SERVICES.find(({ typeName }) => typeName === `quilibrium.node.${short}`)
  if (found === undefined) throw new Error(`${short} is not declared`)
  return found
}

describe('RPC-07 who may call', () => {
  for (const [short, method, master, worker] of ROWS)
    test(`${short}/${method}`, async () => {
      const service = serviceOf(short)
      const names = method === '*' ? service.methods.map(({ name }) => name) : [method]
      for (const name of names) {
        expect(service.methods.map((one) => one.name)).toContain(name)
        expect(await allowed(`/${service.typeName}/${name}`, 'master')).toEqual(master)
        expect(await allowed(`/${service.typeName}/${name}`, 'worker')).toEqual(worker)
      }
    })

  test('every declared method stands in one row', () => {
    const covered = ROWS.flatMap(([short, method]) => {
      const service = serviceOf(short)
      return service.methods
        .filter(({ name }) => method === '*' || name === method)
        .map(({ name }) => `${service.typeName}/${name}`)
    })
    const declared = SERVICES.flatMap((service) => service.methods.map(({ name }) => `${service.typeName}/${name}`))
    expect(covered.toSorted()).toEqual(declared.toSorted())
  })

  test('the table names declared services and methods only', () => {
    for (const [service, { methods = {} }] of Object.entries(POLICIES)) {
      const found = SERVICES.find(({ typeName }) => typeName === service)
      expect(found?.typeName).toBe(service)
      for (const name of Object.keys(methods)) expect(found?.methods.map((one) => one.name)).toContain(name)
    }
  })

  test('unknown services, methods of names that objects have, and nonsense are for the own peer id', () => {
    for (const path of [
      '/',
      '',
      '/constructor/toString',
      '/__proto__/x',
      '/a/b/c',
      '/quilibrium.node.global.pb.OnionService/toString',
    ])
      for (const port of ['master', 'worker'] as const) expect(policyOf(path, port)).toBe('self')
  })

  test('without an identity: UNAUTHENTICATED', async () => {
    const access = { port: 'master', self: CALLERS.self, isProver } as const
    await expect(permit(access, '/quilibrium.node.global.pb.GlobalService/GetGlobalFrame', null)).rejects.toMatchObject(
      {
        code: Code.Unauthenticated,
      },
    )
  })

  test('a listener without a shard has no shard provers', async () => {
    const access = { port: 'worker', self: CALLERS.self, isProver } as const
    const path = '/quilibrium.node.global.pb.AppShardService/GetAppShardFrame'
    await expect(permit(access, path, CALLERS.shard)).rejects.toMatchObject({ code: Code.PermissionDenied })
  })
})

test('who is a prover is remembered for 10 s, who is not is asked about again', async () => {
  let now = 0
  let asked = 0
  let answer = false
  const lookup = rememberProvers(
    async () => {
      asked++
      return answer
    },
    () => now,
  )
  const question = { peerId: CALLERS.peer, filter: null, active: false }
  expect([await lookup(question), await lookup(question), asked]).toEqual([false, false, 2])
  answer = true
  expect([await lookup(question), await lookup(question), asked]).toEqual([true, true, 3])
  expect(await lookup({ ...question, active: true })).toBe(true)
  answer = false
  now = 9_999
  expect(await lookup(question)).toBe(true)
  now = 10_001
  expect(await lookup(question)).toBe(false)
})
