/** grpcurl as a client of the local port (docs/protocol/51-rpc-and-auth.md section 5). */
import assert from 'node:assert/strict'
import { create, fromJsonString, toBinary } from '@bufbuild/protobuf'
import { bytesToHex } from '@noble/hashes/utils.js'
import { GlobalFrameHeaderSchema } from '@petal/core/gen/node/consensus_pb.js'
import {
  GetLatestFrameResponseSchema,
  NodeInfoResponseSchema,
  SubmitMessageRequestSchema,
} from '@petal/core/gen/node/node_service_pb.js'
import { peerIdText } from '@petal/core/identity/index.ts'
import { loadAddon } from '../../../server-node/crypto/addon.ts'
import { AUTHENTICATION_HEADER, authenticateCall } from '../../../server-node/rpc/local-authentication.ts'
import type { Grpcurl } from '../peers/grpcurl.ts'
import type { PetalRpc } from '../peers/petal-rpc.ts'
import type { Case } from './case.ts'
import { refused } from './grpcurl.ts'

const PROTO = 'node/node_service.proto'
const SERVICE = 'quilibrium.node.node.pb.NodeService'

export function localGrpcurlCases(grpcurl: Grpcurl, rpc: PetalRpc): readonly Case[] {
  const call = (method: string, request: object, headers: readonly string[] = []) =>
    grpcurl.callPlain(rpc.localPort, PROTO, `${SERVICE}/${method}`, request, headers)
  const data = Uint8Array.of(1, 2, 3)
  const submission = { data: Buffer.from(data).toString('base64') }
  return [
    {
      name: 'local port: GetNodeInfo (RPC-08)',
      run: async () => {
        const { peerId, lastGlobalHeadFrame } = fromJsonString(NodeInfoResponseSchema, await call('GetNodeInfo', {}))
        assert.equal(peerId, peerIdText(rpc.identity.peerId))
        assert.equal(lastGlobalHeadFrame, rpc.head().number)
      },
    },
    {
      name: 'local port: GetLatestFrame, byte for byte',
      run: async () => {
        const { frame } = fromJsonString(GetLatestFrameResponseSchema, await call('GetLatestFrame', {}))
        assert.ok(frame?.header)
        assert.equal(bytesToHex(toBinary(GlobalFrameHeaderSchema, frame.header)), bytesToHex(rpc.head().header))
      },
    },
    {
      name: 'local port: SubmitMessage without authentication: Unauthenticated (RPC-09)',
      run: () => refused('Unauthenticated', call('SubmitMessage', submission)),
    },
    {
      name: "local port: SubmitMessage signed by the node's key passes authentication; nothing here executes it yet",
      run: async () => {
        const request = toBinary(SubmitMessageRequestSchema, create(SubmitMessageRequestSchema, { data }))
        const path = `/${SERVICE}/SubmitMessage`
        const proof = authenticateCall(rpc.identity, path, request, Date.now(), loadAddon())
        await refused('Unimplemented', call('SubmitMessage', submission, [`${AUTHENTICATION_HEADER}: ${proof}`]))
      },
    },
  ]
}
