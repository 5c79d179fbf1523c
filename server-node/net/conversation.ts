/**
 * One stream of `/petal/light/1.0.0`: requests in, one answer to each in order, new heads after `subscribe`, new alerts if it asked for
 * alerts too (core/proto/light.proto).
 *
 * Nothing grows with the peer's behaviour: the stream is paused while an answer is made, so at most one chunk of requests waits; a
 * subscriber that reads slowly gets the newest head and misses those before it, and at most the newest alerts; one that does not read at
 * all is reset.
 */
import type { Stream } from '@libp2p/interface'
import {
  decodeRequest,
  encodeResponse,
  FrameDecoder,
  fitHeaders,
  type LightRequest,
  type LightResponse,
  type RefusalCode,
  WIRE_LIMITS,
  WireError,
} from '@petal/core/light/wire.ts'
import { StateError } from '@petal/core/platform/state.ts'
import { drained } from '@petal/p2p/drained.ts'
import type { FrameSource, Head } from '../chain/source.ts'
import { Inbox } from './inbox.ts'
import type { NetLimits } from './limits.ts'
import { type OfferedAlerts, withNewest } from './offered-alerts.ts'
import type { RateLimiter } from './rate-limit.ts'

type StateRequest = Extract<LightRequest, { readonly kind: 'state' | 'shard' | 'shards' | 'sync' }>

/** What the conversations of a node share. */
export interface LightHost {
  readonly source: FrameSource
  readonly limits: NetLimits
  readonly rates: RateLimiter
  readonly alerts: OfferedAlerts
  /** Text of the network description. */
  description(): string
  /** Takes one of the node's subscriptions, or answers undefined when all are taken. The result gives it back. */
  subscription(): (() => void) | undefined
}

export class Conversation {
  readonly #host: LightHost
  readonly #stream: Stream
  readonly #peer: string
  readonly #signal: AbortSignal
  readonly #inbox: Inbox
  #refusals = 0
  #unsubscribe: (() => void) | undefined
  /** Newest head that the subscriber has not been sent. */
  #waiting: Head | undefined
  /** Alerts that came after the peer asked for alerts and that it has not been sent, newest first. */
  #waitingAlerts: readonly Uint8Array[] = []
  #ignoreAlerts: (() => void) | undefined
  #pumping = false
  #sending: Promise<void> = Promise.resolve()

  constructor(host: LightHost, stream: Stream, peer: string, signal: AbortSignal) {
    this.#host = host
    this.#stream = stream
    this.#peer = peer
    this.#signal = signal
    this.#inbox = new Inbox(stream, host.limits, signal)
  }

  /** Talks until either side ends it. Never rejects: whatever goes wrong resets this stream only. */
  async run(): Promise<void> {
    const decoder = new FrameDecoder(WIRE_LIMITS.requestBytes)
    try {
      for (;;) {
        const chunk = await this.#inbox.next(this.#unsubscribe === undefined)
        if (chunk === undefined) break
        let complete = false
        for (const message of decoder.push(chunk)) {
          complete = true
          await this.#answer(message)
        }
        this.#inbox.taken(complete)
      }
      decoder.finish()
      await this.#stream.close({ signal: AbortSignal.timeout(this.#host.limits.sendMillis) })
    } catch (error) {
      if (error instanceof WireError) await this.#refuse('badRequest', error.message).catch(() => undefined)
      this.#stream.abort(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#unsubscribe?.()
      this.#ignoreAlerts?.()
      this.#inbox.close()
    }
  }

  async #answer(message: Uint8Array): Promise<void> {
    const request = decodeRequest(message)
    if (!this.#host.rates.request(this.#peer)) {
      if (++this.#refusals > this.#host.limits.refusals) throw new Error('too many requests')
      return this.#refuse('rateLimited', 'too many requests or bytes: wait a second')
    }
    await this.#respond(await this.#answerTo(request))
    if (request.kind === 'subscribe' || request.kind === 'alerts') this.#pump()
  }

  async #answerTo(request: LightRequest): Promise<LightResponse> {
    const { source } = this.#host
    switch (request.kind) {
      case 'hello':
        return this.#hello(request.network, request.profile)
      case 'head':
        return { kind: 'head', header: source.head().header }
      case 'headers':
        return this.#headers(request.from, request.count)
      case 'subscribe':
        return this.#subscribe()
      case 'describe':
        return { kind: 'description', text: this.#host.description() }
      case 'alerts':
        return this.#alerts()
      case 'state':
      case 'shard':
      case 'shards':
      case 'sync':
        return this.#values(request)
    }
  }

  async #values(request: StateRequest): Promise<LightResponse> {
    const { values } = this.#host.source
    const head = this.#host.source.head().number
    if (values === undefined) return refusal('notFound', 'this node holds no state')
    try {
      switch (request.kind) {
        case 'state':
          return { kind: 'state', state: await values.state(request.question, head) }
        case 'shard':
          return { kind: 'shard', shard: await values.shard(request.domain, request.frame ?? head) }
        case 'shards':
          return { kind: 'shards', shards: await values.shards(request.frame ?? head, request.after) }
        case 'sync':
          return { kind: 'sync', response: await values.sync(request.query) }
      }
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      const missing = error.code === 'unavailable' || error.code === 'notFound'
      return refusal(missing ? 'notFound' : 'unavailable', error.message)
    }
  }

  #hello(network: string, profile: string): LightResponse {
    const { source } = this.#host
    if ((network !== '' && network !== source.network) || (profile !== '' && profile !== source.profile)) {
      return refusal('wrongNetwork', `this is network ${source.network}, profile ${source.profile}`)
    }
    const hello = {
      network: source.network,
      profile: source.profile,
      head: source.head().number,
      oldest: source.oldest,
      maxHeaders: WIRE_LIMITS.headers,
    }
    return { kind: 'hello', hello }
  }

  async #headers(from: bigint, count: number): Promise<LightResponse> {
    const { source } = this.#host
    const headers: Uint8Array[] = []
    for (let bytes = 0; headers.length < count && bytes < WIRE_LIMITS.messageBytes; ) {
      const header = await source.header(from + BigInt(headers.length))
      if (header === undefined) break
      headers.push(header)
      bytes += header.length
    }
    if (headers.length > 0) return { kind: 'headers', headers: fitHeaders(headers) }
    return refusal('notFound', `frames ${source.oldest} to ${source.head().number} are here`)
  }

  /** The answer is the head of now; each later one follows by itself. */
  #subscribe(): LightResponse {
    if (this.#unsubscribe !== undefined) return refusal('badRequest', 'subscribed already')
    const release = this.#host.subscription()
    if (release === undefined) return refusal('unavailable', 'too many subscriptions: ask another node')
    const stop = this.#host.source.onHead((head) => {
      this.#waiting = head
      this.#pump()
    })
    this.#unsubscribe = () => {
      stop()
      release()
      this.#waiting = undefined
    }
    return { kind: 'head', header: this.#host.source.head().header }
  }

  /** The answer is what is known now; each later one follows by itself where there is a subscription. */
  #alerts(): LightResponse {
    this.#waitingAlerts = []
    this.#ignoreAlerts ??= this.#host.alerts.onOffer((alert) => {
      this.#waitingAlerts = withNewest(this.#waitingAlerts, alert)
      this.#pump()
    })
    return { kind: 'alerts', alerts: this.#host.alerts.recent }
  }

  /** Sends the newest waiting head and what alerts wait, as long as there are any. One pump at a time, for subscribers only. */
  #pump(): void {
    if (this.#pumping || this.#unsubscribe === undefined) return
    this.#pumping = true
    const pump = async () => {
      // Behind the answer to `subscribe` and whatever else is on its way.
      for (await this.#sending; this.#waiting !== undefined || this.#waitingAlerts.length > 0; ) {
        const [head, alerts] = [this.#waiting, this.#waitingAlerts]
        this.#waiting = undefined
        this.#waitingAlerts = []
        if (alerts.length > 0) await this.#respond({ kind: 'alerts', alerts })
        if (head !== undefined) await this.#respond({ kind: 'head', header: head.header })
      }
    }
    pump()
      .catch((error: Error) => this.#stream.abort(error))
      .finally(() => {
        this.#pumping = false
      })
  }

  #refuse(code: RefusalCode, message: string): Promise<void> {
    return this.#respond(refusal(code, message))
  }

  /** Resolves when the peer has room for more; rejects when it does not take what was sent within `sendMillis`. */
  #respond(response: LightResponse): Promise<void> {
    const bytes = encodeResponse(response)
    this.#host.rates.sent(this.#peer, bytes.length)
    const sent = this.#sending.then(async () => {
      if (this.#stream.send(bytes)) return
      const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(this.#host.limits.sendMillis)])
      await drained(this.#stream, signal)
    })
    this.#sending = sent.catch(() => undefined)
    return sent
  }
}

function refusal(code: RefusalCode, message: string): LightResponse {
  return { kind: 'error', code, message }
}
