import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameDecoder,
  type LightRequest,
  type LightResponse,
  WIRE_LIMITS,
} from '@petal/core/light/wire.ts'
import { LIGHT_PROTOCOL } from '@petal/core/platform/network.ts'
import { dialLightPeer } from '@petal/p2p/light-peer.ts'
import { createLibp2p } from 'libp2p'
import { afterEach, expect, test } from 'vitest'
import { Frames } from '../testing/frames.ts'
import { DEFAULT_NET_LIMITS, type NetLimits } from './limits.ts'
import { type PeerNode, startPeerNode } from './node.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop()
})

async function serve(limits: Partial<NetLimits> = {}): Promise<{ node: PeerNode; frames: Frames }> {
  const frames = new Frames()
  const node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['websocket'],
    limits: { ...DEFAULT_NET_LIMITS, ...limits },
  })
  open.push(node)
  await node.serve(frames)
  return { node, frames }
}

async function dialler(): Promise<Libp2p> {
  const client = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  open.push({ stop: () => client.stop() })
  return client
}

/** A client of a few lines: answers in order, bytes sent raw where a test wants to. */
class Talk {
  readonly stream: Stream
  readonly ended: Promise<string>
  #answers: LightResponse[] = []
  #wake: () => void = () => undefined
  readonly #decoder = new FrameDecoder(WIRE_LIMITS.messageBytes)

  constructor(stream: Stream) {
    this.stream = stream
    stream.addEventListener('message', ({ data }) => {
      for (const message of this.#decoder.push(data.subarray())) this.#answers.push(decodeResponse(message))
      this.#wake()
    })
    this.ended = new Promise((resolve) => {
      stream.addEventListener('close', ({ error }) => resolve(error === undefined ? 'closed' : 'reset'))
      stream.addEventListener('remoteCloseWrite', () => resolve('closed'))
    })
  }

  static async with(node: PeerNode): Promise<Talk> {
    const client = await dialler()
    const address = node.addresses()[0] ?? ''
    return new Talk(await client.dialProtocol(multiaddr(address), LIGHT_PROTOCOL))
  }

  get waiting(): number {
    return this.#answers.length
  }

  async next(): Promise<LightResponse> {
    while (this.#answers.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#answers.shift() as LightResponse
  }

  ask(request: LightRequest): Promise<LightResponse> {
    this.stream.send(encodeRequest(request))
    return this.next()
  }
}

const hello: LightRequest = { kind: 'hello', network: 'test', profile: '2.1.0.24' }

test('hello says what can be served; another network is refused by name', async () => {
  const { node } = await serve()
  const talk = await Talk.with(node)
  expect(await talk.ask(hello)).toEqual({
    kind: 'hello',
    hello: { network: 'test', profile: '2.1.0.24', head: 60n, oldest: 10n, maxHeaders: 32 },
  })
  expect(await talk.ask({ ...hello, network: 'mainnet' })).toMatchObject({ kind: 'error', code: 'wrongNetwork' })
  expect(await talk.ask({ ...hello, profile: '3' })).toMatchObject({ kind: 'error', code: 'wrongNetwork' })
})

test('head and ranges, cut at the newest frame and at 32', async () => {
  const { node, frames } = await serve()
  const talk = await Talk.with(node)
  expect(await talk.ask({ kind: 'head' })).toEqual({ kind: 'head', header: frames.bytes(60n) })
  const range = async (from: bigint, count: number) => {
    const answer = await talk.ask({ kind: 'headers', from, count })
    return answer.kind === 'headers' ? answer.headers.map((header) => header[0]) : answer
  }
  expect(await range(10n, 3)).toEqual([10, 11, 12])
  expect(await range(58n, 32)).toEqual([58, 59, 60])
  expect(await range(11n, 32)).toHaveLength(32)
  for (const from of [9n, 61n, 2n ** 64n - 1n]) {
    expect(await range(from, 1)).toMatchObject({ kind: 'error', code: 'notFound' })
  }
})

test('several requests at once are answered in order', async () => {
  const { node } = await serve()
  const talk = await Talk.with(node)
  const requests = Array.from({ length: 10 }, (_, i) =>
    encodeRequest({ kind: 'headers', from: BigInt(20 + i), count: 1 }),
  )
  talk.stream.send(Buffer.concat(requests))
  for (let i = 0; i < 10; i++) expect(await talk.next()).toMatchObject({ headers: [{ 0: 20 + i }] })
})

test('a subscriber gets the head of now and each new one, once', async () => {
  const { node, frames } = await serve()
  const talk = await Talk.with(node)
  expect(await talk.ask({ kind: 'subscribe' })).toMatchObject({ kind: 'head', header: { 0: 60 } })
  frames.grow()
  expect(await talk.next()).toMatchObject({ header: { 0: 61 } })
  expect(await talk.ask({ kind: 'subscribe' })).toMatchObject({ kind: 'error', code: 'badRequest' })
  frames.grow()
  expect(await talk.next()).toMatchObject({ header: { 0: 62 } })
  expect(await talk.ask({ kind: 'headers', from: 62n, count: 1 })).toMatchObject({ kind: 'headers' })
})

test('a subscriber that does not read misses old heads, not the newest', async () => {
  const { node, frames } = await serve()
  const talk = await Talk.with(node)
  await talk.ask({ kind: 'subscribe' })
  talk.stream.maxReadBufferLength = 64 << 20
  talk.stream.pause()
  for (let i = 0; i < 1_000; i++) {
    frames.grow()
    await new Promise((resolve) => setImmediate(resolve))
  }
  talk.stream.resume()
  let heads = 0
  for (let newest: bigint | undefined; newest !== frames.last; heads++) {
    const answer = await talk.next()
    newest = answer.kind === 'head' ? Frames.number(answer.header) : undefined
  }
  expect(heads).toBeLessThan(500)
})

test('a subscriber that never reads is reset', async () => {
  const { node, frames } = await serve({ sendMillis: 300 })
  const talk = await Talk.with(node)
  await talk.ask({ kind: 'subscribe' })
  talk.stream.maxReadBufferLength = 64 << 20
  talk.stream.pause()
  const growing = setInterval(() => frames.grow(), 2)
  expect(await talk.ended).toBe('reset')
  clearInterval(growing)
})

test('subscriptions are limited over all peers, and given back', async () => {
  const { node } = await serve({ subscriptions: 1 })
  const first = await Talk.with(node)
  const second = await Talk.with(node)
  expect(await first.ask({ kind: 'subscribe' })).toMatchObject({ kind: 'head' })
  expect(await second.ask({ kind: 'subscribe' })).toMatchObject({ kind: 'error', code: 'unavailable' })
  await first.stream.close()
  await expect.poll(() => second.ask({ kind: 'subscribe' })).toMatchObject({ kind: 'head' })
})

test('more than the rate is refused, much more ends the stream', async () => {
  const { node } = await serve({ requestBurst: 3, requestsPerSecond: 0, refusals: 2 })
  const talk = await Talk.with(node)
  for (let i = 0; i < 3; i++) expect(await talk.ask(hello)).toMatchObject({ kind: 'hello' })
  for (let i = 0; i < 2; i++) expect(await talk.ask(hello)).toMatchObject({ kind: 'error', code: 'rateLimited' })
  talk.stream.send(encodeRequest(hello))
  expect(await talk.ended).toBe('reset')
})

test('bytes count too', async () => {
  const { node } = await serve({ byteBurst: 100_000, bytesPerSecond: 0 })
  const talk = await Talk.with(node)
  expect(await talk.ask({ kind: 'headers', from: 10n, count: 32 })).toMatchObject({ kind: 'headers' })
  expect(await talk.ask({ kind: 'head' })).toMatchObject({ kind: 'error', code: 'rateLimited' })
})

const bad: [string, Uint8Array][] = [
  ['a length that is too large', new Uint8Array([0xff, 0xff, 0x7f])],
  ['an empty message', new Uint8Array([0])],
  ['what is not protobuf', new Uint8Array([3, 0xff, 0xff, 0xff])],
  ['two kinds in one', new Uint8Array([4, 0x12, 0, 0x22, 0])],
  ['more headers than allowed', new Uint8Array([6, 0x1a, 4, 0x08, 1, 0x10, 33])],
]
test.each(bad)('%s is refused and the stream reset', async (_, bytes) => {
  const { node } = await serve()
  const talk = await Talk.with(node)
  talk.stream.send(bytes)
  expect(await talk.ended).toBe('reset')
})

test('a request in dribbles is given up, and so is a stream without requests', async () => {
  const { node } = await serve({ requestMillis: 200, idleStreamMillis: 400 })
  const dribbler = await Talk.with(node)
  const request = encodeRequest(hello)
  let at = 0
  const dribble = setInterval(() => {
    if (at < request.length - 1 && dribbler.stream.status === 'open') dribbler.stream.send(request.subarray(at, ++at))
  }, 50)
  const started = performance.now()
  expect(await dribbler.ended).toBe('reset')
  expect(performance.now() - started).toBeLessThan(2_000)
  clearInterval(dribble)
  const silent = await Talk.with(node)
  await silent.ask(hello)
  expect(await silent.ended).toBe('reset')
})

test('a flood of small requests cannot grow memory', async () => {
  const { node } = await serve()
  const talk = await Talk.with(node)
  const flood = Buffer.concat(Array.from({ length: 20_000 }, () => encodeRequest({ kind: 'head' })))
  try {
    for (let i = 0; i < 20; i++) talk.stream.send(flood)
  } catch {
    // The stream may be reset while we still send.
  }
  expect(await talk.ended).toBe('reset')
  expect(talk.waiting).toBeLessThan(200)
})

test('a peer that resets its streams in the midst of answers, or while heads are sent, hurts nobody', async () => {
  const { node, frames } = await serve()
  const client = await dialler()
  const growing = setInterval(() => frames.grow(), 1)
  for (let round = 0; round < 40; round++) {
    const stream = await client.dialProtocol(multiaddr(node.addresses()[0] ?? ''), LIGHT_PROTOCOL)
    for (let n = 0; n < 8; n++) stream.send(encodeRequest({ kind: 'headers', from: 10n, count: 32 }))
    stream.send(encodeRequest({ kind: 'subscribe' }))
    if (round % 2 === 0) await new Promise((resolve) => stream.addEventListener('message', resolve, { once: true }))
    stream.abort(new Error('enough'))
  }
  clearInterval(growing)
  expect(await (await Talk.with(node)).ask(hello)).toMatchObject({ kind: 'hello' })
})

test('streams of one connection are limited', async () => {
  const { node } = await serve({ streamsPerConnection: 2 })
  const client = await dialler()
  const connection = await client.dial(multiaddr(node.addresses()[0] ?? ''))
  const streams = []
  for (let i = 0; i < 2; i++) streams.push(new Talk(await connection.newStream(LIGHT_PROTOCOL)))
  for (const talk of streams) expect(await talk.ask(hello)).toMatchObject({ kind: 'hello' })
  const third = connection.newStream(LIGHT_PROTOCOL).then((stream) => new Talk(stream).ask(hello))
  await expect(
    Promise.race([third, new Promise((_, no) => setTimeout(no, 1_000, new Error('no answer')))]),
  ).rejects.toThrow()
})

test('stop ends every conversation', async () => {
  const { node } = await serve()
  const talk = await Talk.with(node)
  await talk.ask({ kind: 'subscribe' })
  await node.stop()
  expect(await talk.ended).toBe('reset')
})

const alertOf = (n: number): Uint8Array => new Uint8Array(118).fill(n)

test('OPS-08 alerts are answered newest first, at most 16; later ones go to streams that asked and subscribed, in any order', async () => {
  const { node } = await serve()
  for (let n = 1; n <= 17; n++) node.alerts.offer(alertOf(n))
  const [asker, reader, listener] = [await Talk.with(node), await Talk.with(node), await Talk.with(node)]
  const newest = Array.from({ length: 16 }, (_, i) => alertOf(17 - i))
  expect(await asker.ask({ kind: 'alerts' })).toEqual({ kind: 'alerts', alerts: newest })
  expect((await asker.ask({ kind: 'subscribe' })).kind).toBe('head')
  expect((await listener.ask({ kind: 'subscribe' })).kind).toBe('head')
  expect((await reader.ask({ kind: 'alerts' })).kind).toBe('alerts')
  node.alerts.offer(alertOf(18))
  expect(await asker.next()).toEqual({ kind: 'alerts', alerts: [alertOf(18)] })
  // Not subscribed yet: nothing comes before the answer to the next question, and what came meanwhile follows the subscription.
  expect((await reader.ask(hello)).kind).toBe('hello')
  expect((await reader.ask({ kind: 'subscribe' })).kind).toBe('head')
  expect(await reader.next()).toEqual({ kind: 'alerts', alerts: [alertOf(18)] })
  // A stream that never asked is told of heads alone.
  expect((await listener.ask(hello)).kind).toBe('hello')
  expect(listener.waiting).toBe(0)
})

test('alerts that come faster than a reader takes them do not pile up: the newest 16 are sent', async () => {
  const { node, frames } = await serve()
  const talk = await Talk.with(node)
  await talk.ask({ kind: 'alerts' })
  for (let n = 1; n <= 100; n++) node.alerts.offer(alertOf(n))
  expect((await talk.ask({ kind: 'subscribe' })).kind).toBe('head')
  const pushed = await talk.next()
  expect(pushed.kind === 'alerts' && pushed.alerts.map(([first]) => first)).toEqual(
    Array.from({ length: 16 }, (_, i) => 100 - i),
  )
  frames.grow()
  expect((await talk.next()).kind).toBe('head')
})

test('asking for alerts counts as any other request', async () => {
  const { node } = await serve({ requestBurst: 2, requestsPerSecond: 0.001 })
  const talk = await Talk.with(node)
  await talk.ask({ kind: 'alerts' })
  await talk.ask({ kind: 'alerts' })
  expect(await talk.ask({ kind: 'alerts' })).toMatchObject({ kind: 'error', code: 'rateLimited' })
})

test('over a real connection, a node of an earlier version resets the stream of the question, and is followed all the same', async () => {
  const node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['websocket'],
    limits: DEFAULT_NET_LIMITS,
  })
  open.push(node)
  const asked: string[] = []
  await node.libp2p.handle(LIGHT_PROTOCOL, (stream) => {
    const decoder = new FrameDecoder(WIRE_LIMITS.requestBytes)
    stream.addEventListener('message', ({ data }) => {
      for (const message of decoder.push(data.subarray())) {
        const { kind } = decodeRequest(message)
        asked.push(kind)
        if (kind === 'subscribe') stream.send(encodeResponse({ kind: 'head', header: Uint8Array.of(7) }))
        else {
          // What its conversation did with a kind that its decoder does not know.
          stream.send(encodeResponse({ kind: 'error', code: 'badRequest', message: 'request of an unknown kind' }))
          stream.abort(new Error('request of an unknown kind'))
        }
      }
    })
  })
  const signal = AbortSignal.timeout(20_000)
  const greeting = { network: 'test', profile: '2.1.0.24' }
  const peer = await dialLightPeer(await dialler(), 'websocket', node.addresses()[0] ?? '', greeting, signal)
  const stop = new AbortController()
  const heads: number[] = []
  const onHead = ([first = 0]: Uint8Array) => {
    heads.push(first)
    stop.abort()
  }
  await peer.subscribe(onHead, AbortSignal.any([stop.signal, signal]), () => heads.push(-1))
  expect([heads, asked]).toEqual([[7], ['alerts', 'subscribe']])
})
