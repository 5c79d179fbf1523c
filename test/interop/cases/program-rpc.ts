/** grpcurl and `petal-node start` (docs/protocol/51-rpc-and-auth.md section 5). */
import assert from 'node:assert/strict'
import { fromJsonString } from '@bufbuild/protobuf'
import { GlobalFrameResponseSchema } from '@petal/core/gen/node/global_service_pb.js'
import { NodeInfoResponseSchema } from '@petal/core/gen/node/node_service_pb.js'
import type { Grpcurl } from '../peers/grpcurl.ts'
import type { Program } from '../peers/petal-program.ts'
import type { Case } from './case.ts'

export function programRpcCases(grpcurl: Grpcurl, program: Program): readonly Case[] {
  return [
    {
      name: 'GetGlobalFrame on the port for other nodes (RPC-10)',
      run: async () => {
        const who = await grpcurl.credentials(new Uint8Array(57).fill(202))
        const method = 'quilibrium.node.global.pb.GlobalService/GetGlobalFrame'
        const answer = await grpcurl.call(program.peerRpcPort, 'node/global_service.proto', method, {}, who)
        assert.ok(fromJsonString(GlobalFrameResponseSchema, answer).frame?.header)
      },
    },
    {
      name: 'GetNodeInfo on the local port: the peer id of libp2p (RPC-08)',
      run: async () => {
        const method = 'quilibrium.node.node.pb.NodeService/GetNodeInfo'
        const answer = await grpcurl.callPlain(program.localRpcPort, 'node/node_service.proto', method, {})
        assert.equal(fromJsonString(NodeInfoResponseSchema, answer).peerId, program.peerId)
      },
    },
  ]
}
