/** A browser reaches the node over each transport; certificates of WebTransport rotate under its feet. */
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { loadAddon } from '../crypto/addon.ts'
import { type Dialler, openDialler } from '../testing/chromium.ts'
import { Frames } from '../testing/frames.ts'
import { DEFAULT_NET_LIMITS } from './limits.ts'
import { startPeerNode } from './node.ts'
import { TRANSPORTS } from './transports.ts'
import { Certificates } from './webtransport/certificates.ts'
import { webTransportNode } from './webtransport/testing.ts'

const DAY = 86_400_000
const ANSWERS = ['hello', 'headers 32', 'headers 32', 'headers 32', 'headers 32', 'head', 'head', 'head']

let dialler: Dialler
beforeAll(async () => {
  dialler = await openDialler()
})
afterAll(() => dialler?.[Symbol.asyncDispose]())
let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

function frames(): Frames {
  const made = new Frames()
  const growing = setInterval(() => made.grow(), 50)
  stack.defer(() => clearInterval(growing))
  return made
}

test('hello, headers and new heads over every transport that browsers have', async () => {
  const addon = loadAddon()
  const node = await startPeerNode({
    networkNumber: 99,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: TRANSPORTS,
    limits: DEFAULT_NET_LIMITS,
    udp: { addon, certificates: await Certificates.open(addon, undefined, Date.now()) },
  })
  stack.defer(() => node.stop())
  await node.serve(frames())
  expect(node.addresses()).toHaveLength(TRANSPORTS.length)
  const dialled = node.addresses().filter((address) => /\/ws|webrtc|webtransport/.test(address))
  expect(dialled).toHaveLength(3)
  const udp = node.addresses().filter((address) => address.includes('/quic-v1'))
  expect(udp).toHaveLength(2)
  expect(new Set(udp.map((address) => /\/udp\/(\d+)/.exec(address)?.[1])).size).toBe(1)
  for (const address of dialled) expect(await dialler.talk(address, 2), address).toEqual(ANSWERS)
  await expect.poll(() => node.connections()).toBe(0)
})

test('an address that was written down works after the certificate has rotated; the new one does too', async () => {
  const { clock, certificates, listener, address } = await webTransportNode(loadAddon(), frames(), stack)
  const before = address()
  expect(before.match(/certhash/g)).toHaveLength(2)
  const serving = certificates.serving
  clock.now += 6.5 * DAY
  await listener.rotate()
  expect(certificates.serving).not.toBe(serving)
  expect(address()).not.toBe(before)
  expect(await dialler.talk(before, 2)).toEqual(ANSWERS)
  expect(await dialler.talk(address(), 2)).toEqual(ANSWERS)
})

test('with the hash of another certificate, or as another peer, nobody is reached', async () => {
  const { address } = await webTransportNode(loadAddon(), frames(), stack)
  const other = (await webTransportNode(loadAddon(), frames(), stack)).address()
  const hashes = (text: string) => /(\/certhash.*)\/p2p/.exec(text)?.[1] ?? ''
  const peer = (text: string) => /\/p2p\/(.*)/.exec(text)?.[1] ?? ''
  for (const wrong of [
    address().replace(hashes(address()), hashes(other)),
    address().replace(peer(address()), peer(other)),
  ]) {
    expect(await dialler.talk(wrong, 2)).toHaveProperty('error')
  }
  expect(await dialler.talk(address(), 2)).toEqual(ANSWERS)
})
