import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { afterEach, expect, test, vi } from 'vitest'
import { pinPeerIds } from './pin.ts'
import { dialledWebSockets } from './websocket.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop()
})

async function node(options: Libp2pOptions) {
  const made = await createLibp2p({ connectionEncrypters: [noise()], streamMuxers: [yamux()], ...options })
  open.push(made)
  return made
}
const dialler = () =>
  node({ transports: [dialledWebSockets()], connectionGater: pinPeerIds({ denyDialMultiaddr: () => false }) })
/** It waits for whoever dials longer than any test: who ends a socket is the dialler. */
const listener = () =>
  node({
    transports: [webSockets()],
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    connectionGater: {},
    connectionManager: { inboundUpgradeTimeout: 600_000 },
  })

const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000 })

/** Port of a server, and the sockets that came to it: all of them, and those that are not closed. */
async function watched(server: Server) {
  const [came, alive] = [new Set<Socket>(), new Set<Socket>()]
  server.on('connection', (socket) => {
    came.add(socket)
    alive.add(socket)
    socket.on('error', () => undefined).on('close', () => alive.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  open.push({ stop: () => void server.close() })
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, came, alive }
}

/** Passes on what comes for a port. */
const relayTo = (port: number) =>
  watched(
    createServer((socket) => {
      const onward = connect(port, '127.0.0.1').on('error', () => undefined)
      socket.on('close', () => onward.destroy())
      socket.pipe(onward).pipe(socket)
    }),
  )

test('P2P-01 the socket of a peer that is not the one that was dialled is closed, and that of a connection that is aborted', async () => {
  const [a, b] = [await dialler(), await listener()]
  const relay = await relayTo(Number(/\/tcp\/(\d+)/.exec(String(b.getMultiaddrs()[0]))?.[1]))
  const address = `/ip4/127.0.0.1/tcp/${relay.port}/ws/p2p`
  await expect(a.dial(multiaddr(`${address}/QmQmcSbHnEXjuxhR5bHvJi1sM2x1JxHhHmWbHHAyBGsfKq`))).rejects.toThrow()
  expect(relay.came.size).toBe(1)
  await until(() => expect(relay.alive.size).toBe(0))
  const connection = await a.dial(multiaddr(`${address}/${b.peerId}`))
  await until(() => expect(b.getConnections().length).toBe(1))
  expect([relay.came.size, relay.alive.size]).toEqual([2, 1])
  connection.abort(new Error('not wanted any more'))
  await until(() => expect([relay.alive.size, b.getConnections().length]).toEqual([0, 0]))
})

test('the socket of a server that says nothing is closed when the time is over', async () => {
  /** Connections whose handshake waits for an answer. */
  let begun = 0
  const server = createServer((socket) => {
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (\S+)/i.exec(String(request))?.[1]
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const head = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}`
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n\r\n`)
      socket.once('data', () => begun++)
      socket.on('data', (frame) => void ((frame[0] ?? 0) === 0x88 && socket.end()))
    })
  })
  const sockets = await watched(server)
  const a = await dialler()
  const timeLimit = new AbortController()
  const dialled = a.dial(multiaddr(`/ip4/127.0.0.1/tcp/${sockets.port}/ws`), { signal: timeLimit.signal })
  dialled.catch(() => undefined)
  await until(() => expect(begun).toBe(1))
  timeLimit.abort(new Error('the time is over'))
  await expect(dialled).rejects.toThrow()
  await until(() => expect(sockets.alive.size).toBe(0))
})
