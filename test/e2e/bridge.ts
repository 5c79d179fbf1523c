/**
 * Nodes that are not honest: a libp2p node of this process that a page dials by WebSocket and that answers what a spec wishes, byte by byte if need
 * be. It speaks the light protocol by the client's own encoder, so that what is wrong is what the spec made wrong.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import {
  decodeRequest,
  encodeResponse,
  type LightRequest,
  type LightResponse,
  readFrames,
  WIRE_LIMITS,
} from '../../core/light/wire.ts'
import { LIGHT_PROTOCOL } from '../../core/platform/network.ts'

type Answered = LightResponse | Uint8Array | 'silence'

/** An answer, raw bytes instead of one, or none at all. */
export type Answer = (request: LightRequest) => Answered | Promise<Answered>

export interface BridgeOptions {
  /** So many bytes of each answer go out one by one, the rest at once; default none. */
  readonly singleBytes?: number
  /** Pause after each piece. */
  readonly pauseMillis?: number
  /** Goes on sending after the answer, without end; null: the next question is read. */
  readonly endless?: (request: LightRequest) => Uint8Array | null
}

export interface Bridge extends AsyncDisposable {
  readonly address: string
  /** What it was asked, in order. */
  readonly asked: readonly LightRequest['kind'][]
  /** Ends every connection without a word; it can be dialled again. */
  hangUp(): void
}

export async function startBridge(answer: Answer, options: BridgeOptions = {}): Promise<Bridge> {
  const asked: LightRequest['kind'][] = []
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  await node.handle(
    LIGHT_PROTOCOL,
    (stream) => {
      talk(stream, answer, options, asked).catch((error: Error) => stream.abort(error))
    },
    { maxInboundStreams: 64 },
  )
  return {
    address: String(node.getMultiaddrs()[0]),
    asked,
    hangUp: () => {
      for (const connection of node.getConnections()) connection.abort(new Error('made to die'))
    },
    [Symbol.asyncDispose]: async () => await node.stop(),
  }
}

async function talk(stream: Stream, answer: Answer, options: BridgeOptions, asked: LightRequest['kind'][]) {
  for await (const message of readFrames(chunks(stream), WIRE_LIMITS.requestBytes)) {
    const request = decodeRequest(message)
    asked.push(request.kind)
    const response = await answer(request)
    if (response !== 'silence') {
      await send(stream, response instanceof Uint8Array ? response : encodeResponse(response), options)
    }
    while (options.endless && stream.status === 'open') {
      const more = options.endless(request)
      if (more === null) break
      await send(stream, more, options)
      await pause(1)
    }
  }
}

async function send(stream: Stream, bytes: Uint8Array, { singleBytes = 0, pauseMillis }: BridgeOptions) {
  let end = 0
  for (let at = 0; at < bytes.length; at = end) {
    end = at < singleBytes ? at + 1 : bytes.length
    if (!stream.send(bytes.subarray(at, end))) await stream.onDrain({ signal: AbortSignal.timeout(10_000) })
    if (pauseMillis !== undefined) await pause(pauseMillis)
  }
}

async function* chunks(stream: Stream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield chunk instanceof Uint8Array ? chunk : chunk.subarray()
}

/** What a bridge says of itself. */
export interface Served {
  readonly network: string
  readonly profile: string
  /** Headers by number. */
  readonly headers: ReadonlyMap<bigint, Uint8Array>
}

/** Answers as an honest node does, with whatever headers it was given; `upTo` hides newer ones. */
export function serving({ network, profile, headers }: Served, upTo: () => bigint = () => 1n << 63n): Answer {
  return (request) => {
    const numbers = [...headers.keys()].filter((number) => number <= upTo()).sort((a, b) => (a < b ? -1 : 1))
    const [oldest = 0n, newest = 0n] = [numbers[0], numbers.at(-1)]
    const missing = { kind: 'error', code: 'notFound', message: 'not here' } as const
    switch (request.kind) {
      case 'hello':
        return { kind: 'hello', hello: { network, profile, head: newest, oldest, maxHeaders: 32 } }
      case 'head':
      case 'subscribe': {
        const header = headers.get(newest)
        return header === undefined ? missing : { kind: 'head', header }
      }
      case 'headers': {
        const wanted = Array.from({ length: request.count }, (_, at) => request.from + BigInt(at))
        const found = wanted.flatMap((number) => (number <= upTo() ? (headers.get(number) ?? []) : []))
        return found.length === 0 ? missing : { kind: 'headers', headers: found }
      }
      default:
        return missing
    }
  }
}
