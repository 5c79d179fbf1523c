/** What the tests of probes ask: real nodes, and servers that are none. Loopback, free ports. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { loadAddon } from '../crypto/addon.ts'
import { DEFAULT_NET_LIMITS } from '../net/limits.ts'
import { type PeerNode, type PeerNodeOptions, startPeerNode } from '../net/node.ts'
import { Certificates } from '../net/webtransport/certificates.ts'
import { type ProbeOptions, probe } from './probe.ts'
import type { PeerReport, ProbeReport, RpcReport } from './report.ts'
import { peerTarget, rpcTarget } from './targets.ts'

export const HOST = '127.0.0.1'
export const NETWORK = 99
/** A peer id that nobody has here. */
export const NOBODY = 'QmP9NNzAzRjCL8gdQBkKHwyBCWJGVb3jPrQzTveYdU24kH'
/** Long enough for anything that answers, short enough to wait for what does not. */
const PATIENT_MILLIS = 60_000
export const IMPATIENT_MILLIS = 1_500

export type Asked = Partial<Omit<ProbeOptions, 'peers' | 'rpc'>>

export function ask(peers: readonly string[], rpc: readonly string[], options: Asked = {}): Promise<ProbeReport> {
  return probe({
    network: NETWORK,
    timeoutMillis: PATIENT_MILLIS,
    discover: true,
    addon: loadAddon(),
    ...options,
    peers: peers.map(peerTarget),
    rpc: rpc.map(rpcTarget),
  })
}

export async function askPeer(address: string, options: Asked = {}): Promise<PeerReport> {
  const [report] = (await ask([address], [], options)).peers
  if (report === undefined) throw new Error('no report')
  return report
}

export async function askRpc(where: string, options: Asked = {}): Promise<RpcReport> {
  const [report] = (await ask([], [where], options)).rpc
  if (report === undefined) throw new Error('no report')
  return report
}

/** Names of the stages that went well. */
export const passed = ({ stages }: PeerReport | RpcReport): readonly string[] =>
  stages.filter(({ ok }) => ok).map(({ stage }) => stage)

/** The peer part of a node, by all transports that nodes dial; it stops with the stack. */
export async function startPeer(
  stack: AsyncDisposableStack,
  options: Partial<PeerNodeOptions> = {},
): Promise<PeerNode> {
  const addon = loadAddon()
  const node = await startPeerNode({
    networkNumber: NETWORK,
    identity: await generateEd448KeyPair(),
    host: HOST,
    transports: ['tcp', 'quic', 'websocket'],
    limits: { ...DEFAULT_NET_LIMITS, connectionsPerSecond: 1_000 },
    discovery: { roundMillis: 300 },
    udp: { addon, certificates: await Certificates.open(addon, undefined, Date.now()) },
    ...options,
  })
  stack.defer(() => node.stop())
  return node
}

/** A TCP server that does with a connection what it is told; its port. */
export function tcpServer(stack: AsyncDisposableStack, answer: (socket: Socket) => void): Promise<number> {
  return listening(stack, createServer(answer))
}

/** Any server over TCP; its port. */
export async function listening(stack: AsyncDisposableStack, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  stack.defer(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return portOf(server.address())
}

/** A UDP port that answers each datagram as it is told, or not at all; its port. */
export async function udpServer(
  stack: AsyncDisposableStack,
  answer: (datagram: Buffer) => Uint8Array | undefined,
): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (datagram, { port, address }) => {
    const bytes = answer(datagram)
    if (bytes !== undefined) socket.send(bytes, port, address)
  })
  socket.bind(0, HOST)
  await once(socket, 'listening')
  stack.defer(() => void socket.close())
  return portOf(socket.address())
}

/** What a QUIC server answers that speaks no version of the client's (RFC 9000 section 17.2.1). */
export function versionNegotiation(initial: Buffer): Uint8Array | undefined {
  const VERSION_BYTES = 5
  const destination = initial.subarray(VERSION_BYTES + 1, VERSION_BYTES + 1 + (initial[VERSION_BYTES] ?? 0))
  const at = VERSION_BYTES + 1 + destination.length
  const source = initial.subarray(at + 1, at + 1 + (initial[at] ?? 0))
  const ids = [source.length, ...source, destination.length, ...destination]
  return Uint8Array.of(0x80, 0, 0, 0, 0, ...ids, 0xff, 0, 0, 29)
}

/** A TCP port where nobody listens any more. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  server.listen(0, HOST)
  await once(server, 'listening')
  const port = portOf(server.address())
  server.close()
  await once(server, 'close')
  return port
}

function portOf(address: unknown): number {
  if (typeof address === 'object' && address !== null && 'port' in address) return Number(address.port)
  throw new Error('no port')
}
