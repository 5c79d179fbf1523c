/** A client whose peer is not what it should be: every call ends with a typed error, in time and in bounds (hazards RPC-H1, RPC-H6). */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { constants, createSecureServer, type ServerHttp2Stream } from 'node:http2'
import { createServer, type Socket } from 'node:net'
import { connect, createServer as createTls, type TLSSocket } from 'node:tls'
import { Code } from '@connectrpc/connect'
import { GlobalService } from '@petal/core/gen/node/global_service_pb.js'
import { afterEach, expect, test } from 'vitest'
import { makeCertificate } from '../keys/certificate.ts'
import { type TlsMaterial, tlsMaterial } from './own-certificate.ts'
import { connectPeer, type DialProgress, type PeerConnection } from './peer-client.ts'
import { openSync } from './sync-stream.ts'
import { engine, HOST, OTHER, SERVER, startTestRpc } from './testing.ts'
import { answerWithCertificate } from './tls13-server.testing.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close()
})

const own = tlsMaterial(OTHER, engine)
const theirs = tlsMaterial(SERVER, engine)
const dial = async (port: number, signal?: AbortSignal): Promise<PeerConnection> => {
  const options = { material: own, engine, connectMillis: 300, callMillis: 300 }
  const peer = await connectPeer({ host: HOST, port, peerId: SERVER.peerId }, options, signal)
  closing.push(() => peer.close())
  return peer
}

async function listening(
  server: { listen(options: object, done: () => void): unknown; address(): unknown; close(): unknown },
  sockets: Set<{ destroy(): void }>,
): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host: HOST, port: 0 }, resolve))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as { port: number }).port
}

/** A TCP server that does with a connection what it is told. */
function tcp(answer: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  return listening(
    createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      answer(socket)
    }),
    sockets,
  )
}

function tls(material: TlsMaterial, answer: (socket: TLSSocket) => void): Promise<number> {
  const sockets = new Set<TLSSocket>()
  return listening(
    createTls({ ...material, ALPNProtocols: ['h2'] }, (socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      answer(socket)
    }),
    sockets,
  )
}

/** An HTTP/2 server with a valid certificate that answers streams as it is told. */
function http2(answer: (stream: ServerHttp2Stream) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createSecureServer({ ...theirs })
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('sessionError', () => undefined)
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    answer(stream)
  })
  return listening(server, sockets)
}

const frame = (peer: PeerConnection) => peer.call((options) => peer.client(GlobalService).getGlobalFrame({}, options))
const refused = (code: string) => expect.objectContaining({ name: 'RpcError', code })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: unknown) => error,
  )

test('nobody there, silence, garbage, a closed door', async () => {
  expect(await failure(dial(1))).toEqual(refused('dial'))
  expect(await failure(dial(await tcp(() => undefined)))).toEqual(refused('timeout'))
  expect(await failure(dial(await tcp((socket) => socket.write('SSH-2.0-x\r\n'))))).toEqual(refused('dial'))
  expect(await failure(dial(await tcp((socket) => socket.destroy())))).toEqual(refused('dial'))
  expect(await failure(dial(await tls(theirs, (socket) => socket.destroy())))).toEqual(refused('dial'))
  expect(await failure(dial(await tls(theirs, (socket) => socket.write('no frames at all'))))).toEqual(refused('dial'))
  expect(await failure(dial(await tls(theirs, () => undefined)))).toEqual(refused('timeout'))
  expect(await failure(dial(await tcp(() => undefined), AbortSignal.timeout(50)))).toEqual(refused('cancelled'))
})

test('a certificate that is none of a peer, or of another peer', async () => {
  const forged = tlsMaterial(SERVER, {
    ed448PublicKey: (seed) => engine.ed448PublicKey(seed),
    ed448Sign: (seed, message) => engine.ed448Sign(seed, message.subarray(1)),
  })
  expect(await failure(dial(await tls(forged, () => undefined)))).toEqual(refused('identity'))
  expect(await failure(dial(await tls(own, () => undefined)))).toEqual(refused('mismatch'))
})

test('RPC-02 a valid certificate of the peer is worth nothing without its private key', async () => {
  const day = 86_400_000
  const { der, privateKey } = makeCertificate(SERVER, engine, {
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
    serial: randomBytes(16),
  })
  const against = async (key: KeyObject) => {
    const reached: string[] = []
    const port = await tcp((socket) => void answerWithCertificate(socket, { der, key }))
    const options = {
      material: own,
      engine,
      connectMillis: 20_000,
      onProgress: (progress: DialProgress) => void reached.push(progress.reached),
    }
    const error = await failure(connectPeer({ host: HOST, port, peerId: SERVER.peerId }, options))
    return { reached, error }
  }
  // The same server gets through with the right key, up to where it hangs up: it is the signature alone that fails.
  expect(await against(privateKey)).toEqual({ reached: ['tcp', 'identity'], error: refused('dial') })
  const { privateKey: another } = generateKeyPairSync('ed25519')
  expect(await against(another)).toEqual({ reached: ['tcp'], error: refused('dial') })
})

const GRPC = { ':status': 200, 'content-type': 'application/grpc' }
const envelope = (length: number, body = Buffer.alloc(0)) => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, body])
}

test('answers that never come, never end, are too long, are no messages, are not gRPC', async () => {
  const against = async (answer: (stream: ServerHttp2Stream) => void) => failure(frame(await dial(await http2(answer))))
  expect(await against(() => undefined)).toEqual(refused('timeout'))
  expect(
    await against((stream) => {
      stream.respond(GRPC)
      const drip = setInterval(() => stream.write(Buffer.of(0)), 100)
      stream.once('close', () => clearInterval(drip))
    }),
  ).toEqual(refused('timeout'))
  expect(
    await against((stream) => {
      stream.respond(GRPC)
      stream.end(Buffer.concat([envelope(0), envelope(0)]))
    }),
  ).toEqual(refused('protocol'))
  expect(
    await against((stream) => {
      stream.respond(GRPC)
      stream.write(envelope(0xfffffff0))
    }),
  ).toEqual(refused('protocol'))
  expect(
    await against((stream) => {
      stream.respond(GRPC, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(envelope(2, Buffer.of(0xff, 0xff)))
    }),
  ).toEqual(refused('protocol'))
  expect(await against((stream) => stream.respond({ ':status': 404 }, { endStream: true }))).toEqual(
    refused('protocol'),
  )
  expect(await against((stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR))).toEqual(refused('protocol'))
  expect(
    await against((stream) =>
      stream.respond({ ...GRPC, 'grpc-status': '14', 'grpc-message': 'later' }, { endStream: true }),
    ),
  ).toEqual(expect.objectContaining({ code: 'refused', status: Code.Unavailable, message: 'later' }))
  expect(await against((stream) => stream.session?.destroy())).toEqual(expect.objectContaining({ name: 'RpcError' }))
})

test('a connection that ended is said to be closed, and is not opened again behind the caller', async () => {
  let connections = 0
  const port = await tls(theirs, () => connections++)
  const server = await startTestRpc()
  const peer = await dial(server.port)
  await server.stop()
  while (!peer.closed) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(await failure(frame(peer))).toEqual(refused('closed'))
  expect(await failure(openSync(peer).ask(new Uint8Array(0), new AbortController().signal))).toEqual(
    expect.objectContaining({ name: 'RpcError' }),
  )
  expect([port > 0, connections]).toEqual([true, 0])
})

test('RPC-H1 no connection is resumed: each one proves its key anew', async () => {
  const server = await startTestRpc()
  closing.push(() => void server.stop())
  let session: Buffer | undefined
  const once = () =>
    new Promise<boolean>((resolve, reject) => {
      const socket = connect({
        ...own,
        host: HOST,
        port: server.port,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
        ...(session === undefined ? {} : { session }),
      })
      socket.on('error', reject)
      socket.on('session', (offered) => {
        session = offered
      })
      socket.resume()
      socket.once('secureConnect', () =>
        setTimeout(() => {
          const reused = socket.isSessionReused()
          socket.destroy()
          resolve(reused)
        }, 100),
      )
    })
  expect([await once(), await once()]).toEqual([false, false])
})
