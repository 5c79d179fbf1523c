/** Peers that stall, flood and send too much at the peer listener: bounded, told or closed, and others are served all the while. */
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import type { Identity } from '@petal/core/identity/index.ts'
import { afterEach, expect, test } from 'vitest'
import { tlsMaterial } from './own-certificate.ts'
import type { PeerRpcOptions } from './peer-rpc.ts'
import type { PeerServer, PeerServerEvent } from './peer-server.ts'
import { dialTest, engine, HOST, identityOf, OTHER, SERVER, startTestRpc } from './testing.ts'

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function listener(options: Partial<PeerRpcOptions> = {}) {
  const events: PeerServerEvent[] = []
  const server = await startTestRpc({ ...options, onEvent: (event) => events.push(event) })
  closing.push(() => server.stop())
  const refusals = () => events.flatMap((event) => (event.event === 'refused' ? [event.reason] : []))
  return { server, events, refusals }
}

async function session(server: PeerServer, identity: Identity = OTHER): Promise<ClientHttp2Session> {
  const opened = connectHttp2(`https://${HOST}:${server.port}`, {
    ...tlsMaterial(identity, engine),
    rejectUnauthorized: false,
    servername: 'localhost',
  })
  opened.on('error', () => undefined)
  closing.push(() => opened.destroy())
  await new Promise((resolve) => opened.once('remoteSettings', resolve))
  return opened
}

const PATH = '/quilibrium.node.global.pb.GlobalService/'
const headers = (method: string) => ({
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: method.startsWith('/') ? method : `${PATH}${method}`,
  'content-type': 'application/grpc',
  te: 'trailers',
})

interface Ended {
  readonly status: number | null
  readonly reset: number
}

/** One raw call: `body` is written, the stream is left open unless `end`. */
function rawCall(from: ClientHttp2Session, method: string, body: Buffer, end: boolean): Promise<Ended> {
  const stream = from.request(headers(method))
  let status: number | null = null
  const seen = (fields: Record<string, unknown>) => {
    if (fields['grpc-status'] !== undefined) status = Number(fields['grpc-status'])
  }
  stream.on('response', seen)
  stream.on('trailers', seen)
  stream.on('error', () => undefined)
  stream.resume()
  stream.write(body)
  if (end) stream.end()
  return new Promise((resolve) => {
    stream.once('end', () => resolve({ status, reset: stream.rstCode ?? 0 }))
    stream.once('close', () => resolve({ status, reset: stream.rstCode ?? 0 }))
  })
}

const envelope = (length: number, body: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, body])
}

async function stillServes(server: PeerServer): Promise<void> {
  const peer = await dialTest(server.port, SERVER)
  try {
    expect(await peer.call((options) => peer.client(GlobalService).getWorkerInfo({}, options))).toMatchObject({
      workers: [],
    })
  } finally {
    peer.close()
  }
}

const gone = (socket: { once(event: 'close', listener: () => void): unknown }) =>
  new Promise<void>((resolve) => socket.once('close', () => resolve()))

test('a slow handshake is ended, at TCP and inside TLS, while others are served', async () => {
  const { server, refusals } = await listener({ limits: { handshakeMillis: 300 } })
  const silent = connect({ host: HOST, port: server.port })
  const dripping = connect({ host: HOST, port: server.port })
  for (const socket of [silent, dripping]) socket.on('error', () => undefined)
  const hello = Buffer.from('1603010200010001fc0303', 'hex')
  let at = 0
  const drip = setInterval(() => dripping.write(hello.subarray(at, ++at)), 20)
  const ended = Promise.all([gone(silent), gone(dripping)])
  await stillServes(server)
  await ended
  clearInterval(drip)
  expect(refusals().filter((reason) => reason === 'late' || reason === 'handshake').length).toBeGreaterThanOrEqual(2)
  await stillServes(server)
})

test('garbage instead of TLS, and TLS without HTTP/2, are closed', async () => {
  const { server, refusals } = await listener()
  const garbage = connect({ host: HOST, port: server.port })
  garbage.on('error', () => undefined)
  garbage.write('GET / HTTP/1.1\r\n\r\n')
  await gone(garbage)
  const other = connectTls({ host: HOST, port: server.port, ...tlsMaterial(OTHER, engine), rejectUnauthorized: false })
  other.on('error', () => undefined)
  await gone(other)
  expect(refusals()).toEqual(['handshake', 'protocol'])
  await stillServes(server)
})

test('connections, handshakes and connections of one peer are bounded', async () => {
  const few = await listener({ limits: { handshakes: 2 } })
  const waiting = Array.from({ length: 2 }, () => connect({ host: HOST, port: few.server.port }))
  await Promise.all(waiting.map((socket) => new Promise<void>((resolve) => socket.once('connect', () => resolve()))))
  const third = connect({ host: HOST, port: few.server.port })
  third.on('error', () => undefined)
  await gone(third)
  expect(few.refusals()).toEqual(['handshakes'])
  for (const socket of waiting) socket.destroy()

  const { server, refusals } = await listener({ limits: { connectionsPerPeer: 2 } })
  await session(server)
  await session(server)
  await expect(dialTest(server.port)).rejects.toMatchObject({ name: 'RpcError' })
  expect(refusals()).toEqual(['peer'])
  await stillServes(server)
})

test('callers without a certificate are told, closed, and few at one time', async () => {
  const { server, refusals } = await listener({ limits: { strangers: 2, strangerMillis: 200 } })
  const bare = () => {
    const socket = connectTls({ host: HOST, port: server.port, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    socket.on('error', () => undefined)
    socket.resume()
    return gone(socket)
  }
  await Promise.all(Array.from({ length: 5 }, bare))
  expect(refusals()).toEqual(Array(5).fill('stranger'))
  await stillServes(server)
})

test('10,000 streams at once: no more than the burst is looked at, then the session ends; memory and other peers stay', async () => {
  const { server, refusals } = await listener()
  const flood = await session(server)
  const ended = gone(flood)
  const statuses = new Set<unknown>()
  const before = process.memoryUsage().rss
  for (let index = 0; index < 10_000 && !flood.destroyed; index++) {
    const stream = flood.request(headers('GetGlobalFrame'))
    stream.on('error', () => undefined)
    stream.on('trailers', (fields) => statuses.add(fields['grpc-status']))
    stream.resume()
    if (index % 500 === 0) await sleep(1)
  }
  await ended
  expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20)
  // Requests that never end get no answer, those above a limit are told so.
  expect([...statuses]).toEqual(['8'])
  expect(refusals()).toContain('flood')
  await stillServes(server)
})

test('streams opened and reset at once end the session', async () => {
  const { server, events } = await listener()
  const flood = await session(server)
  const ended = () => events.some(({ event }) => event === 'disconnected')
  for (let batch = 0; batch < 200 && !ended(); batch++) {
    const streams = Array.from({ length: 50 }, () => flood.request(headers('GetGlobalFrame')))
    for (const stream of streams) stream.on('error', () => undefined)
    await sleep(1)
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
  }
  while (!ended()) await sleep(10)
  await stillServes(server)
})

test('a message longer than the limit is refused from its length', async () => {
  const { server } = await listener()
  const peer = await session(server)
  const { requestBytes } = (await import('./limits.ts')).DEFAULT_RPC_LIMITS
  expect(await rawCall(peer, 'GetGlobalFrame', envelope(requestBytes + 1), false)).toMatchObject({ status: 8 })
  expect(await rawCall(peer, 'GetGlobalFrame', envelope(0xffffffff), false)).toMatchObject({ status: 8 })
  // A method without content does not read its request at all.
  expect(await rawCall(peer, 'SubmitGlobalMessage', envelope(0xffffffff), false)).toMatchObject({ status: 12 })
  await stillServes(server)
})

test('a request that never ends is ended; bytes after the message are refused', async () => {
  const { server } = await listener({ limits: { requestMillis: 200 } })
  const peer = await session(server)
  const endless = await rawCall(peer, 'GetGlobalFrame', envelope(1_000, Buffer.alloc(10)), false)
  expect(endless.status === null || endless.status !== 0).toBe(true)
  const two = await rawCall(peer, 'GetWorkerInfo', Buffer.concat([envelope(0), envelope(0)]), true)
  expect(two.status).not.toBe(0)
  await stillServes(server)
})

test('ill-formed protobuf, an unknown method, an unknown path', async () => {
  const { server } = await listener()
  const other = await session(server)
  expect(await rawCall(other, 'GetGlobalFrame', envelope(3, Buffer.from([0xff, 0xff, 0xff])), true)).toMatchObject({
    status: 13,
  })
  expect(await rawCall(other, 'NoSuchMethod', envelope(0), true)).toMatchObject({ status: 7 })
  expect(await rawCall(other, '/nothing/at/all', envelope(0), true)).toMatchObject({ status: 7 })
  const own = await session(server, SERVER)
  expect(await rawCall(own, 'NoSuchMethod', envelope(0), true)).toMatchObject({ status: 12 })
})

test('rates are applied to a peer, not to the others, also over several connections', async () => {
  const { server } = await listener({ limits: { requestBurst: 5, requestsPerSecond: 0.001 } })
  const [first, second] = [await session(server), await session(server)]
  const statuses: (number | null)[] = []
  for (let index = 0; index < 8; index++) {
    const from = index % 2 === 0 ? first : second
    statuses.push((await rawCall(from, 'NoSuchMethod', envelope(0), true)).status)
  }
  expect(statuses.slice(0, 5)).toEqual([7, 7, 7, 7, 7])
  expect(statuses.slice(5)).toEqual([8, 8, 8])
  await stillServes(server)
})

test('calls of one peer at one time are bounded', async () => {
  const { server } = await listener({
    limits: { callsPerPeer: 3, requestBurst: 1e6, requestsPerSecond: 1e6 },
  })
  const peer = await session(server)
  const open = Array.from({ length: 3 }, () => rawCall(peer, 'GetGlobalFrame', envelope(10), false))
  while ((await rawCall(peer, 'GetGlobalFrame', envelope(0), true)).status !== 8) await sleep(5)
  peer.destroy()
  await Promise.all(open)
  await stillServes(server)
})

test('a session that gives no sign of life is closed', async () => {
  const { server, events } = await listener({ limits: { keepAliveMillis: 50, keepAliveTimeoutMillis: 100 } })
  const quiet = connectTls({
    host: HOST,
    port: server.port,
    ...tlsMaterial(identityOf(5), engine),
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  })
  quiet.on('error', () => undefined)
  // Preface and empty settings, then nothing: pings stay unanswered.
  quiet.write(
    Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from('000000040000000000', 'hex')]),
  )
  quiet.resume()
  await gone(quiet)
  expect(events.map(({ event }) => event)).toEqual(['connected', 'disconnected'])
})

test('two nodes with one identity: each takes the other for itself, and a client that wants another peer notices', async () => {
  const { server } = await listener()
  const twin = await dialTest(server.port, SERVER)
  closing.push(() => twin.close())
  expect(await twin.call((options) => twin.client(GlobalService).getWorkerInfo({}, options))).toMatchObject({
    workers: [],
  })
  expect(twin.peerId).toEqual(SERVER.peerId)
  await expect(dialTest(server.port, OTHER, OTHER.peerId)).rejects.toMatchObject({ code: 'mismatch' })
})
