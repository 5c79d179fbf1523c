import { expect, test } from 'vitest'
import { judgeProtocols } from './network-protocols.ts'
import { peerText } from './peer-text.ts'
import { printed } from './print.ts'
import type { PeerReport, ProbeReport } from './report.ts'

const PEER: PeerReport = {
  target: '/ip4/192.0.2.1/tcp/1',
  ownPeerId: 'Qm',
  stages: [
    { stage: 'connect', ok: true, millis: 1.4, text: 'tcp, 192.0.2.1 port 1/tcp' },
    { stage: 'secure', ok: false, millis: 12_345, text: 'words '.repeat(60).trim() },
  ],
  resolved: [],
  address: null,
  peerId: null,
  keyType: null,
  pinned: false,
  agent: null,
  protocolVersion: null,
  observed: null,
  protocols: [],
  gossip: null,
  kademlia: null,
  learned: null,
  failure: { stage: 'secure', code: 'timeout', message: 'x' },
}
const report = (peer: Partial<PeerReport>, answered = 0): ProbeReport => ({
  network: 0,
  timeoutMillis: 1_000,
  peers: [{ ...PEER, ...peer }],
  rpc: [],
  answered,
})
const plain = { columns: 80, coloured: false }

test('a block for each target, folded below the beginning of its text, the outcome last', () => {
  const lines = printed(report({}), plain).split('\n')
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  expect(lines[0]).toBe('/ip4/192.0.2.1/tcp/1')
  expect(lines[1]).toBe('  connect       1 ms  tcp, 192.0.2.1 port 1/tcp')
  expect(lines[2]).toMatch(/^ {2}secure {4}12345 ms {2}FAILED words words/)
  expect(lines[3]).toMatch(/^ {22}words words/)
  expect(lines.slice(-2)).toEqual([
    '0 of 1 answered to the end: 1 took a connection, none of them proved who they',
    'are.',
  ])
})

test('the outcome says how far anybody came', () => {
  const last = (one: ProbeReport) => printed(one, plain).split('\n').at(-1)
  expect(last(report({ stages: [] }))).toContain('nobody was reached')
  expect(last(report({ peerId: 'Qm1' }))).toContain('1 proved who they are')
  expect(last(report({ failure: null }, 1))).toBe('1 of 1 answered to the end: this machine reaches mainnet.')
  expect(printed(report({}), { columns: 80, coloured: true })).toContain('\u001b[31m')
})

test('who is learned of is named, the rest is counted', () => {
  const first = [{ peerId: 'QmA', addresses: ['/ip4/192.0.2.2/tcp/1'], provider: true }]
  const text = printed(report({ learned: { providers: 3, closer: 4, bytes: 9, first } }), plain)
  expect(text).toContain('  provider QmA\n    /ip4/192.0.2.2/tcp/1\n  and 6 more')
})

test('text of a peer has no escapes, no line breaks, no marks that turn a line around, and an end', () => {
  expect(peerText('a\u001b[31mb\r\nc\u202ed\u009be\u0000')).toBe('a\ufffd[31mb\ufffd\ufffdc\ufffdd\ufffde\ufffd')
  expect(peerText('x'.repeat(1_000))).toBe(`${'x'.repeat(120)}…`)
  expect(peerText('😀'.repeat(100))).toBe('😀'.repeat(100))
})

test('the network of a peer, by what it lists', () => {
  const kad = ['/ipfs/kad/1.0.0', '/testnet/kad/1.0.0']
  expect(judgeProtocols(['/blossomsub/2.1.0', ...kad], 0)).toMatchObject({
    gossip: true,
    kademlia: true,
    isMember: true,
  })
  expect(judgeProtocols(kad, 0)).toMatchObject({ gossip: false, kademlia: true, isMember: true })
  expect(judgeProtocols(['/blossomsub/2.1.0-network-1', ...kad], 0)).toMatchObject({ isMember: false })
  expect(judgeProtocols(['/blossomsub/2.1.0-network-1'], 1)).toMatchObject({
    gossip: true,
    kademlia: false,
    isMember: true,
  })
  expect(judgeProtocols(['/blossomsub/2.0.0'], 0).text).toContain('speaks version 2.0.0 of it instead')
  expect(judgeProtocols([], 0)).toMatchObject({ isMember: false })
})
