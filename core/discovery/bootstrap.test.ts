/** Spec 50 section 3, bootstrap peers (P2P-07). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { peerIdFromText } from '../identity/index.ts'
import { BOOTSTRAP_LIMITS, BootstrapListError, bootstrapPeers, MAINNET_BOOTSTRAP, withoutDnsaddr } from './bootstrap.ts'
import { PEER_ADDRESS_LIMITS, PeerAddressError, readPeerAddress } from './peer-address.ts'

const ID = 'QmP9NNzAzRjCL8gdQBkKHwyBCWJGVb3jPrQzTveYdU24kH'
const ED25519_ID = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
const SECP256K1_ID = '16Uiu2HAmDs4UbUghWGnDwZmHgADpzsVLZDgvTa2STAFzPCTgAPXW'
const OWN = `/ip4/192.0.2.7/udp/8336/quic-v1/p2p/${ID}`
const texts = (network: number, configured?: readonly string[]) =>
  bootstrapPeers(network, configured).map(({ text }) => text)
const codeOf = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof PeerAddressError) return error.code
    throw error
  }
  return undefined
}

describe('P2P-07 bootstrap peers of a network', () => {
  test('mainnet has six, all QUIC on port 8336 with the id of an Ed448 key', () => {
    const peers = bootstrapPeers(0)
    expect(peers).toHaveLength(6)
    expect(new Set(peers.map(({ peerId }) => peerId)).size).toBe(6)
    for (const { transport, port, peerId, hostKind } of peers) {
      expect([transport, port]).toEqual(['quic', 8336])
      expect(peerIdFromText(peerId ?? '')).toHaveLength(34)
      expect(['dns4', 'ip4']).toContain(hostKind)
    }
    expect(peers.filter(({ hostKind }) => hostKind === 'dns4').map(({ host }) => host)).toEqual(
      ['quinoa', 'qualia', 'quetzalcoatl'].map((name) => `${name}.quilibrium.com`),
    )
  })

  test('a missing list, an empty one and one with the old name are replaced; another one is taken as it is', () => {
    expect(texts(0)).toEqual(MAINNET_BOOTSTRAP)
    expect(texts(0, [])).toEqual(MAINNET_BOOTSTRAP)
    expect(texts(0, [OWN, `/dnsaddr/bootstrap.quilibrium.com/p2p/${ID}`])).toEqual(MAINNET_BOOTSTRAP)
    expect(texts(0, [OWN])).toEqual([OWN])
  })

  test('other networks have no list of their own', () => {
    expect(texts(1)).toEqual([])
    expect(texts(99, [OWN])).toEqual([OWN])
    expect(texts(1, [`/dns4/bootstrap.quilibrium.com/udp/1/quic-v1/p2p/${ID}`])).toHaveLength(1)
  })

  test('/dnsaddr/ is read as /dns/, with /quic-v1 after the port of UDP, once', () => {
    const wanted = `/dns/peer.example/udp/8336/quic-v1/p2p/${ID}`
    expect(texts(0, [`/dnsaddr/peer.example/udp/8336/p2p/${ID}`])).toEqual([wanted])
    expect(texts(0, [`/dnsaddr/peer.example/udp/8336/quic-v1/p2p/${ID}`])).toEqual([wanted])
    expect(texts(0, [`/dnsaddr/peer.example/tcp/8336/p2p/${ID}`])).toEqual([`/dns/peer.example/tcp/8336/p2p/${ID}`])
    expect(withoutDnsaddr('/dnsaddr/a/udp/83')).toBe('/dns/a/udp/83/quic-v1')
    expect(withoutDnsaddr(OWN)).toBe(OWN)
  })

  test('every peer needs an id, and a list has an end', () => {
    expect(codeOf(() => bootstrapPeers(0, ['/ip4/192.0.2.7/udp/8336/quic-v1']))).toBe('peerId')
    expect(texts(0, Array(BOOTSTRAP_LIMITS.peers).fill(OWN))).toHaveLength(BOOTSTRAP_LIMITS.peers)
    expect(() => bootstrapPeers(0, Array(BOOTSTRAP_LIMITS.peers + 1).fill(OWN))).toThrow(BootstrapListError)
  })
})

describe('addresses of peers', () => {
  test.each([
    [OWN, { hostKind: 'ip4', host: '192.0.2.7', port: 8336, transport: 'quic', tail: '/quic-v1', peerId: ID }],
    ['/ip6/2001:db8::1/tcp/1', { hostKind: 'ip6', host: '2001:db8::1', port: 1, transport: 'tcp', peerId: null }],
    ['/ip6/::ffff:192.0.2.1/tcp/65535/ws', { host: '::ffff:192.0.2.1', port: 65_535, transport: 'websocket' }],
    [`/dns6/a-b.example./tcp/443/tls/ws/p2p/${ED25519_ID}`, { tail: '/tls/ws', peerId: ED25519_ID }],
    [`/ip4/192.0.2.1/tcp/1/p2p/${SECP256K1_ID}`, { peerId: SECP256K1_ID }],
    ['/dns/x/tcp/443/wss', { hostKind: 'dns', transport: 'websocket', tail: '/wss' }],
  ])('%s', (text, wanted) => {
    expect(readPeerAddress(text)).toMatchObject({ text, ...wanted })
  })

  test.each([
    ['', 'form'],
    ['ip4/192.0.2.1/tcp/1', 'form'],
    ['/ip4/192.0.2.1', 'form'],
    ['/ip5/192.0.2.1/tcp/1', 'form'],
    ['/toString/192.0.2.1/tcp/1', 'form'],
    [`/dnsaddr/x/p2p/${ID}`, 'form'],
    ['/ip4/192.0.2.256/tcp/1', 'host'],
    ['/ip4/192.0.2.01/tcp/1', 'host'],
    ['/ip4/::1/tcp/1', 'host'],
    ['/ip6/1::2::3/tcp/1', 'host'],
    ['/ip6/1:2:3:4:5:6:7/tcp/1', 'host'],
    ['/ip6/1:2:3:4:5:6:7:8:9/tcp/1', 'host'],
    ['/dns4/-x.example/tcp/1', 'host'],
    ['/dns4/a..b/tcp/1', 'host'],
    ['/dns4//tcp/1', 'host'],
    [`/dns4/${'a'.repeat(64)}/tcp/1`, 'host'],
    ['/dns4/x\u001b[31m/tcp/1', 'host'],
    ['/ip4/192.0.2.1/tcp/0', 'port'],
    ['/ip4/192.0.2.1/tcp/65536', 'port'],
    ['/ip4/192.0.2.1/tcp/1e3', 'port'],
    ['/ip4/192.0.2.1/udp/1', 'transport'],
    ['/ip4/192.0.2.1/tcp/1/', 'transport'],
    ['/ip4/192.0.2.1/udp/1/quic-v1/webtransport', 'transport'],
    ['/ip4/192.0.2.1/udp/1/quic', 'transport'],
    ['/ip4/192.0.2.1/tcp/1/p2p/', 'peerId'],
    [`/ip4/192.0.2.1/tcp/1/p2p/${ID.slice(1)}`, 'peerId'],
    [`/ip4/192.0.2.1/tcp/1/p2p/${ID}/p2p-circuit`, 'peerId'],
    [`/ip4/192.0.2.1/tcp/1/p2p/${'1'.repeat(200)}`, 'peerId'],
    [`/dns4/${'a.'.repeat(400)}/tcp/1`, 'length'],
  ])('refused: %j (%s)', (text, code) => {
    expect(codeOf(() => readPeerAddress(text))).toBe(code)
  })

  test('any text is read or refused by a typed error, and what is read is put together again from its parts', () => {
    const part = fc.constantFrom(
      'ip4',
      'dns',
      'dnsaddr',
      'tcp',
      'udp',
      'p2p',
      'quic-v1',
      'ws',
      '127.0.0.1',
      'a',
      '1',
      ID,
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: PEER_ADDRESS_LIMITS.characters * 2 }),
      fc.array(part, { maxLength: 9 }).map((parts) => `/${parts.join('/')}`),
    )
    fc.assert(
      fc.property(text, (given) => {
        const read = withoutDnsaddr(given)
        if (codeOf(() => readPeerAddress(read)) !== undefined) return
        const { hostKind, host, port, transport, tail, peerId } = readPeerAddress(read)
        const layer = transport === 'quic' ? 'udp' : 'tcp'
        const id = peerId === null ? '' : `/p2p/${peerId}`
        expect(`/${hostKind}/${host}/${layer}/${port}${tail}${id}`).toBe(read)
      }),
      { numRuns: 2_000 },
    )
  })
})
