/** grpcurl as a client of the peer listener (docs/protocol/51-rpc-and-auth.md sections 1, 4 and 5). */
import assert from 'node:assert/strict'
import { fromJsonString, toBinary } from '@bufbuild/protobuf'
import { bytesToHex } from '@noble/hashes/utils.js'
import { GlobalFrameHeaderSchema } from '@petal/core/gen/node/consensus_pb.js'
import { GetGlobalShardsResponseSchema, GlobalFrameResponseSchema } from '@petal/core/gen/node/global_service_pb.js'
import { HypergraphSyncResponseSchema } from '@petal/core/gen/sync_pb.js'
import { peerIdText } from '@petal/core/identity/index.ts'
import { VERTEX_ADDS } from '@petal/core/platform/state.ts'
import { GLOBAL_DOMAIN, shardKey } from '@petal/core/state/location.ts'
import type { CertificateFault, Grpcurl } from '../peers/grpcurl.ts'
import { GrpcurlError } from '../peers/grpcurl.ts'
import type { PetalRpc } from '../peers/petal-rpc.ts'
import type { Case } from './case.ts'

const GLOBAL = 'node/global_service.proto'
const GLOBAL_SERVICE = 'quilibrium.node.global.pb.GlobalService'
const SYNC = 'node/application_service.proto'
const REGISTRY = shardKey(GLOBAL_DOMAIN)
/** Of `GLOBAL` and of what it imports. */
const SERVICES = [
  'quilibrium.node.application.pb.HypergraphComparisonService',
  'quilibrium.node.global.pb.AppShardService',
  'quilibrium.node.global.pb.DispatchService',
  GLOBAL_SERVICE,
  'quilibrium.node.global.pb.KeyRegistryService',
  'quilibrium.node.global.pb.MixnetService',
  'quilibrium.node.global.pb.OnionService',
]
const FAULTS: readonly CertificateFault[] = ['foreignName', 'noSignature']

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

export function grpcurlCases(grpcurl: Grpcurl, rpc: PetalRpc): readonly Case[] {
  const stranger = grpcurl.credentials(new Uint8Array(57).fill(200))
  const self = grpcurl.credentials(rpc.seed)
  const global = async (method: string, request: object, who = stranger) =>
    grpcurl.call(rpc.port, GLOBAL, `${GLOBAL_SERVICE}/${method}`, request, await who)
  return [
    {
      name: 'reads our proto files and lists the services',
      run: async () => assert.deepEqual((await grpcurl.list(GLOBAL)).toSorted(), SERVICES),
    },
    {
      name: 'the peer id in a certificate is the same by other code (P2P-01)',
      run: async () => assert.equal((await self).peerId, peerIdText(rpc.identity.peerId)),
    },
    {
      name: 'GetGlobalFrame: the latest frame, byte for byte (RPC-10)',
      run: async () => {
        const { frame } = fromJsonString(GlobalFrameResponseSchema, await global('GetGlobalFrame', { frame_number: 0 }))
        assert.ok(frame?.header)
        assert.equal(bytesToHex(toBinary(GlobalFrameHeaderSchema, frame.header)), bytesToHex(rpc.head().header))
      },
    },
    {
      name: 'GetGlobalFrame of a frame to come: NotFound',
      run: () => refused('NotFound', global('GetGlobalFrame', { frame_number: '123456789' })),
    },
    {
      name: 'GetGlobalShards: the roots of the registry',
      run: async () => {
        const request = { l1: base64(REGISTRY.slice(0, 3)), l2: base64(REGISTRY.slice(3)) }
        const { commitment } = fromJsonString(GetGlobalShardsResponseSchema, await global('GetGlobalShards', request))
        assert.deepEqual(commitment[0], rpc.registryRoot())
      },
    },
    {
      name: 'PerformSync: the branch at the root of the registry',
      run: async () => {
        const request = { get_branch: { shard_key: base64(REGISTRY), phase_set: VERTEX_ADDS } }
        const method = 'quilibrium.node.application.pb.HypergraphComparisonService/PerformSync'
        const answer = await grpcurl.call(rpc.port, SYNC, method, request, await stranger)
        const { response } = fromJsonString(HypergraphSyncResponseSchema, answer)
        assert.equal(response.case, 'branch')
        assert.deepEqual(response.value.commitment, rpc.registryRoot())
      },
    },
    {
      name: 'GetWorkerInfo by a stranger: PermissionDenied (RPC-12)',
      run: () => refused('PermissionDenied', global('GetWorkerInfo', {})),
    },
    {
      name: 'GetWorkerInfo by the own peer id (RPC-07)',
      run: async () => assert.deepEqual(JSON.parse(await global('GetWorkerInfo', {}, self)), {}),
    },
    {
      name: 'what is declared and not served: Unimplemented',
      run: async () => {
        const call = grpcurl.call(rpc.port, GLOBAL, 'quilibrium.node.global.pb.DispatchService/GetHub', {}, await self)
        await refused('Unimplemented', call)
      },
    },
    {
      name: 'no certificate is refused',
      run: () => noAnswer(grpcurl.call(rpc.port, GLOBAL, `${GLOBAL_SERVICE}/GetGlobalFrame`, {})),
    },
    ...FAULTS.map((fault) => ({
      name: `a certificate with a fault (${fault}) is refused (RPC-01)`,
      run: () => noAnswer(global('GetGlobalFrame', {}, grpcurl.credentials(new Uint8Array(57).fill(201), fault))),
    })),
  ]
}

export const refused = (status: string, call: Promise<string>) =>
  assert.rejects(call, { name: GrpcurlError.name, status })

/** Refused before any call, or with the status for callers without identity. */
async function noAnswer(call: Promise<string>): Promise<void> {
  const error = await call.then(
    (answer) => assert.fail(`answered: ${answer}`),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof GrpcurlError, String(error))
  assert.ok(
    error.status === undefined || error.status === 'Unauthenticated' || error.status === 'Unavailable',
    error.message,
  )
}
