/** Petal as a client of a grpc-go server behind peer TLS that is made from the specification (docs/protocol/51-rpc-and-auth.md section 1). */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { bytesToHex } from '@noble/hashes/utils.js'
import {
  GetGlobalFrameRequestSchema,
  GlobalFrameResponseSchema,
  GlobalService,
} from '@petal/core/gen/node/global_service_pb.js'
import { identityOfSeed, peerIdText } from '@petal/core/identity/index.ts'
import { loadAddon } from '../../../server-node/crypto/addon.ts'
import { tlsMaterial } from '../../../server-node/rpc/own-certificate.ts'
import { connectPeer } from '../../../server-node/rpc/peer-client.ts'
import type { GoPrograms } from '../peers/go-programs.ts'
import type { CertificateFault } from '../peers/grpcurl.ts'
import { LineProcess } from '../peers/line-process.ts'
import { until } from '../peers/until.ts'
import type { Case } from './case.ts'

const FRAME_NUMBER = 7n
const PROOF = new Uint8Array(516).fill(9)
const engine = loadAddon()
const US = identityOfSeed(new Uint8Array(57).fill(210), engine)
const SERVER_SEED = new Uint8Array(57).fill(211)
const SERVER = identityOfSeed(SERVER_SEED, engine)

export function grpcServerCases(programs: GoPrograms): readonly Case[] {
  return [
    {
      name: 'our certificate is accepted, a call and its answer pass',
      run: () =>
        withServer(programs, undefined, async (server, port) => {
          const peer = await dial(port, SERVER.peerId)
          try {
            assert.deepEqual(peer.peerId, SERVER.peerId)
            const request = { frameNumber: FRAME_NUMBER }
            const answer = await peer.call((options) => peer.client(GlobalService).getGlobalFrame(request, options))
            assert.deepEqual(answer.proof, PROOF)
          } finally {
            peer.close()
          }
          await until('the server has told of both', () => server.events.length > 2)
          assert.deepEqual(server.events.slice(1), [
            { event: 'client', peer: peerIdText(US.peerId) },
            {
              event: 'call',
              method: '/quilibrium.node.global.pb.GlobalService/GetGlobalFrame',
              request: bytesToHex(
                toBinary(
                  GetGlobalFrameRequestSchema,
                  create(GetGlobalFrameRequestSchema, { frameNumber: FRAME_NUMBER }),
                ),
              ),
            },
          ])
        }),
    },
    {
      name: 'another peer than the wanted one is refused (RPC-H6)',
      run: () =>
        withServer(programs, undefined, (_server, port) => assert.rejects(dial(port, US.peerId), { code: 'mismatch' })),
    },
    ...(['foreignName', 'noSignature'] as const).map((fault) => ({
      name: `a server certificate with a fault (${fault}) is refused (RPC-01)`,
      run: () => withServer(programs, fault, (_server, port) => assert.rejects(dial(port, null), { code: 'identity' })),
    })),
  ]
}

const dial = (port: number, peerId: Uint8Array | null) =>
  connectPeer({ host: '127.0.0.1', port, peerId }, { material: tlsMaterial(US, engine), engine })

async function withServer(
  programs: GoPrograms,
  fault: CertificateFault | undefined,
  run: (server: LineProcess, port: number) => Promise<void>,
): Promise<void> {
  const reply = join(programs.directory, 'reply')
  await writeFile(reply, toBinary(GlobalFrameResponseSchema, create(GlobalFrameResponseSchema, { proof: PROOF })))
  const args = ['-seed', bytesToHex(SERVER_SEED), '-reply', reply]
  const server = new LineProcess(programs.path('grpcserver'), fault === undefined ? args : [...args, '-fault', fault])
  try {
    await run(server, Number((await server.ready()).port))
  } finally {
    await server.stop()
  }
}
