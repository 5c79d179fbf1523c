/** One router and peers that a test plays by hand. Used by tests only. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js'
import type { Millis } from '../platform/machine.ts'
import type { GossipEffect, GossipEvent, PeerKey, Verdict } from './events.ts'
import { type GossipMessage, messageOf, peerIdOfKey, signingPayload } from './message.ts'
import { GOSSIP_LIMITS, type GossipConfig, type GossipLimits, type GossipParams, paramsOf } from './params.ts'
import { GossipRouter } from './router.ts'
import { decodeRpc, encodeRpc, type Rpc, type RpcParts, rpcFrames } from './rpc.ts'

const keyOf = (name: string): Uint8Array =>
  concatBytes(Uint8Array.of(0x08, 0x04, 0x12, 0x39), sha256(new TextEncoder().encode(name)), new Uint8Array(25))

const signatureOf = (key: Uint8Array, payload: Uint8Array): Uint8Array => sha256(concatBytes(key, payload))

let counter = 0

/** A message that `author` signed. */
export function messageBy(author: string, bitmask: Uint8Array, data: Uint8Array): GossipMessage {
  const key = keyOf(author)
  const seqno = new Uint8Array(8)
  new DataView(seqno.buffer).setUint32(4, ++counter)
  const unsigned = { from: peerIdOfKey(key), data, seqno, bitmask }
  return messageOf({ ...unsigned, key, signature: signatureOf(key, signingPayload(unsigned)) })
}

export interface OneRouterOptions {
  readonly params?: Partial<GossipParams>
  readonly limits?: Partial<GossipLimits>
  readonly config?: Partial<GossipConfig>
  readonly network?: number
}

export class OneRouter {
  readonly router: GossipRouter
  now: Millis = 1_750_000_000_000
  /** Everything but sends. */
  effects: GossipEffect[] = []
  /** What `validate` is answered with; null = not at all. */
  verdict: Verdict | null = 'accept'
  /** Whether `verify` is answered at once. */
  verifies = true
  /** Whether queues empty at once. */
  drains = true
  readonly #sent = new Map<PeerKey, Rpc[]>()
  #stream = 0
  readonly #streams = new Map<PeerKey, number>()
  #wakeAt: Millis = 0

  constructor({ params, limits, config, network = 1 }: OneRouterOptions = {}) {
    const key = keyOf('self')
    const defaults = paramsOf(network)
    let seed = 7
    this.router = new GossipRouter({
      params: { ...defaults.params, ...params },
      scores: defaults.scores,
      limits: { ...GOSSIP_LIMITS, ...limits },
      identity: { key, peerId: peerIdOfKey(key) },
      firstSeqno: 5n,
      direct: new Set(),
      outsideMesh: new Set(),
      random: () => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
        return seed / 0x80000000
      },
      ...config,
    })
  }

  feed(event: GossipEvent): void {
    for (const effect of this.router.handle(event, this.now)) this.#perform(effect)
  }

  /** A peer that connects and announces topics. */
  peer(
    name: PeerKey,
    topics: readonly Uint8Array[] = [],
    outbound = true,
    address: string | null = null,
    hasTwins = false,
  ): void {
    this.feed({ kind: 'connected', peer: name, outbound, address, hasTwins })
    this.#openStream(name)
    if (topics.length > 0) this.say(name, { subscriptions: topics.map((bitmask) => ({ subscribe: true, bitmask })) })
  }

  say(name: PeerKey, parts: RpcParts): void {
    for (const bytes of rpcFrames().push(encodeRpc(parts))) this.raw(name, bytes)
  }

  raw(name: PeerKey, bytes: Uint8Array): void {
    this.feed({ kind: 'frame', peer: name, stream: this.#streams.get(name) ?? -1, bytes })
  }

  reopen(name: PeerKey): void {
    this.#openStream(name)
  }

  #openStream(name: PeerKey): void {
    this.#streams.set(name, ++this.#stream)
    this.feed({ kind: 'streamOpened', peer: name, stream: this.#stream })
  }

  /** Lets so many heartbeats pass. */
  beat(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.now = Math.max(this.now, this.#wakeAt)
      this.feed({ kind: 'wake' })
    }
  }

  /** Lets time pass, heartbeats with it. */
  pass(millis: Millis): void {
    const end = this.now + millis
    while (this.#wakeAt <= end) this.beat()
    this.now = end
  }

  /** What was said to a peer since the last call, as one RPC. */
  heard(name: PeerKey): Rpc {
    const all = this.#sent.get(name) ?? []
    this.#sent.delete(name)
    return {
      subscriptions: all.flatMap((rpc) => rpc.subscriptions),
      messages: all.flatMap((rpc) => rpc.messages),
      ihave: all.flatMap((rpc) => rpc.ihave),
      iwant: all.flatMap((rpc) => rpc.iwant),
      graft: all.flatMap((rpc) => rpc.graft),
      prune: all.flatMap((rpc) => rpc.prune),
      idontwant: all.flatMap((rpc) => rpc.idontwant),
    }
  }

  /** Forgets what was said and asked for. */
  clear(): void {
    this.#sent.clear()
    this.effects = []
  }

  /** Data of the messages that were delivered, as hex. */
  delivered(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === 'deliver' ? [bytesToHex(effect.message.data)] : []))
  }

  #perform(effect: GossipEffect): void {
    if (effect.kind === 'send') {
      const list = this.#sent.get(effect.peer) ?? []
      for (const bytes of rpcFrames().push(effect.bytes)) list.push(decodeRpc(bytes))
      this.#sent.set(effect.peer, list)
      if (this.drains) this.feed({ kind: 'sent', peer: effect.peer, bytes: effect.bytes.length })
      return
    }
    this.effects.push(effect)
    if (effect.kind === 'wake') this.#wakeAt = effect.at
    else if (effect.kind === 'sign') {
      this.feed({ kind: 'signed', job: effect.job, signature: signatureOf(keyOf('self'), effect.payload) })
    } else if (effect.kind === 'verify' && this.verifies) {
      const valid = bytesToHex(signatureOf(effect.key, effect.payload)) === bytesToHex(effect.signature)
      this.feed({ kind: 'verified', job: effect.job, valid })
    } else if (effect.kind === 'validate' && this.verdict !== null) {
      this.feed({ kind: 'judged', job: effect.job, verdict: this.verdict })
    }
  }
}
