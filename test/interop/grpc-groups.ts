/** Petal and stock gRPC: grpcurl calls Petal, Petal calls grpc-go. */
import { grpcServerCases } from './cases/grpc-server.ts'
import { grpcurlCases } from './cases/grpcurl.ts'
import { localGrpcurlCases } from './cases/grpcurl-local.ts'
import { programRpcCases } from './cases/program-rpc.ts'
import type { GoPrograms } from './peers/go-programs.ts'
import { Grpcurl } from './peers/grpcurl.ts'
import { startProgram } from './peers/petal-program.ts'
import { startPetalRpc } from './peers/petal-rpc.ts'
import type { Group } from './runner.ts'

const SEED = new Uint8Array(57).fill(99)

export const grpcGroups = (programs: GoPrograms): readonly Group[] => [
  {
    name: 'grpcurl to Petal',
    start: async (stack) => {
      const rpc = await startPetalRpc(SEED)
      stack.defer(() => rpc.stop())
      return [...grpcurlCases(new Grpcurl(programs), rpc), ...localGrpcurlCases(new Grpcurl(programs), rpc)]
    },
  },
  {
    name: 'grpcurl to petal-node start',
    start: async (stack) =>
      programRpcCases(new Grpcurl(programs), await startProgram(stack, ['--frame-interval', '1'])),
  },
  {
    name: 'Petal to grpc-go behind peer TLS',
    start: async () => grpcServerCases(programs),
  },
]
