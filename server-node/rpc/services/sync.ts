/** HypergraphComparisonService: PerformSync as a stream (spec 22 sections 1 to 4, 7; SYN-02), with bounds on streams, rates and idleness. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { HypergraphComparisonService } from '@petal/core/gen/node/application_service_pb.js'
import type { Opaque } from '@petal/core/gen/node/opaque_pb.js'
import { type State, StateError } from '@petal/core/platform/state.ts'
import {
  StreamBook,
  type StreamLimits,
  type StreamTicket,
  SYNC_LIMITS,
  SyncServer,
  type SyncStream,
} from '@petal/core/sync/index.ts'
import type { RateLimiter } from '../../net/rate-limit.ts'
import { Turns } from '../../state/turns.ts'
import { CALLER } from '../callers.ts'
import { SYNC_PAGE_BYTES } from '../limits.ts'
import { bytesOf, opaqueOf, RAW_PERFORM_SYNC } from '../opaque.ts'
import { ReadAhead } from './read-ahead.ts'
import type { ServedService } from './served.ts'

export interface SyncContent {
  readonly state: Pick<State, 'generation'>
  readonly rates: RateLimiter
  readonly streams?: Partial<StreamLimits>
  readonly onFault?: (fault: unknown) => void
}

/** Queries answered at once and those that wait: frames are committed by the same thread. */
const ANSWERS_AT_ONCE = 4
const ANSWERS_WAITING = 256
/** Envelope around the longest query. */
const QUERY_BYTES = SYNC_LIMITS.queryBytes + 64
const RATE_PAUSE_MILLIS = 50
const EXPIRY_MILLIS = 5_000

export class SyncService implements ServedService {
  readonly service = HypergraphComparisonService
  readonly answers = new Set(['PerformSync'])
  readonly #content: SyncContent
  readonly #server: SyncServer
  readonly #book: StreamBook
  readonly #turns = new Turns(ANSWERS_AT_ONCE, ANSWERS_WAITING)
  readonly #open = new Map<StreamTicket, AbortController>()
  #expiry: NodeJS.Timeout | undefined
  /** Answers being made; nothing is made ahead while anybody waits for one. */
  #making = 0

  constructor(content: SyncContent) {
    this.#content = content
    const { state, onFault } = content
    this.#server = new SyncServer(state, { pageBytes: SYNC_PAGE_BYTES, ...(onFault === undefined ? {} : { onFault }) })
    this.#book = new StreamBook(content.streams)
  }

  readonly register: ServedService['register'] = (router) => {
    router.service(HypergraphComparisonService, {})
    router.rpc(RAW_PERFORM_SYNC, (queries, context) => this.#perform(queries, context), { readMaxBytes: QUERY_BYTES })
  }

  async *#perform(queries: AsyncIterable<Opaque>, context: HandlerContext): AsyncGenerator<Opaque, void> {
    const { name, isSelf } = context.values.get(CALLER)
    const ticket = this.#book.admit(name, performance.now(), isSelf)
    if (ticket === null) throw new ConnectError('too many streams of PerformSync', Code.ResourceExhausted)
    const ending = this.#started(ticket)
    const stream = this.#server.open()
    const reader = queries[Symbol.asyncIterator]()
    const ahead = new ReadAhead()
    const make = (query: Uint8Array) => this.#make(stream, query)
    const signal = AbortSignal.any([context.signal, ending.signal])
    try {
      for (;;) {
        const next = await orAbort(reader.next(), signal)
        if (next.done === true) return
        this.#book.use(ticket, performance.now())
        await this.#turnOf(name, signal)
        const query = bytesOf(next.value)
        const { answer: ready, follows } = await ahead.take(query)
        const answer = ready ?? (await make(query))
        ahead.expect(query, answer, follows && this.#making === 0 ? make : null)
        this.#content.rates.sent(name, answer.length)
        yield opaqueOf(answer)
      }
    } finally {
      stream.close()
      this.#ended(ticket)
    }
  }

  async #make(stream: SyncStream, query: Uint8Array): Promise<Uint8Array> {
    this.#making++
    try {
      return await this.#turns.run(() => stream.answer(query))
    } catch (error) {
      // An answer never rejects: there was no turn for it.
      throw error instanceof StateError ? new ConnectError(error.message, Code.ResourceExhausted) : error
    } finally {
      this.#making--
    }
  }

  /** A stream is slowed to the rate of its peer, not refused: it asks for one answer after the other. */
  async #turnOf(name: string, signal: AbortSignal): Promise<void> {
    while (!this.#content.rates.request(name)) await sleep(RATE_PAUSE_MILLIS, undefined, { signal })
  }

  #started(ticket: StreamTicket): AbortController {
    const ending = new AbortController()
    this.#open.set(ticket, ending)
    this.#expiry ??= setInterval(
      () => {
        for (const late of this.#book.expired(performance.now()))
          this.#open
            .get(late)
            ?.abort(new ConnectError('the stream was open or idle for too long', Code.DeadlineExceeded))
      },
      Math.min(EXPIRY_MILLIS, this.#content.streams?.idleMillis ?? EXPIRY_MILLIS),
    )
    return ending
  }

  #ended(ticket: StreamTicket): void {
    this.#book.end(ticket)
    this.#open.delete(ticket)
    if (this.#open.size > 0) return
    clearInterval(this.#expiry)
    this.#expiry = undefined
  }
}

/** What was promised, or the reason of the signal. */
function orAbort<T>(promised: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    promised.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
