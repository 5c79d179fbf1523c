/** A stream port of a real node, and ports behind which there is none (RPC-01, RPC-10; spec 51 sections 1 and 6). */
import { mkdtemp, rm } from 'node:fs/promises'
import { createSecureServer } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTls } from 'node:tls'
import { peerIdText } from '@petal/core/identity/index.ts'
import { afterEach, expect, test, vi } from 'vitest'
import chain from '../../test/vectors/frames/global_chain.json' with { type: 'json' }
import { tlsMaterial } from '../rpc/own-certificate.ts'
import { engine, NumberedFrames, SERVER, startTestRpc } from '../rpc/testing.ts'
import { Frames } from '../testing/frames.ts'
import { headOf, startIn } from '../testing/nodes.ts'
import { ask, askRpc, closedPort, HOST, IMPATIENT_MILLIS, listening, NOBODY, passed, tcpServer } from './testing.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const impatient = { timeoutMillis: IMPATIENT_MILLIS }
const material = tlsMaterial(SERVER, engine)
const serverId = peerIdText(SERVER.peerId)
const at = (port: number) => `${HOST}:${port}`
const pinned = (port: number, peerId: string) => `/ip4/${HOST}/tcp/${port}/p2p/${peerId}`

/** A self-signed certificate of another kind than the network's, as a web server or a proxy has it. */
function foreignMaterial() {
  const { certificate, privateKey } = engine.webtransportCertificate(7)
  const pem = (label: string, der: Uint8Array) =>
    `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`
  return { cert: pem('CERTIFICATE', certificate), key: pem('PRIVATE KEY', privateKey) }
}

test('a whole node: its peers and its stream port are asked at once, the newest frame has a true time proof', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'petal-probe-'))
  stack.defer(() => rm(directory, { recursive: true }))
  const started = await startIn(directory, stack, 'one', { frameIntervalMillis: 500 })
  const { node } = started
  await vi.waitFor(() => expect(headOf(started)).toBeGreaterThan(0), { timeout: 60_000 })
  const addresses = node.addresses().filter((address) => !/webrtc|webtransport/.test(address))
  expect(addresses).toHaveLength(3)
  const peerId = addresses[0]?.split('/p2p/')[1] ?? ''
  const report = await ask(addresses, [at(node.peerRpcPort), pinned(node.peerRpcPort, peerId)])
  expect([...report.peers, ...report.rpc].map(({ failure }) => failure)).toEqual(Array(5).fill(null))
  expect(report.answered).toBe(5)
  for (const rpc of report.rpc) {
    expect(passed(rpc)).toEqual(['connect', 'tls', 'http2', 'frame', 'verify'])
    expect(rpc).toMatchObject({ peerId, keyType: 'Ed448' })
    expect(Number(rpc.head?.number)).toBeGreaterThan(0)
    expect(rpc.head?.identity).toMatch(/^[0-9a-f]{64}$/)
  }
  expect(report.rpc.map((rpc) => rpc.pinned)).toEqual([false, true])
})

/** Always the same header. */
class OneFrame extends Frames {
  readonly #header: Uint8Array

  constructor(header: Uint8Array) {
    super()
    this.#header = header
  }

  override bytes(): Uint8Array {
    return this.#header
  }
}

async function serving(header: Uint8Array): Promise<number> {
  const server = await startTestRpc({ source: new OneFrame(header) })
  stack.defer(() => server.stop())
  return server.port
}

const recorded = Uint8Array.from(Buffer.from(chain.cases[4]?.header_pb ?? '', 'hex'))
/** Somewhere in the output of the time proof. */
const IN_OUTPUT = 60

test('RPC-10 a recorded frame of the vectors passes, one whose time proof is false does not', async () => {
  const right = await askRpc(pinned(await serving(recorded), serverId))
  expect(right.failure).toBeNull()
  expect(right.head).toMatchObject({
    number: String(chain.cases[4]?.header.frame_number),
    identity: chain.cases[4]?.identity,
  })
  const changed = recorded.with(IN_OUTPUT, (recorded[IN_OUTPUT] ?? 0) ^ 1)
  const wrong = await askRpc(pinned(await serving(changed), serverId))
  expect(wrong.failure).toMatchObject({ stage: 'verify', code: 'invalid' })
  expect(passed(wrong)).toEqual(['connect', 'tls', 'http2', 'frame'])
})

test('a header that is none is no frame', async () => {
  const number = new NumberedFrames().bytes(7n)
  expect((await askRpc(at(await serving(number)))).failure).toMatchObject({ stage: 'frame', code: 'protocol' })
})

test('another peer than the one wanted: said who answers, and it is asked nothing', async () => {
  const server = await startTestRpc({ source: new NumberedFrames() })
  stack.defer(() => server.stop())
  const report = await askRpc(pinned(server.port, NOBODY))
  expect(report).toMatchObject({ peerId: serverId, pinned: false, head: null })
  expect(report.failure).toMatchObject({ stage: 'tls', code: 'wrongPeer' })
  expect(report.failure?.message).toContain(`${serverId} answers, ${NOBODY} was wanted`)
})

test('RPC-01 a certificate that is not of the network: no identity, with the hint at proxies', async () => {
  const port = await listening(stack, createTls({ ...foreignMaterial(), ALPNProtocols: ['h2'] }))
  const report = await askRpc(at(port))
  expect(report).toMatchObject({ peerId: null, head: null })
  expect(report.failure).toMatchObject({ stage: 'tls', code: 'identity' })
  expect(report.failure?.message).toContain('a proxy')
})

test('silence at each stage ends at that stage', async () => {
  const silent = await tcpServer(stack, () => undefined)
  expect((await askRpc(at(silent), impatient)).failure).toMatchObject({ stage: 'tls', code: 'timeout' })
  const noHttp = await listening(stack, createTls({ ...material, ALPNProtocols: ['h2'] }))
  expect((await askRpc(at(noHttp), impatient)).failure).toMatchObject({ stage: 'http2', code: 'timeout' })
  const noAnswer = createSecureServer({ ...material })
  noAnswer.on('stream', (stream) => stream.on('error', () => undefined))
  const { failure } = await askRpc(at(await listening(stack, noAnswer)), impatient)
  expect(failure).toMatchObject({ stage: 'frame', code: 'timeout' })
})

test('a closed port, an older TLS, no TLS at all, a web server, a name that does not resolve', async () => {
  expect((await askRpc(at(await closedPort()))).failure).toMatchObject({ stage: 'connect', code: 'refused' })
  const older = await listening(stack, createTls({ ...foreignMaterial(), maxVersion: 'TLSv1.2' }))
  expect((await askRpc(at(older))).failure).toMatchObject({ stage: 'tls', code: 'version' })
  const plain = await tcpServer(stack, (socket) => void socket.end('220 mail.example ESMTP\r\n'))
  expect((await askRpc(at(plain))).failure).toMatchObject({ stage: 'tls', code: 'noCommonProtocol' })
  const web = createSecureServer({ ...material })
  web.on('stream', (stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 404 }, { endStream: true })
  })
  const { failure } = await askRpc(at(await listening(stack, web)))
  expect(failure?.stage).toBe('frame')
  expect(['status', 'protocol', 'closed']).toContain(failure?.code)
  expect((await askRpc('nobody.invalid:8340')).failure).toMatchObject({ stage: 'resolve', code: 'dns' })
})

test('sixty-four silent ports are given up together, within the time of one', async () => {
  const port = await tcpServer(stack, () => undefined)
  const warnings: Error[] = []
  const warn = (warning: Error) => warnings.push(warning)
  process.on('warning', warn)
  stack.defer(() => void process.off('warning', warn))
  const report = await ask(Array(32).fill(`/ip4/${HOST}/tcp/${port}`), Array(32).fill(at(port)), {
    timeoutMillis: 4 * IMPATIENT_MILLIS,
  })
  expect(report.answered).toBe(0)
  const failures = [...report.peers, ...report.rpc].map(({ failure }) => failure?.code)
  expect(new Set(failures)).toEqual(new Set(['timeout']))
  expect(warnings).toEqual([])
})
