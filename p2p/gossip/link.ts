/**
 * The streams between this node and one peer (docs/protocol/50-p2p.md section 5): we write on the one we opened, it on the one it opened. Frames
 * wait in a queue while the peer is slow; one that takes nothing for a while is given up.
 */
import type { Connection, Stream, StreamMessageEvent } from '@libp2p/interface'
import { concatBytes } from '@noble/hashes/utils.js'
import { rpcFrames } from '@petal/core/gossip/rpc.ts'
import type { FrameDecoder } from '@petal/core/light/frame-decoder.ts'
import { drained } from '../drained.ts'
import { messageOf } from '../errors.ts'
import { soon } from '../soon.ts'
import type { UnfinishedFrames } from './unfinished-frames.ts'

export interface LinkLimits {
  /** From the wish for a stream until the peer agreed to its protocol. */
  readonly openMillis: number
  /** A peer takes what was sent to it within this time. */
  readonly sendMillis: number
  /** Unfinished judgements of one peer above which its stream is not read. */
  readonly judgements: number
  /** Bytes of frames that are not complete yet, of all peers together. */
  readonly unfinishedBytes: number
}

export const LINK_LIMITS: LinkLimits = {
  openMillis: 10_000,
  sendMillis: 20_000,
  judgements: 512,
  unfinishedBytes: 128 << 20,
}

/** Small frames are written together up to this. */
const WRITE_BYTES = 64 << 10

export interface LinkEvents {
  opened(stream: number): void
  frame(stream: number, bytes: Uint8Array): void
  broken(stream: number, reason: string): void
  /** Bytes that left the queue. */
  sent(bytes: number): void
  /** The peer cannot be written to any more. */
  failed(reason: string): void
}

interface Reading {
  readonly decoder: FrameDecoder
  /** Bytes since the last frame ended, or a little more. */
  unfinished: number
}

let lastStream = 0

export class PeerLink {
  readonly #limits: LinkLimits
  readonly #events: LinkEvents
  readonly #unfinished: UnfinishedFrames
  readonly #closing = new AbortController()
  readonly #inbound = new Map<number, Stream>()
  #queue: Uint8Array[] = []
  #outbound: Stream | undefined
  #pumping = false
  #judgements = 0

  /** `unfinished` is shared by all links. */
  constructor(limits: LinkLimits, unfinished: UnfinishedFrames, events: LinkEvents) {
    this.#limits = limits
    this.#unfinished = unfinished
    this.#events = events
  }

  /** Opens our stream; what was queued before goes first. */
  async open(connection: Connection, protocol: string): Promise<void> {
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#limits.openMillis)])
      this.#outbound = await connection.newStream(protocol, { signal })
      this.#outbound.addEventListener('close', ({ error }) =>
        this.#fail(error?.message ?? 'the peer closed our stream'),
      )
      this.#pump()
    } catch (error) {
      this.#fail(messageOf(error))
    }
  }

  send(frame: Uint8Array): void {
    this.#queue.push(frame)
    if (this.#outbound) this.#pump()
  }

  /** The peer opened a stream. */
  accept(stream: Stream): void {
    const id = ++lastStream
    this.#inbound.set(id, stream)
    const reading = { decoder: rpcFrames(), unfinished: 0 }
    const options = { signal: this.#closing.signal }
    this.#events.opened(id)
    stream.addEventListener('message', (event) => this.#read(id, reading, event), options)
    stream.addEventListener('close', () => this.#drop(id), options)
    if (this.#judgements >= this.#limits.judgements) pause(stream)
  }

  /** Resets a stream of the peer. */
  reset(id: number, reason: string): void {
    const stream = this.#inbound.get(id)
    this.#drop(id)
    stream?.abort(new Error(reason))
  }

  /** A judgement of a message of this peer began (+1) or ended (-1): its stream rests while there are many. */
  judging(change: 1 | -1): void {
    const { judgements } = this.#limits
    this.#judgements += change
    if (change > 0 && this.#judgements === judgements) for (const stream of this.#inbound.values()) pause(stream)
    if (change < 0 && this.#judgements === judgements >> 1) for (const stream of this.#inbound.values()) resume(stream)
  }

  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#queue = []
    const gone = new Error('the link is closed')
    this.#outbound?.abort(gone)
    for (const [id, stream] of this.#inbound) {
      this.#drop(id)
      stream.abort(gone)
    }
  }

  #drop(id: number): void {
    this.#inbound.delete(id)
    this.#unfinished.forget(id)
  }

  #read(id: number, reading: Reading, { data }: StreamMessageEvent): void {
    if (!this.#inbound.has(id)) return
    reading.unfinished += data.byteLength
    try {
      for (const frame of reading.decoder.push(data.subarray())) {
        // At most the rest of this chunk is of another frame.
        reading.unfinished = data.byteLength
        this.#events.frame(id, frame)
        // The frame may have been the last that is wanted of this stream.
        if (!this.#inbound.has(id)) return
      }
      this.#unfinished.set(id, reading.unfinished, () => this.#events.broken(id, 'too many unfinished frames'))
    } catch (error) {
      this.#events.broken(id, messageOf(error))
    }
  }

  /** Writes what is queued, together with what is queued until the task after this one: each write is encrypted and framed by itself. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    soon(() => this.#drain().catch((error: unknown) => this.#fail(messageOf(error))))
  }

  async #drain(): Promise<void> {
    const stream = this.#outbound
    try {
      while (stream !== undefined && this.#queue.length > 0) {
        const bytes = this.#next()
        const more = stream.send(bytes)
        this.#events.sent(bytes.length)
        if (more) continue
        const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#limits.sendMillis)])
        await drained(stream, signal)
      }
    } finally {
      this.#pumping = false
    }
  }

  /** The next frames of the queue in one piece. */
  #next(): Uint8Array {
    let bytes = 0
    let count = 0
    for (const frame of this.#queue) {
      if (count > 0 && bytes + frame.length > WRITE_BYTES) break
      bytes += frame.length
      count++
    }
    const frames = this.#queue.splice(0, count)
    return count === 1 && frames[0] ? frames[0] : concatBytes(...frames)
  }

  #fail(reason: string): void {
    if (!this.#closing.signal.aborted) this.#events.failed(reason)
  }
}

function pause(stream: Stream): void {
  if (stream.readStatus === 'readable') stream.pause()
}

function resume(stream: Stream): void {
  if (stream.readStatus === 'paused') stream.resume()
}
