/**
 * RPC messages of BlossomSub (spec 50 section 5; core/proto/gossip.proto): the one place that reads and writes them. What a peer sends is
 * counted before it is kept: a frame of 16 MiB could else name millions of empty entries.
 */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { RpcSchema } from '../gen/gossip_pb.js'
import { FrameDecoder, frame } from '../light/frame-decoder.ts'
import { decodeMessage, type GossipMessage } from './message.ts'
import { RpcError, readField } from './rpc-reader.ts'
import { varintLength, writeBytes } from './rpc-writer.ts'

export { RpcError, type RpcErrorCode } from './rpc-reader.ts'

/** Limits of the wire. */
export const RPC_LIMITS = {
  /** Longest RPC, without its length: what every node takes (R 16 MiB, G 20 MiB). */
  frameBytes: 16 << 20,
  /** What is sent at once when the content allows it. */
  sentBytes: 1 << 20,
  /** Room for everything around one message that fills a frame. */
  overheadBytes: 1024,
  subscriptions: 1024,
  messages: 8192,
  /** IHAVE, IWANT, GRAFT, PRUNE and IDONTWANT together. */
  controls: 4096,
  /** Message ids in all of them together. */
  ids: 65_536,
  /** Peers offered in PRUNE, all together. */
  offeredPeers: 256,
  /** Longest bitmask that is looked at; longer ones have no meaning and are dropped. */
  bitmaskBytes: 128,
} as const

export interface SubscriptionChange {
  readonly subscribe: boolean
  readonly bitmask: Uint8Array
}
export interface IHave {
  readonly bitmask: Uint8Array
  readonly ids: readonly Uint8Array[]
}
export interface OfferedPeer {
  readonly peerId: Uint8Array
  /** Empty when the offer has none. */
  readonly signedPeerRecord: Uint8Array
}
export interface Prune {
  readonly bitmask: Uint8Array
  readonly peers: readonly OfferedPeer[]
  /** Seconds; 0 = not said. */
  readonly backoff: bigint
}

/** One RPC. IWANT and IDONTWANT are one list each: how a peer cut them has no meaning. */
export interface Rpc {
  readonly subscriptions: readonly SubscriptionChange[]
  readonly messages: readonly GossipMessage[]
  readonly ihave: readonly IHave[]
  readonly iwant: readonly Uint8Array[]
  readonly graft: readonly Uint8Array[]
  readonly prune: readonly Prune[]
  readonly idontwant: readonly Uint8Array[]
}

/** RPC to be written; what is absent is empty. Messages are their bytes. */
export type RpcParts = Partial<Omit<Rpc, 'messages'>> & { readonly messages?: readonly Uint8Array[] }

/** Framed bytes of an RPC. Throws `WireError` `limit` above 16 MiB. */
export function encodeRpc(parts: RpcParts): Uint8Array {
  const { messages: only } = parts
  if (only !== undefined && Object.keys(parts).length === 1) return frame(messagesAlone(only), RPC_LIMITS.frameBytes)
  const { subscriptions = [], messages = [], ihave = [], iwant = [], graft = [], prune = [], idontwant = [] } = parts
  const control: MessageInitShape<typeof RpcSchema>['control'] = {
    ihave: ihave.map(({ bitmask, ids }) => ({ bitmask, messageIds: [...ids] })),
    iwant: iwant.length === 0 ? [] : [{ messageIds: [...iwant] }],
    graft: graft.map((bitmask) => ({ bitmask })),
    prune: prune.map(({ bitmask, peers, backoff }) => ({
      bitmask,
      backoff,
      peers: peers.map((peer) => ({ ...peer })),
    })),
    idontwant: idontwant.length === 0 ? [] : [{ messageIds: [...idontwant] }],
  }
  const any = [ihave, iwant, graft, prune, idontwant].some((list) => list.length > 0)
  const rpc = create(RpcSchema, {
    subscriptions: subscriptions.map((each) => ({ ...each })),
    publish: [...messages],
    ...(any ? { control } : {}),
  })
  return frame(toBinary(RpcSchema, rpc), RPC_LIMITS.frameBytes)
}

/** An RPC of messages and nothing else, which most are: written in place. */
function messagesAlone(messages: readonly Uint8Array[]): Uint8Array {
  const length = messages.reduce((sum, { length: each }) => sum + 1 + varintLength(each) + each, 0)
  const bytes = new Uint8Array(length)
  let at = 0
  for (const message of messages) at = writeBytes(bytes, at, 2, message)
  return bytes
}

/** Cuts a stream into RPCs; throws `WireError` for a length above 16 MiB, before anything is allocated for it. */
export const rpcFrames = (): FrameDecoder => new FrameDecoder(RPC_LIMITS.frameBytes)

/** Lists of an RPC while it is read, and what is counted. */
class Draft implements Rpc {
  readonly subscriptions: SubscriptionChange[] = []
  readonly messages: GossipMessage[] = []
  readonly ihave: IHave[] = []
  readonly iwant: Uint8Array[] = []
  readonly graft: Uint8Array[] = []
  readonly prune: Prune[] = []
  readonly idontwant: Uint8Array[] = []
  #controls = 0
  #ids = 0
  #offeredPeers = 0

  control(): void {
    check(++this.#controls, RPC_LIMITS.controls, 'control messages')
  }
  id(list: Uint8Array[], id: Uint8Array): void {
    check(++this.#ids, RPC_LIMITS.ids, 'message ids')
    list.push(id)
  }
  offeredPeer(): void {
    check(++this.#offeredPeers, RPC_LIMITS.offeredPeers, 'offered peers')
  }
}

function check(count: number, most: number, what: string): void {
  if (count > most) throw new RpcError('limit', `RPC with more than ${most} ${what}`)
}

/** Reads one RPC, without its length. Throws `RpcError`; the bytes of its messages stay views of `bytes`. */
export function decodeRpc(bytes: Uint8Array): Rpc {
  if (bytes.length > RPC_LIMITS.frameBytes) throw new RpcError('limit', `RPC of ${bytes.length} bytes`)
  const draft = new Draft()
  each(bytes, 3, (field, reader) => {
    const content = reader.bytes()
    if (field === 1) {
      check(draft.subscriptions.length + 1, RPC_LIMITS.subscriptions, 'subscriptions')
      draft.subscriptions.push(readSubscription(content))
    } else if (field === 2) {
      check(draft.messages.length + 1, RPC_LIMITS.messages, 'messages')
      draft.messages.push(decodeMessage(content))
    } else readControl(content, draft)
  })
  return draft
}

function each(
  bytes: Uint8Array,
  known: number,
  take: (field: number, reader: BinaryReader) => void,
  varints?: readonly number[],
): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) readField(reader, known, (field) => take(field, reader), varints)
}

function readSubscription(bytes: Uint8Array): SubscriptionChange {
  let subscribe = false
  let bitmask: Uint8Array = new Uint8Array()
  const take = (field: number, reader: BinaryReader) => {
    if (field === 1) subscribe = reader.bool()
    else bitmask = reader.bytes()
  }
  each(bytes, 2, take, [1])
  return { subscribe, bitmask }
}

function readControl(bytes: Uint8Array, draft: Draft): void {
  each(bytes, 5, (field, reader) => {
    draft.control()
    const content = reader.bytes()
    if (field === 1) draft.ihave.push(readIHave(content, draft))
    else if (field === 2) each(content, 1, (_, inner) => draft.id(draft.iwant, inner.bytes()))
    else if (field === 3) draft.graft.push(readGraft(content))
    else if (field === 4) draft.prune.push(readPrune(content, draft))
    else each(content, 1, (_, inner) => draft.id(draft.idontwant, inner.bytes()))
  })
}

function readIHave(bytes: Uint8Array, draft: Draft): IHave {
  let bitmask: Uint8Array = new Uint8Array()
  const ids: Uint8Array[] = []
  each(bytes, 2, (field, reader) => {
    if (field === 1) bitmask = reader.bytes()
    else draft.id(ids, reader.bytes())
  })
  return { bitmask, ids }
}

function readGraft(bytes: Uint8Array): Uint8Array {
  let bitmask: Uint8Array = new Uint8Array()
  each(bytes, 1, (_, reader) => {
    bitmask = reader.bytes()
  })
  return bitmask
}

function readPrune(bytes: Uint8Array, draft: Draft): Prune {
  let bitmask: Uint8Array = new Uint8Array()
  let backoff = 0n
  const peers: OfferedPeer[] = []
  const take = (field: number, reader: BinaryReader) => {
    if (field === 1) bitmask = reader.bytes()
    else if (field === 2) {
      draft.offeredPeer()
      peers.push(readOfferedPeer(reader.bytes()))
    } else backoff = BigInt(reader.uint64())
  }
  each(bytes, 3, take, [3])
  return { bitmask, peers, backoff }
}

function readOfferedPeer(bytes: Uint8Array): OfferedPeer {
  let peerId: Uint8Array = new Uint8Array()
  let signedPeerRecord: Uint8Array = new Uint8Array()
  each(bytes, 2, (field, reader) => {
    if (field === 1) peerId = reader.bytes()
    else signedPeerRecord = reader.bytes()
  })
  return { peerId, signedPeerRecord }
}
