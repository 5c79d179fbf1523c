/** GlobalService and AppShardService (spec 51 section 5; RPC-10, RPC-12). */
import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { concatBytes } from '@noble/hashes/utils.js'
import { GlobalProposalSchema } from '@petal/core/gen/node/consensus_pb.js'
import {
  AppShardService,
  GlobalFrameResponseSchema,
  GlobalProposalResponseSchema,
  GlobalService,
} from '@petal/core/gen/node/global_service_pb.js'
import { SHARD_KEY_BYTES } from '@petal/core/state/location.ts'
import type { FrameSource } from '../../chain/source.ts'
import { CALLER } from '../callers.ts'
import { define } from './define.ts'
import { frameOf, globalFrame } from './frames.ts'
import { Messages } from './messages.ts'
import type { ServedService } from './served.ts'
import { type ShardState, shardFacts } from './shard-facts.ts'

/** A worker as its master tells of it. */
export interface WorkerFacts {
  readonly coreId: number
  readonly listenMultiaddr: string
  readonly streamListenMultiaddr: string
  readonly filter: Uint8Array
  readonly totalStorage: bigint
  readonly allocated: boolean
}

export interface GossipMessage {
  readonly data: Uint8Array
  readonly bitmask: Uint8Array
}

export interface GlobalContent {
  readonly source: FrameSource
  /** Absent where no state is kept. */
  readonly state?: ShardState
  /** Keys of all shards, 35 bytes each. */
  readonly shardKeys?: () => Promise<readonly Uint8Array[]>
  readonly workers: () => readonly WorkerFacts[]
  /** Takes a canonical prover message; rejects with `ConnectError`. Absent until something executes them. */
  readonly submit?: (message: Uint8Array) => Promise<void>
  /** Hears the messages of global topics until the returned function is called. Absent without gossip. */
  readonly onMessage?: (listener: (message: GossipMessage) => void) => () => void
}

export function globalService(content: GlobalContent): ServedService {
  const { source, state, submit, onMessage } = content
  return define(GlobalService, {
    getGlobalFrame: async ({ frameNumber }) =>
      create(GlobalFrameResponseSchema, { frame: await globalFrame(source, frameNumber) }),
    getGlobalProposal: ({ frameNumber }) => proposal(source, frameNumber),
    getLockedAddresses: () => ({ transactions: [] }),
    getWorkerInfo: () => ({ workers: content.workers().map((worker) => ({ ...worker })) }),
    ...(state === undefined
      ? {}
      : {
          getGlobalShards: async ({ l1, l2 }) => {
            const { size, commitment } = await shardFacts(state, concatBytes(l1, l2), [])
            return { size, commitment }
          },
          getAppShards: async ({ shardKey, prefix }, context) => ({
            info:
              shardKey.length === SHARD_KEY_BYTES
                ? [await shardFacts(state, shardKey, prefix)]
                : await everyShard(content, state, context.values.get(CALLER).isSelf),
          }),
        }),
    ...(onMessage === undefined
      ? {}
      : { streamGlobalMessages: (_request, { signal }) => new Messages(onMessage).until(signal) }),
    ...(submit === undefined
      ? {}
      : {
          submitGlobalMessage: async ({ data }) => {
            if (data.length === 0) throw new ConnectError('an empty message', Code.InvalidArgument)
            await submit(data)
            return {}
          },
        }),
  })
}

/** Frame 0 has a state only; of later frames this node keeps neither votes nor the parent's certificate, and a missing part empties the answer. */
async function proposal(source: FrameSource, number: bigint) {
  const header = number === 0n && source.oldest === 0n ? await source.header(0n) : undefined
  if (header === undefined) return create(GlobalProposalResponseSchema)
  return create(GlobalProposalResponseSchema, { proposal: create(GlobalProposalSchema, { state: frameOf(header) }) })
}

async function everyShard({ shardKeys }: GlobalContent, state: ShardState, isSelf: boolean) {
  if (!isSelf) throw new ConnectError('all shards are listed for this node itself only', Code.PermissionDenied)
  const keys = (await shardKeys?.()) ?? []
  const info = []
  // One after the other: the store has other work too.
  for (const shardKey of keys) info.push({ ...(await shardFacts(state, shardKey, [])), shardKey })
  return info
}

/** No shard has frames on this node yet: each is not found, and a proposal with missing parts is empty. */
export const appShardService = (): ServedService =>
  define(AppShardService, {
    getAppShardFrame: () => {
      throw new ConnectError('no shard frames here', Code.NotFound)
    },
    getAppShardProposal: () => ({}),
  })
