/** Messages of PerformSync as plain values, with their bounds (spec 22 section 2, SYN-01, SYN-09). One reader, one writer for both ends. */
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  type HypergraphSyncBranchResponse,
  type HypergraphSyncLeavesResponse,
  HypergraphSyncQuerySchema,
  HypergraphSyncResponseSchema,
} from '../gen/sync_pb.js'
import { type BranchInfo, PHASES, type Phase, type ServedLeaf, type TreeName } from '../platform/state.ts'
import { SyncWireError } from './errors.ts'
import { SYNC_LIMITS } from './limits.ts'
import { encodePage } from './page-writer.ts'
import { checkCounts } from './wire-counts.ts'

export type SyncQuery =
  | {
      readonly kind: 'branch'
      readonly tree: TreeName
      readonly path: readonly number[]
      /** Root of the generation; empty = latest. */
      readonly expectedRoot: Uint8Array
    }
  | {
      readonly kind: 'leaves'
      readonly tree: TreeName
      readonly path: readonly number[]
      readonly expectedRoot: Uint8Array
      /** 0 = as many as a page holds. */
      readonly maxLeaves: number
      readonly token: Uint8Array
    }

/** Codes of the protocol. */
export const SYNC_CODE = { unknown: 0, shardKey: 1, path: 2, notFound: 3, unavailable: 4, internal: 5 } as const
export type SyncCode = (typeof SYNC_CODE)[keyof typeof SYNC_CODE]

export interface LeavesAnswer {
  readonly kind: 'leaves'
  readonly path: readonly number[]
  readonly leaves: readonly ServedLeaf[]
  /** Empty on the last page. */
  readonly token: Uint8Array
  readonly total: bigint
}

export interface BranchAnswer extends BranchInfo {
  readonly kind: 'branch'
}

export interface ErrorAnswer {
  readonly kind: 'error'
  readonly code: number
  readonly message: string
  readonly path: readonly number[]
}

export type SyncResponse = BranchAnswer | LeavesAnswer | ErrorAnswer

export function encodeQuery(query: SyncQuery): Uint8Array {
  const common = {
    shardKey: query.tree.shardKey,
    phaseSet: query.tree.phase,
    path: [...query.path],
    expectedRoot: query.expectedRoot,
  }
  const request: MessageInitShape<typeof HypergraphSyncQuerySchema>['request'] =
    query.kind === 'branch'
      ? { case: 'getBranch', value: common }
      : { case: 'getLeaves', value: { ...common, maxLeaves: query.maxLeaves, continuationToken: query.token } }
  return toBinary(HypergraphSyncQuerySchema, create(HypergraphSyncQuerySchema, { request }))
}

/** Reads a query. Throws `SyncWireError`; the shard key is as sent, the server judges it. */
export function decodeQuery(bytes: Uint8Array): SyncQuery {
  if (bytes.length > SYNC_LIMITS.queryBytes) throw tooLong(bytes, SYNC_LIMITS.queryBytes)
  const { request } = decoded(() => fromBinary(HypergraphSyncQuerySchema, bytes))
  if (request.case === undefined) throw new SyncWireError('kind', 'a query without a request')
  const { shardKey, phaseSet, path, expectedRoot } = request.value
  const phase = PHASES.find((known) => known === phaseSet)
  if (phase === undefined) throw new SyncWireError('range', `phase set ${phaseSet}`)
  const common = { tree: { shardKey, phase: phase as Phase }, path: checkPath(path), expectedRoot }
  if (request.case === 'getBranch') return { kind: 'branch', ...common }
  const { maxLeaves, continuationToken } = request.value
  return { kind: 'leaves', ...common, maxLeaves, token: continuationToken }
}

export function encodeResponse(response: SyncResponse): Uint8Array {
  if (response.kind === 'leaves') return encodePage(response)
  return toBinary(HypergraphSyncResponseSchema, create(HypergraphSyncResponseSchema, { response: fieldsOf(response) }))
}

function fieldsOf(
  response: BranchAnswer | ErrorAnswer,
): NonNullable<MessageInitShape<typeof HypergraphSyncResponseSchema>['response']> {
  switch (response.kind) {
    case 'branch': {
      const { fullPath, commitment, children, isLeaf, leafCount } = response
      const value = { fullPath: [...fullPath], commitment, children: [...children], isLeaf, leafCount }
      return { case: 'branch', value }
    }
    case 'error':
      return { case: 'error', value: { code: response.code, message: response.message, path: [...response.path] } }
  }
}

/** Reads a response of a peer. Throws `SyncWireError`; counts are bounded before anything is allocated for them. */
export function decodeResponse(bytes: Uint8Array): SyncResponse {
  if (bytes.length > SYNC_LIMITS.responseBytes) throw tooLong(bytes, SYNC_LIMITS.responseBytes)
  decoded(() => checkCounts(bytes))
  const { response } = decoded(() => fromBinary(HypergraphSyncResponseSchema, bytes))
  switch (response.case) {
    case 'branch':
      return readBranch(response.value)
    case 'leaves':
      return readLeaves(response.value)
    case 'error': {
      const { code, message, path } = response.value
      return { kind: 'error', code, message: message.slice(0, SYNC_LIMITS.errorCharacters), path: checkPath(path) }
    }
    default:
      throw new SyncWireError('kind', 'a response without content')
  }
}

function readBranch(branch: HypergraphSyncBranchResponse): BranchAnswer {
  const { fullPath, commitment, children, isLeaf, leafCount } = branch
  let last = -1
  for (const child of children) {
    if (child.index <= last || child.index >= SYNC_LIMITS.children)
      throw new SyncWireError('range', `child ${child.index} after ${last}`)
    last = child.index
    checkRoot(child.commitment)
  }
  if (commitment.length !== 0) checkRoot(commitment)
  const own = children.map(({ index, commitment }) => ({ index, commitment }))
  return { kind: 'branch', fullPath: checkPath(fullPath), commitment, children: own, isLeaf, leafCount }
}

function readLeaves({ path, leaves, continuationToken, totalLeaves }: HypergraphSyncLeavesResponse): LeavesAnswer {
  const read = leaves.map(({ key, value, hashTarget, size, underlyingData }) => {
    if (key.length === 0 || key.length > SYNC_LIMITS.keyBytes)
      throw new SyncWireError('range', `a key of ${key.length} bytes`)
    if (hashTarget.length !== 0) checkRoot(hashTarget)
    for (const field of [value, underlyingData])
      if (field.length > SYNC_LIMITS.valueBytes) throw new SyncWireError('range', `a value of ${field.length} bytes`)
    return { key, value, hashTarget, size: readSize(size), underlyingData }
  })
  return { kind: 'leaves', path: checkPath(path), leaves: read, token: continuationToken, total: totalLeaves }
}

/** Both known forms: 32 bytes, or minimal with a leading zero where the top bit is set. */
function readSize(bytes: Uint8Array): bigint {
  if (bytes.length > SYNC_LIMITS.sizeBytes) throw new SyncWireError('range', `a size of ${bytes.length} bytes`)
  let size = 0n
  for (const byte of bytes) size = (size << 8n) | BigInt(byte)
  return size
}

function checkPath(path: readonly number[]): readonly number[] {
  if (path.length > SYNC_LIMITS.path) throw new SyncWireError('limit', `a path of ${path.length} elements`)
  for (const element of path)
    if (element < 0 || element > 63) throw new SyncWireError('range', `a path element ${element}`)
  return path
}

function checkRoot(commitment: Uint8Array): void {
  if (!SYNC_LIMITS.rootBytes.includes(commitment.length))
    throw new SyncWireError('range', `a commitment of ${commitment.length} bytes`)
}

const tooLong = (bytes: Uint8Array, most: number): SyncWireError =>
  new SyncWireError('long', `${bytes.length} bytes, ${most} are read`)

function decoded<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof SyncWireError) throw error
    throw new SyncWireError('decode', 'not a message of PerformSync', { cause: error })
  }
}
