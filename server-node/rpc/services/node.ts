/** NodeService: what a node tells the programs of its operator (spec 51 section 5; RPC-08, RPC-09). */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { node } from '@petal/core/codec/index.ts'
import { toProtobuf } from '@petal/core/codec/protobuf.ts'
import {
  type CreateTraversalProofRequest,
  NodeService,
  RequestJoinRequestSchema,
  SetManuallyManagedRequestSchema,
  SubmitMessageRequestSchema,
} from '@petal/core/gen/node/node_service_pb.js'
import { type PeerInfo as PeerInfoMessage, PeerInfoSchema } from '@petal/core/gen/node/peer_pb.js'
import { type Ed448Verifier, type Identity, type PeerInfo, peerIdText } from '@petal/core/identity/index.ts'
import { type Generation, PHASES, type Phase, type State } from '@petal/core/platform/state.ts'
import { atomId, shardKey } from '@petal/core/state/location.ts'
import type { FrameSource } from '../../chain/source.ts'
import { PATCH_NUMBER, VERSION } from '../../peers/own-peer-info.ts'
import { AUTHENTICATION_HEADER, callRefusal, SeenOnce } from '../local-authentication.ts'
import { define } from './define.ts'
import { globalFrame } from './frames.ts'
import type { WorkerFacts } from './global.ts'
import type { OwnProver } from './own-prover.ts'
import { type AuthorisedSend, SendGuard } from './send.ts'
import type { ServedService } from './served.ts'
import { bigEndian } from './shard-facts.ts'

export interface NodeContent {
  readonly identity: Identity
  readonly engine: Ed448Verifier
  readonly source: FrameSource
  /** Absent where no state is kept. */
  readonly state?: Pick<State, 'generation'>
  /** Keys of all shards, 35 bytes each. */
  readonly shardKeys?: () => Promise<readonly Uint8Array[]>
  /** Records of the peers that are known, least recently heard of first. */
  readonly peers: () => readonly PeerInfo[]
  readonly workers: () => readonly WorkerFacts[]
  readonly reachable: () => boolean
  /** What the registry says of this node's own prover (`own-prover.ts`); null without one. */
  readonly prover?: () => Promise<OwnProver | null>
  /** Publishes what the operator sends; rejects with `ConnectError`. Absent without gossip. */
  readonly send?: (request: AuthorisedSend) => Promise<void>
  /** Takes a canonical prover message of the operator. Absent until something executes them. */
  readonly submit?: (message: Uint8Array) => Promise<void>
  readonly now?: () => number
}

const ADDRESS_BYTES = 64
const HALF = 32
const MOST_KEYS = 100
const MOST_SHARDS = 1_024
const PEER_BYTES = 8 << 20

export function nodeService(content: NodeContent, readMaxBytes: number): ServedService {
  const { identity, engine, source, state, send, submit } = content
  const guard = new SendGuard(identity.publicKey, engine)
  const authorise = operatorOnly(content)
  return define(
    NodeService,
    {
      getPeerInfo: () => ({ peerInfo: peerRecords(content.peers()) }),
      getNodeInfo: () => nodeInfo(content),
      getWorkerInfo: () => ({ workers: content.workers().map((worker) => ({ ...worker })) }),
      getLatestFrame: async ({ frameNumber }) => ({ frame: await globalFrame(source, frameNumber) }),
      async send(request) {
        const authorised = guard.authorise(request)
        if (send === undefined) throw waits('this node hears no gossip: nothing here takes what is sent')
        await send(authorised).catch((error: unknown) => {
          guard.release(request)
          throw error
        })
        return {}
      },
      async submitMessage(request, context) {
        authorise(context, SubmitMessageRequestSchema, request)
        if (submit === undefined) throw waits('waits for execution: this node takes no prover messages yet')
        await submit(request.data)
        return {}
      },
      requestJoin(request, context) {
        authorise(context, RequestJoinRequestSchema, request)
        throw waits('waits for provers: this node cannot join a shard yet')
      },
      setManuallyManaged(request, context) {
        authorise(context, SetManuallyManagedRequestSchema, request)
        throw waits('waits for workers: this node has none')
      },
      ...(state === undefined ? {} : stateMethods(state, content.shardKeys)),
    },
    { readMaxBytes },
  )
}

/** As many as fit an answer, the newest first. */
function peerRecords(infos: readonly PeerInfo[]): PeerInfoMessage[] {
  const records: PeerInfoMessage[] = []
  let left = PEER_BYTES
  for (const info of infos.toReversed()) {
    const bytes = toProtobuf(node.PeerInfo, info)
    left -= bytes.length
    if (left < 0) break
    records.push(fromBinary(PeerInfoSchema, bytes))
  }
  return records
}

async function nodeInfo({ identity, source, workers, reachable, prover }: NodeContent) {
  const own = (await prover?.()) ?? { seniority: 0n, allocations: [] }
  const head = source.head().number
  const all = workers()
  return {
    peerId: peerIdText(identity.peerId),
    version: VERSION,
    peerSeniority: bigEndian(own.seniority),
    shardAllocations: own.allocations.map((allocation) => ({ ...allocation })),
    patchNumber: PATCH_NUMBER,
    runningWorkers: all.length,
    allocatedWorkers: all.filter(({ allocated }) => allocated).length,
    lastReceivedFrame: head,
    lastGlobalHeadFrame: head,
    reachable: reachable(),
  }
}

function stateMethods(state: Pick<State, 'generation'>, shardKeys: NodeContent['shardKeys']) {
  const atom = (address: Uint8Array, set: 'vertex' | 'hyperedge') =>
    reading(state, async (generation) => {
      if (address.length !== ADDRESS_BYTES)
        throw new ConnectError(`an address of ${address.length} bytes, ${ADDRESS_BYTES} wanted`, Code.InvalidArgument)
      const location = { domain: address.slice(0, HALF), address: address.slice(HALF), set }
      return { value: await generation.get(location), frameNumber: generation.frame }
    })
  return {
    async getVertexData({ address, fullData }: { readonly address: Uint8Array; readonly fullData: boolean }) {
      const { value, frameNumber } = await atom(address, 'vertex')
      return { exists: value !== undefined, frameNumber, ...(fullData && value !== undefined ? { data: value } : {}) }
    },
    async getHyperedgeData({ address }: { readonly address: Uint8Array }) {
      const { value, frameNumber } = await atom(address, 'hyperedge')
      return { exists: value !== undefined, frameNumber, ...(value === undefined ? {} : { data: value }) }
    },
    createTraversalProof: (request: CreateTraversalProofRequest) =>
      reading(state, async (generation) => ({ proof: await traversalProof(generation, request) })),
    getShardInfo: ({ includeAll }: { readonly includeAll: boolean }) =>
      reading(state, async (generation) => {
        // Without workers no shard is this node's own.
        const keys = includeAll ? ((await shardKeys?.()) ?? []) : []
        const shards = keys.slice(0, MOST_SHARDS).map((key) => shardInfo(generation, key))
        return { shards: await Promise.all(shards), frameNumber: generation.frame }
      }),
  }
}

async function shardInfo(generation: Generation, key: Uint8Array) {
  const nodes = await Promise.all(PHASES.map((phase) => generation.branch({ shardKey: key, phase }, [])))
  const commitment = await generation.roots(key)
  return { shardKey: key, commitment: [...commitment], leafCounts: nodes.map(({ leafCount }) => leafCount) }
}

/** Keys are 64-byte ids of the domain, or their 32-byte data addresses. */
async function traversalProof(generation: Generation, request: CreateTraversalProofRequest): Promise<Uint8Array> {
  const { domain, keys } = request
  const phase = phaseOf(request)
  if (domain.length !== HALF || phase === undefined || keys.length === 0 || keys.length > MOST_KEYS)
    throw new ConnectError(
      `32 bytes of domain, vertex or hyperedge, adds or removes, and 1 to ${MOST_KEYS} keys are wanted`,
      Code.InvalidArgument,
    )
  const ids = keys.map((key) => (key.length === HALF ? atomId(domain, key) : key))
  if (ids.some((id) => id.length !== ADDRESS_BYTES))
    throw new ConnectError('keys have 32 or 64 bytes', Code.InvalidArgument)
  return generation.prove({ shardKey: shardKey(domain), phase }, ids)
}

const PHASE_NAMES = ['vertex adds', 'vertex removes', 'hyperedge adds', 'hyperedge removes']

const phaseOf = ({ atomType, phaseType }: CreateTraversalProofRequest): Phase | undefined =>
  PHASES[PHASE_NAMES.indexOf(`${atomType} ${phaseType}`)]

async function reading<T>(state: Pick<State, 'generation'>, work: (generation: Generation) => Promise<T>): Promise<T> {
  const generation = await state.generation()
  try {
    return await work(generation)
  } finally {
    generation.release()
  }
}

/** Throws UNAUTHENTICATED unless the node's own key signed the call, ALREADY_EXISTS for a call that was made before. */
function operatorOnly({ identity, engine, now = Date.now }: NodeContent) {
  const seen = new SeenOnce()
  return <D extends DescMessage>(
    { method, requestHeader }: HandlerContext,
    schema: D,
    request: MessageShape<D>,
  ): void => {
    const header = requestHeader.get(AUTHENTICATION_HEADER)
    const path = `/${method.parent.typeName}/${method.name}`
    const refusal = callRefusal(header, identity.publicKey, path, toBinary(schema, request), now(), engine)
    if (refusal !== null)
      throw new ConnectError(
        `this call changes the node: ${AUTHENTICATION_HEADER} is wrong (${refusal})`,
        Code.Unauthenticated,
      )
    if (!seen.add(new TextEncoder().encode(header ?? '')))
      throw new ConnectError('this call was made before', Code.AlreadyExists)
  }
}

const waits = (text: string): ConnectError => new ConnectError(text, Code.Unimplemented)
