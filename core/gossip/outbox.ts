/** Collects what one event makes the router say to each peer, and cuts it into RPCs (spec 50 section 5: 1 MiB where the content allows). */
import type { BitmaskKey } from './bitmask.ts'
import type { GossipEffect, PeerKey } from './events.ts'
import type { IHave, Prune, RpcParts, SubscriptionChange } from './rpc.ts'
import { encodeRpc, RPC_LIMITS } from './rpc.ts'

interface Draft {
  readonly subscriptions: SubscriptionChange[]
  readonly graft: Map<BitmaskKey, Uint8Array>
  readonly prune: Map<BitmaskKey, Prune>
  readonly ihave: IHave[]
  readonly iwant: Uint8Array[]
  readonly idontwant: Uint8Array[]
  readonly messages: Uint8Array[]
  messageBytes: number
}

/** Ids of one RPC: about 560 KB. */
const IDS = 16_384
/** Topics of one RPC that ids are told of: a quarter of what is read. */
const ENTRIES = RPC_LIMITS.controls >> 2
/** Bytes that tags and lengths around a message cost at most. */
const OVERHEAD = 16

export class Outbox {
  readonly #drafts = new Map<PeerKey, Draft>()
  /** Bytes of messages in all drafts. */
  messageBytes = 0

  /** Bytes of messages that are on their way to `peer` in this event. */
  bytesFor(peer: PeerKey): number {
    return this.#drafts.get(peer)?.messageBytes ?? 0
  }

  subscriptions(peer: PeerKey, changes: readonly SubscriptionChange[]): void {
    if (changes.length > 0) this.#of(peer).subscriptions.push(...changes)
  }

  graft(peer: PeerKey, topic: BitmaskKey, bitmask: Uint8Array): void {
    this.#of(peer).graft.set(topic, bitmask)
  }

  /** `backoff` in seconds. */
  prune(peer: PeerKey, topic: BitmaskKey, bitmask: Uint8Array, backoff: number): void {
    const draft = this.#of(peer)
    draft.graft.delete(topic)
    draft.prune.set(topic, { bitmask, peers: [], backoff: BigInt(backoff) })
  }

  ihave(peer: PeerKey, ihave: IHave): void {
    this.#of(peer).ihave.push(ihave)
  }

  iwant(peer: PeerKey, id: Uint8Array): void {
    this.#of(peer).iwant.push(id)
  }

  idontwant(peer: PeerKey, id: Uint8Array): void {
    this.#of(peer).idontwant.push(id)
  }

  message(peer: PeerKey, bytes: Uint8Array): void {
    const draft = this.#of(peer)
    draft.messages.push(bytes)
    draft.messageBytes += bytes.length
    this.messageBytes += bytes.length
  }

  /** The peer is gone. */
  forget(peer: PeerKey): void {
    this.messageBytes -= this.bytesFor(peer)
    this.#drafts.delete(peer)
  }

  /** What is to be sent, as framed RPCs; empties the box. */
  flush(): Extract<GossipEffect, { kind: 'send' }>[] {
    const sends: Extract<GossipEffect, { kind: 'send' }>[] = []
    // One message goes to many peers: its frame is made once.
    const alone = new Map<Uint8Array, Uint8Array>()
    for (const [peer, draft] of this.#drafts) {
      for (const parts of rpcsOf(draft)) {
        const only = onlyMessage(parts)
        const bytes = (only && alone.get(only)) ?? encodeRpc(parts)
        if (only) alone.set(only, bytes)
        sends.push({ kind: 'send', peer, bytes })
      }
    }
    this.#drafts.clear()
    this.messageBytes = 0
    return sends
  }

  #of(peer: PeerKey): Draft {
    let draft = this.#drafts.get(peer)
    if (draft === undefined) {
      draft = {
        subscriptions: [],
        graft: new Map(),
        prune: new Map(),
        ihave: [],
        iwant: [],
        idontwant: [],
        messages: [],
        messageBytes: 0,
      }
      this.#drafts.set(peer, draft)
    }
    return draft
  }
}

function onlyMessage(parts: RpcParts): Uint8Array | undefined {
  const { messages } = parts
  return Object.keys(parts).length === 1 && messages?.length === 1 ? messages[0] : undefined
}

/** Meshes first, since messages travel by them; then messages, then who has what. */
function* rpcsOf(draft: Draft): Generator<RpcParts, void> {
  const { subscriptions, idontwant } = draft
  const graft = [...draft.graft.values()]
  const prune = [...draft.prune.values()]
  if (subscriptions.length + graft.length + prune.length + idontwant.length > 0) {
    const first = idontwant.slice(0, IDS)
    yield { subscriptions, graft, prune, idontwant: first }
    for (const ids of chunks(idontwant.slice(IDS))) yield { idontwant: ids }
  }
  yield* messageRpcs(draft.messages)
  for (const ids of chunks(draft.iwant)) yield { iwant: ids }
  let ihave: IHave[] = []
  let count = 0
  for (const each of draft.ihave) {
    if (count > 0 && (count + each.ids.length > IDS || ihave.length >= ENTRIES)) {
      yield { ihave }
      ihave = []
      count = 0
    }
    ihave.push(each)
    count += each.ids.length
  }
  if (ihave.length > 0) yield { ihave }
}

function* messageRpcs(messages: readonly Uint8Array[]): Generator<RpcParts, void> {
  let some: Uint8Array[] = []
  let bytes = 0
  for (const message of messages) {
    const cost = message.length + OVERHEAD
    if (some.length > 0 && (bytes + cost > RPC_LIMITS.sentBytes || some.length >= RPC_LIMITS.messages)) {
      yield { messages: some }
      some = []
      bytes = 0
    }
    some.push(message)
    bytes += cost
  }
  if (some.length > 0) yield { messages: some }
}

function* chunks(ids: readonly Uint8Array[]): Generator<readonly Uint8Array[], void> {
  for (let from = 0; from < ids.length; from += IDS) yield ids.slice(from, from + IDS)
}
