import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { judgeReachability, type Observed } from './reachability.ts'

const observed = (more: Partial<Observed>): Observed => ({
  host: '0.0.0.0',
  addresses: [multiaddr('/ip4/127.0.0.1/tcp/8336'), multiaddr('/ip4/192.168.1.4/tcp/8336')],
  peers: 3,
  upMillis: 600_000,
  ...more,
})

describe('reachability says who can dial this node', () => {
  test('loopback', () => {
    expect(judgeReachability(observed({ host: '127.0.0.1' }))).toMatchObject({
      reach: 'machine',
      addresses: ['/ip4/127.0.0.1/tcp/8336'],
    })
  })

  test.each([
    '/ip4/8.8.4.4/udp/8336/quic-v1',
    '/ip4/100.128.0.1/tcp/1',
    '/ip4/172.32.0.1/tcp/1',
    '/ip4/192.0.1.1/tcp/1',
    '/ip4/198.20.0.1/tcp/1',
    '/ip4/223.255.255.255/tcp/1',
    '/dns4/node.example/tcp/8336',
    '/ip6/2a01::1/tcp/1',
    '/ip6/2001:200::1/tcp/1',
    '/ip6/2001:db9::1/tcp/1',
    '/ip6/3ffe::1/tcp/1',
  ])('%s is public', (one) => {
    expect(judgeReachability(observed({ addresses: [multiaddr(one)] }))).toMatchObject({
      reach: 'public',
      addresses: [one],
    })
  })

  test.each([
    '/ip4/0.1.2.3/tcp/1',
    '/ip4/10.1.2.3/tcp/1',
    '/ip4/100.64.0.1/tcp/1',
    '/ip4/100.127.255.255/tcp/1',
    '/ip4/169.254.1.1/tcp/1',
    '/ip4/172.16.0.1/tcp/1',
    '/ip4/172.31.0.1/tcp/1',
    '/ip4/192.0.0.8/tcp/1',
    '/ip4/192.0.2.1/tcp/1',
    '/ip4/192.31.196.1/tcp/1',
    '/ip4/192.52.193.1/tcp/1',
    '/ip4/192.88.99.1/tcp/1',
    '/ip4/192.168.9.9/tcp/1',
    '/ip4/192.175.48.1/tcp/1',
    '/ip4/198.18.0.1/tcp/1',
    '/ip4/198.19.255.255/tcp/1',
    '/ip4/198.51.100.7/tcp/1',
    '/ip4/203.0.113.7/tcp/1',
    '/ip4/224.0.0.1/tcp/1',
    '/ip4/239.1.1.1/tcp/1',
    '/ip4/240.0.0.1/tcp/1',
    '/ip4/255.255.255.255/tcp/1',
    '/ip6/::/tcp/1',
    '/ip6/::ffff:8.8.8.8/tcp/1',
    '/ip6/64:ff9b::808:808/tcp/1',
    '/ip6/100::1/tcp/1',
    '/ip6/2001::1/tcp/1',
    '/ip6/2001:2::1/tcp/1',
    '/ip6/2001:20::1/tcp/1',
    '/ip6/2001:db8::1/tcp/1',
    '/ip6/2001:0db8:ffff::1/tcp/1',
    '/ip6/2002:808:808::1/tcp/1',
    '/ip6/2620:4f:8000::1/tcp/1',
    '/ip6/3fff::1/tcp/1',
    '/ip6/3fff:fff::1/tcp/1',
    '/ip6/5f00::1/tcp/1',
    '/ip6/fc00::1/tcp/1',
    '/ip6/fd00::1/tcp/1',
    '/ip6/fe80::1/tcp/1',
    '/ip6zone/eth0/ip6/fe80::1/tcp/1',
    '/ip6/ff02::1/tcp/1',
  ])('%s is not', (one) => {
    expect(judgeReachability(observed({ addresses: [multiaddr(one)] })).reach).toBe('private')
  })

  test('nobody was asked yet', () => {
    expect(judgeReachability(observed({ peers: 0 })).reach).toBe('unknown')
    expect(judgeReachability(observed({ upMillis: 1000 })).reach).toBe('unknown')
  })
})
