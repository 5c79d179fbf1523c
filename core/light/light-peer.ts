/**
 * The client's side of `/petal/light/1.0.0` over any duplex byte streams (core/proto/light.proto). One stream carries questions and answers
 * in order, a second one the subscription. An answer that comes late cannot be told from the next one, so a question that is
 * given up closes its stream, and the next question opens a new one.
 *
 * Time-outs belong to the caller: a signal that fires with a `TimeoutError` gives `PeerError` `timeout`, any other `cancelled`.
 */
import { type NodePeer, PeerError, type PeerHello } from '../platform/network.ts'
import {
  decodeResponse,
  encodeRequest,
  type LightRequest,
  type LightResponse,
  type RefusalCode,
  readFrames,
  WIRE_LIMITS,
  WireError,
} from './wire.ts'

/** A duplex byte stream that speaks the protocol. */
export interface LightStream {
  /** Ends when the other side closes, or after `close()`. */
  readonly source: AsyncIterable<Uint8Array>
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void> | void
  /** Gives the stream up in both directions. Never throws. */
  close(): void
}

export interface LightPeerOptions {
  readonly id: string
  readonly address: string
  readonly transport: string
  /** What this client says in its hello. */
  readonly network: string
  readonly profile: string
  openStream(signal: AbortSignal): Promise<LightStream>
  /** Closes the connection below the streams. */
  close(): Promise<void>
}

const refusals: Record<RefusalCode, PeerError['code']> = {
  notFound: 'notFound',
  badRequest: 'protocol',
  wrongNetwork: 'protocol',
  rateLimited: 'limited',
  unavailable: 'limited',
}

/** A peer that is asked through the streams of `options`. Opens none before the first question. */
export function createLightPeer(options: LightPeerOptions): NodePeer {
  const traffic = { received: 0, sent: 0 }
  let conversation: Conversation | null = null
  let turn: Promise<unknown> = Promise.resolve()
  let closed = false

  /** Opens a stream whose bytes are counted. */
  const open = async (signal: AbortSignal): Promise<Conversation> => {
    if (closed) throw new PeerError('closed', 'the connection was closed')
    const stream = await guarded(options.openStream(signal), signal, (late) => late.close())
    return new Conversation(stream, traffic)
  }

  const exchange = async (request: LightRequest, signal: AbortSignal): Promise<LightResponse> => {
    try {
      if (signal.aborted) throw aborted(signal)
      conversation ??= await open(signal)
      await conversation.write(request, signal)
      return await conversation.read(signal)
    } catch (error) {
      conversation?.close()
      conversation = null
      throw peerError(error)
    }
  }

  /** One question after the other; a failed one takes its stream with it. */
  const ask = (request: LightRequest, signal: AbortSignal): Promise<LightResponse> => {
    const answer = turn.then(async () => {
      // A server closes a stream that was idle for a while: that says nothing about the connection, so a new stream is tried.
      const fresh = conversation === null
      try {
        return await exchange(request, signal)
      } catch (error) {
        if (fresh || !(error instanceof PeerError) || error.code !== 'closed') throw error
        return await exchange(request, signal)
      }
    })
    turn = answer.catch(() => {})
    return answer.then((response) => {
      if (response.kind === 'error') throw refused(response.code, response.message)
      return response
    })
  }

  /** A peer that answers something else is not kept in step with: its stream is closed. */
  const outOfStep = (expected: string, got: string): PeerError => {
    conversation?.close()
    conversation = null
    return new PeerError('protocol', `asked for ${expected}, the peer answered ${got}`)
  }

  return {
    id: options.id,
    address: options.address,
    transport: options.transport,

    async hello(signal): Promise<PeerHello> {
      const response = await ask({ kind: 'hello', network: options.network, profile: options.profile }, signal)
      if (response.kind !== 'hello') throw outOfStep('hello', response.kind)
      return response.hello
    },

    async head(signal) {
      const response = await ask({ kind: 'head' }, signal)
      if (response.kind !== 'head') throw outOfStep('the head', response.kind)
      return response.header
    },

    async headers(from, count, signal) {
      const response = await ask({ kind: 'headers', from, count }, signal)
      if (response.kind !== 'headers') throw outOfStep('headers', response.kind)
      if (response.headers.length > count) throw outOfStep(`${count} headers`, `${response.headers.length}`)
      return response.headers
    },

    async subscribe(onHead, signal, onAlerts) {
      let subscription: Conversation | null = null
      try {
        if (signal.aborted) return
        subscription = await open(signal)
        const asked = onAlerts !== undefined && (await askForAlerts(subscription, onAlerts, signal))
        if (onAlerts !== undefined && !asked) {
          subscription.close()
          subscription = await open(signal)
        }
        await subscription.write({ kind: 'subscribe' }, signal)
        for (;;) {
          const response = await subscription.read(signal)
          if (response.kind === 'error') throw refused(response.code, response.message)
          if (response.kind === 'head') onHead(response.header)
          else if (response.kind === 'alerts' && asked) onAlerts(response.alerts)
          else throw new PeerError('protocol', `${response.kind} sent into a subscription`)
        }
      } catch (error) {
        if (!signal.aborted) throw peerError(error)
      } finally {
        subscription?.close()
      }
    },

    values: {
      async state(question, signal) {
        const response = await ask({ kind: 'state', question }, signal)
        if (response.kind !== 'state') throw outOfStep('values', response.kind)
        const { present, frame } = response.state
        if (present.length !== question.addresses.length)
          throw outOfStep('as many values as asked for', `${present.length}`)
        if (question.frame !== null && frame !== question.frame) throw outOfStep(`frame ${question.frame}`, `${frame}`)
        return response.state
      },

      async shard(domain, frame, signal) {
        const response = await ask({ kind: 'shard', domain, frame }, signal)
        if (response.kind !== 'shard') throw outOfStep('a shard', response.kind)
        if (frame !== null && response.shard.frame !== frame)
          throw outOfStep(`frame ${frame}`, `${response.shard.frame}`)
        return response.shard
      },

      async sync(query, signal) {
        const response = await ask({ kind: 'sync', query }, signal)
        if (response.kind !== 'sync') throw outOfStep('an answer of the synchronisation', response.kind)
        return response.response
      },
    },

    async alerts(signal) {
      const response = await ask({ kind: 'alerts' }, signal)
      if (response.kind !== 'alerts') throw outOfStep('alerts', response.kind)
      return response.alerts
    },

    async describe(signal) {
      const response = await ask({ kind: 'describe' }, signal)
      if (response.kind !== 'description') throw outOfStep('a description', response.kind)
      return response.text
    },

    async shards(frame, after, signal) {
      const response = await ask({ kind: 'shards', frame, after }, signal)
      if (response.kind !== 'shards') throw outOfStep('shards', response.kind)
      if (frame !== null && response.shards.frame !== frame)
        throw outOfStep(`frame ${frame}`, `${response.shards.frame}`)
      return response.shards
    },

    traffic: () => ({ ...traffic }),

    async close() {
      closed = true
      conversation?.close()
      conversation = null
      await options.close()
    },
  }
}

/**
 * Asks on the stream of a subscription that is still to begin. False when that ended the stream: a node of an earlier version does not know the
 * question, refuses it as malformed and resets the stream, which is nothing against it.
 */
async function askForAlerts(
  subscription: Conversation,
  onAlerts: (alerts: readonly Uint8Array[]) => void,
  signal: AbortSignal,
): Promise<boolean> {
  let response: LightResponse
  try {
    await subscription.write({ kind: 'alerts' }, signal)
    response = await subscription.read(signal)
  } catch (error) {
    if (peerError(error).code === 'closed') return false
    throw error
  }
  if (response.kind === 'error') return response.code !== 'badRequest'
  if (response.kind !== 'alerts')
    throw new PeerError('protocol', `asked for alerts, the peer answered ${response.kind}`)
  onAlerts(response.alerts)
  return true
}

/** A stream with its reader. */
class Conversation {
  readonly #stream: LightStream
  readonly #traffic: { received: number; sent: number }
  readonly #messages: AsyncIterator<Uint8Array>

  constructor(stream: LightStream, traffic: { received: number; sent: number }) {
    this.#stream = stream
    this.#traffic = traffic
    this.#messages = readFrames(counted(stream.source, traffic), WIRE_LIMITS.messageBytes)
  }

  async write(request: LightRequest, signal: AbortSignal): Promise<void> {
    const bytes = encodeRequest(request)
    await guarded(Promise.resolve(this.#stream.write(bytes)), signal)
    this.#traffic.sent += bytes.length
  }

  async read(signal: AbortSignal): Promise<LightResponse> {
    const next = await guarded(this.#messages.next(), signal)
    if (next.done) throw new PeerError('closed', 'the peer closed the stream')
    return decodeResponse(next.value)
  }

  close(): void {
    this.#stream.close()
  }
}

async function* counted(source: AsyncIterable<Uint8Array>, traffic: { received: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    traffic.received += chunk.length
    yield chunk
  }
}

/** `promise`, or the reason of the signal as soon as it fires; what comes after that goes to `late`. */
function guarded<T>(promise: Promise<T>, signal: AbortSignal, late?: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal))
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    promise.then(
      (value) => {
        signal.removeEventListener('abort', abort)
        if (signal.aborted) late?.(value)
        resolve(value)
      },
      (error) => {
        signal.removeEventListener('abort', abort)
        reject(error)
      },
    )
  })
}

function aborted(signal: AbortSignal): PeerError {
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
  return timedOut
    ? new PeerError('timeout', 'the peer did not answer in time', { cause: signal.reason })
    : new PeerError('cancelled', 'the question was given up', { cause: signal.reason })
}

function refused(code: RefusalCode, message: string): PeerError {
  return new PeerError(refusals[code], `the peer answered ${code}: ${message}`)
}

function peerError(error: unknown): PeerError {
  if (error instanceof PeerError) return error
  if (error instanceof WireError) return new PeerError('protocol', error.message, { cause: error })
  return new PeerError('closed', 'the connection failed', { cause: error })
}
