import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
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
const listener = () =>
  node({ transports: [webSockets()], addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] }, connectionGater: {} })

test('P2P-01 the socket of a peer that is not the one that was dialled is closed, and that of a connection that is aborted', async () => {
  const [a, b] = [await dialler(), await listener()]
  const address = String(b.getMultiaddrs()[0])
  const wrong = address.replace(/\/p2p\/.*/, '/p2p/QmQmcSbHnEXjuxhR5bHvJi1sM2x1JxHhHmWbHHAyBGsfKq')
  await expect(a.dial(multiaddr(wrong))).rejects.toThrow()
  await vi.waitFor(() => expect(b.getConnections()).toEqual([]))
  const connection = await a.dial(multiaddr(address))
  await vi.waitFor(() => expect(b.getConnections().length).toBe(1))
  connection.abort(new Error('not wanted any more'))
  await vi.waitFor(() => expect(b.getConnections()).toEqual([]))
})

test('the socket of a server that says nothing is closed when the time is over', async () => {
  const sockets = new Set<unknown>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (\S+)/i.exec(String(request))?.[1]
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const head = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}`
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n\r\n`)
      socket.on('data', (frame) => void ((frame[0] ?? 0) === 0x88 && socket.end()))
    })
  }).listen(0, '127.0.0.1')
  open.push({ stop: () => void server.close() })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const a = await dialler()
  const signal = AbortSignal.timeout(500)
  await expect(a.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/ws`), { signal })).rejects.toThrow()
  await vi.waitFor(() => expect(sockets.size).toBe(0))
})
