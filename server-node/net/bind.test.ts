/** P2P-H11: a node listens at the address it was given, and at no other. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadAddon } from '../crypto/addon.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { type PeerNode, startPeerNode } from './node.ts'
import { TRANSPORTS, type TransportName } from './transports.ts'
import { Certificates } from './webtransport/certificates.ts'

const HOST = '127.0.0.1'
/** Another address of the same interface: who listens at all addresses has the port there too. */
const ELSEWHERE = '127.0.0.2'

let node: PeerNode
beforeAll(async () => {
  const addon = loadAddon()
  node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: HOST,
    transports: TRANSPORTS,
    limits: DEFAULT_NET_LIMITS,
    udp: { addon, certificates: await Certificates.open(addon, undefined, Date.now()) },
  })
})
afterAll(() => node?.stop())

/** How the addresses of a transport go on behind the port. */
const ENDINGS: Readonly<Record<TransportName, RegExp>> = {
  tcp: /\/tcp\/\d+\/p2p/,
  quic: /\/quic-v1\/p2p/,
  websocket: /\/ws\/p2p/,
  'webrtc-direct': /\/webrtc-direct/,
  webtransport: /\/webtransport/,
}

/** Whether nobody has the port at the address. */
function isFree(transport: 'tcp' | 'udp', address: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const bound = transport === 'tcp' ? createServer() : createSocket('udp4')
    bound.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    )
    const done = () => bound.close(() => resolve(true))
    if ('listen' in bound) bound.listen({ host: address, port }, done)
    else bound.bind({ address, port }, done)
  })
}

test.each(TRANSPORTS)('P2P-H11 %s listens at the address it was given alone', async (name) => {
  const own = node.addresses().filter((address) => ENDINGS[name].test(address))
  expect(own).toHaveLength(1)
  const [, host, transport, port] = /^\/ip4\/([^/]+)\/(tcp|udp)\/(\d+)/.exec(own[0] ?? '') ?? []
  expect(host).toBe(HOST)
  const kind = transport === 'tcp' ? 'tcp' : 'udp'
  expect(await isFree(kind, HOST, Number(port))).toBe(false)
  expect(await isFree(kind, ELSEWHERE, Number(port))).toBe(true)
})
