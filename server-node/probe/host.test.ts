import { multiaddr } from '@multiformats/multiaddr'
import { expect, test, vi } from 'vitest'
import { loadAddon } from '../crypto/addon.ts'
import { Certificates } from '../net/webtransport/certificates.ts'
import { makeIdentity } from './context.ts'
import { openHost, type ProbeHost } from './host.ts'
import { askPeer, IMPATIENT_MILLIS, startPeer } from './testing.ts'

async function openTestHost(stack: AsyncDisposableStack): Promise<ProbeHost> {
  const addon = loadAddon()
  const certificates = await Certificates.open(addon, undefined, Date.now())
  const identity = makeIdentity(addon).hostKey
  const host = await openHost({ identity, addon, certificates, millis: 30_000, accepts: () => true })
  stack.defer(async () => host.stop())
  return host
}

test('it listens nowhere: no address, no TCP server, and the UDP port that it dials from takes no connection', async () => {
  await using stack = new AsyncDisposableStack()
  const node = await startPeer(stack)
  const servers = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCPServer')).length
  const before = servers()
  const host = await openTestHost(stack)
  expect(host.getMultiaddrs()).toEqual([])
  expect(servers()).toBe(before)
  const quic = node.addresses().find((address) => /quic-v1/.test(address)) ?? ''
  await host.dial(multiaddr(quic))
  const back = await vi.waitFor(() => {
    const [seen] = node.libp2p.getConnections(host.peerId)
    const from = seen?.remoteAddr.toString().replace(/\/p2p\/.*/, '') ?? ''
    expect(from).toMatch(/^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1$/)
    return from
  }, 15_000)
  const report = await askPeer(back, { timeoutMillis: IMPATIENT_MILLIS })
  expect(report.failure?.stage).toBe('connect')
  expect(report.peerId).toBeNull()
})

test('two identities have nothing in common', () => {
  const [one, other] = [makeIdentity(loadAddon()), makeIdentity(loadAddon())]
  expect(one.peerId).toMatch(/^Qm/)
  expect(one.peerId).not.toBe(other.peerId)
  expect(one.material.cert).not.toBe(other.material.cert)
})
