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

  test.each(['/ip4/8.8.4.4/udp/8336/quic-v1', '/dns4/node.example/tcp/8336', '/ip6/2a01::1/tcp/1'])(
    '%s is public',
    (one) => {
      expect(judgeReachability(observed({ addresses: [multiaddr(one)] }))).toMatchObject({
        reach: 'public',
        addresses: [one],
      })
    },
  )

  test.each([
    '/ip4/10.1.2.3/tcp/1',
    '/ip4/172.31.0.1/tcp/1',
    '/ip4/169.254.1.1/tcp/1',
    '/ip4/100.64.0.1/tcp/1',
    '/ip6/fe80::1/tcp/1',
    '/ip6/fd00::1/tcp/1',
    '/ip6/2001:db8::1/tcp/1',
  ])('%s is not', (one) => {
    expect(judgeReachability(observed({ addresses: [multiaddr(one)] })).reach).toBe('private')
  })

  test('nobody was asked yet', () => {
    expect(judgeReachability(observed({ peers: 0 })).reach).toBe('unknown')
    expect(judgeReachability(observed({ upMillis: 1000 })).reach).toBe('unknown')
  })
})
