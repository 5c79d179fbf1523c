/** Floods of HTTP/2 frames from a peer with a valid certificate: the session ends, others are served (spec 51 section 1). */
import { connect, type TLSSocket } from 'node:tls'
import { GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tlsMaterial } from './own-certificate.ts'
import type { PeerServer } from './peer-server.ts'
import { dialTest, engine, HOST, OTHER, SERVER, startTestRpc } from './testing.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const TYPE = { data: 0, headers: 1, settings: 4, ping: 6, continuation: 9 } as const

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

let server: PeerServer
let ended: Promise<void>
beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  ended = promise
  server = await startTestRpc({
    onEvent: ({ event }) => {
      if (event === 'disconnected') resolve()
    },
  })
})
afterEach(() => server.stop())

async function attacker(): Promise<TLSSocket> {
  const socket = connect({
    ...tlsMaterial(OTHER, engine),
    host: HOST,
    port: server.port,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  })
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0)]))
  return socket
}

/** Sends the chunk again and again until the server ends the session, at most so many bytes; never reads. */
async function flood(chunk: Buffer, mostBytes: number): Promise<void> {
  const socket = await attacker()
  socket.pause()
  let over = false
  void ended.then(() => {
    over = true
  })
  for (let sent = 0; sent < mostBytes && !over && !socket.destroyed; sent += chunk.length) {
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), ended])
    await new Promise((resolve) => setImmediate(resolve))
  }
  await ended
  socket.destroy()
  const peer = await dialTest(server.port, SERVER)
  expect(await peer.client(GlobalService).getWorkerInfo({})).toMatchObject({ workers: [] })
  peer.close()
}

const repeated = (one: Buffer, times: number) => Buffer.concat(Array.from({ length: times }, () => one))
const MOST = 32 << 20

/** HPACK: a literal header without indexing. */
const literal = (name: string, value: Buffer): Buffer => {
  const length = (bytes: number) => (bytes < 127 ? [bytes] : [127, ((bytes - 127) & 0x7f) | 0x80, (bytes - 127) >> 7])
  return Buffer.concat([
    Buffer.from([0, ...length(name.length)]),
    Buffer.from(name),
    Buffer.from(length(value.length)),
    value,
  ])
}

test('pings that nobody waits for', () => flood(repeated(frame(TYPE.ping, 0, 0, Buffer.alloc(8)), 1_000), MOST))

test('settings without end', () => flood(repeated(frame(TYPE.settings, 0, 0), 1_000), MOST))

test('headers that go on and on', async () => {
  const more = frame(TYPE.continuation, 0, 1, literal('x-filler', Buffer.alloc(8_000, 0x61)))
  const socket = await attacker()
  socket.write(frame(TYPE.headers, 0, 1, literal(':method', Buffer.from('POST'))))
  socket.resume()
  for (let sent = 0; sent < 4_000 && !socket.destroyed; sent++) {
    socket.write(more)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await ended
})

test('a frame longer than allowed, and bytes that are no frames', async () => {
  await flood(frame(TYPE.data, 0, 1, Buffer.alloc(100_000)), MOST)
})

test('data for streams that were never opened', () =>
  flood(repeated(frame(TYPE.data, 0, 1, Buffer.alloc(10)), 100), MOST))
