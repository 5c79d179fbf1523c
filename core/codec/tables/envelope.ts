/** Requests and bundles (spec 40 section 3.4). */
import { CodecError } from '../errors.ts'
import { type Inline, type Message, type MessageValue, message, sub } from '../message.ts'
import { Reader } from '../reader.ts'
import { arr, i64, lp } from '../types.ts'
import { CodeDeployment, CodeExecute, CodeFinalize, ComputeDeploy, ComputeUpdate } from './compute.ts'
import { FrameHeader } from './frame-header.ts'
import {
  HyperedgeAdd,
  HyperedgeRemove,
  HypergraphDeploy,
  HypergraphUpdate,
  VertexAdd,
  VertexRemove,
} from './hypergraph.ts'
import {
  AltShardUpdate,
  ProverConfirm,
  ProverJoin,
  ProverKick,
  ProverLeave,
  ProverPause,
  ProverReject,
  ProverResume,
  ProverSeniorityMerge,
  ProverUpdate,
  ShardMerge,
  ShardSplit,
} from './prover.ts'
import { MintTransaction, PendingTransaction, TokenDeploy, TokenUpdate, Transaction } from './token.ts'

/** Member name of each request kind (spec 40 section 7). */
export const REQUESTS = {
  join: ProverJoin,
  leave: ProverLeave,
  pause: ProverPause,
  resume: ProverResume,
  confirm: ProverConfirm,
  reject: ProverReject,
  kick: ProverKick,
  update: ProverUpdate,
  shard: FrameHeader,
  alt_shard_update: AltShardUpdate,
  seniority_merge: ProverSeniorityMerge,
  shard_split: ShardSplit,
  shard_merge: ShardMerge,
  hypergraph_deploy: HypergraphDeploy,
  hypergraph_update: HypergraphUpdate,
  vertex_add: VertexAdd,
  vertex_remove: VertexRemove,
  hyperedge_add: HyperedgeAdd,
  hyperedge_remove: HyperedgeRemove,
  token_deploy: TokenDeploy,
  token_update: TokenUpdate,
  transaction: Transaction,
  pending_transaction: PendingTransaction,
  mint_transaction: MintTransaction,
  compute_deploy: ComputeDeploy,
  compute_update: ComputeUpdate,
  code_deploy: CodeDeployment,
  code_execute: CodeExecute,
  code_finalize: CodeFinalize,
} as const

export type RequestKind = keyof typeof REQUESTS

/** Exactly one member: the request's kind and value. */
export type RequestValue = {
  [K in RequestKind]: { readonly [P in K]: MessageValue<(typeof REQUESTS)[K]> }
}[RequestKind]

const byPrefix = new Map<number, readonly [string, Message<unknown>]>(
  Object.entries(REQUESTS).map(([kind, table]) => [table.prefix, [kind, table as Message<unknown>]]),
)

/** Kind and table of a request value or of its readable form. */
function kindOf(value: object): readonly [RequestKind, Message<unknown>] {
  const kinds = (Object.keys(REQUESTS) as RequestKind[]).filter((name) => name in value)
  const kind = kinds[0]
  if (kind === undefined || kinds.length > 1) throw new CodecError('kind', 'a request needs exactly one known member')
  return [kind, REQUESTS[kind] as Message<unknown>]
}

const request: Inline<RequestValue> = {
  inline: true,
  read(reader) {
    const content = lp().read(reader)
    const inner = new Reader(content)
    const prefix = inner.u32()
    const row = byPrefix.get(prefix)
    if (row === undefined) throw new CodecError('kind', `no request has the type prefix ${prefix.toString(16)}`)
    return { [row[0]]: row[1].decode(content) } as RequestValue
  },
  write(writer, value) {
    const [kind, table] = kindOf(value)
    writer.prefixed(() => table.write(writer, (value as Record<string, unknown>)[kind]))
  },
  toJson(value) {
    const [kind, table] = kindOf(value)
    return { [kind]: table.toJson((value as Record<string, unknown>)[kind]) }
  },
  fromJson(json) {
    const [kind, table] = kindOf(json)
    return { [kind]: table.fromJson(json[kind] ?? null) } as RequestValue
  },
}

export const MessageRequest = message('MessageRequest', 0x0311, [request])

export const MessageBundle = message('MessageBundle', 0x0312, [
  ['requests', arr(sub(MessageRequest))],
  ['timestamp', i64],
])
