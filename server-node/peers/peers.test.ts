/** Records of peers: made, judged, kept (spec 51 sections 2, 3; RPC-05, RPC-06, OPS-08). */
import { keys, node } from '@petal/core/codec/index.ts'
import { fromProtobuf, toProtobuf } from '@petal/core/codec/protobuf.ts'
import {
  type Alert,
  CAPABILITIES,
  peerIdText,
  readAlert,
  signAlert,
  signKeyRegistry,
  signPeerInfo,
} from '@petal/core/identity/index.ts'
import { MemoryStore } from '@petal/core/light/memory-store.ts'
import { StoreError } from '@petal/core/platform/store.ts'
import { describe, expect, test, vi } from 'vitest'
import { engine, identityOf } from '../rpc/testing.ts'
import { AlertDesk } from './alerts.ts'
import { startAnnouncing } from './announcer.ts'
import { isMultiaddr, judgePeerInfo, PEER_INFO_BYTES } from './judge-peer-info.ts'
import { KeyRegistryBook, REGISTRY_RATES } from './key-registry-book.ts'
import { type Addresses, makePeerInfo, masterAddresses, type OwnPeerInfo, ownCapabilities } from './own-peer-info.ts'
import { PeerBook, streamAddresses } from './peer-book.ts'
import { judgePeerTopic } from './peer-topic.ts'

const NOW = 1_760_000_000_000
const [me, other, third] = [identityOf(1), identityOf(2), identityOf(3)]
const master = { pubsub: ['/ip4/203.0.113.7/udp/8336/quic-v1'], stream: ['/ip4/203.0.113.7/tcp/8340'] }
const made = (more: Partial<OwnPeerInfo> = {}) =>
  makePeerInfo({
    identity: other,
    engine,
    master,
    capabilities: ownCapabilities(false),
    lastReceivedFrame: 7n,
    lastGlobalHeadFrame: 8n,
    nowMillis: NOW,
    ...more,
  })

describe('addresses of a record', () => {
  const listening = ['/ip4/10.0.0.5/udp/8336/quic-v1']
  const observed = ['/ip4/203.0.113.7/udp/8336/quic-v1']
  const none: Addresses = { pubsub: [], stream: [] }

  test('announced, else observed, else listening; the stream port is at the same IP address', () => {
    const from = (announced = none, seen: string[] = []) =>
      masterAddresses({ announced, observed: seen, listening, streamPort: 8340 })
    expect(from()).toEqual({ pubsub: listening, stream: ['/ip4/10.0.0.5/tcp/8340'] })
    expect(from(none, observed)).toEqual({ pubsub: observed, stream: ['/ip4/203.0.113.7/tcp/8340'] })
    const announced = { pubsub: ['/dns4/node.example/udp/1/quic-v1'], stream: [] }
    expect(from(announced, observed).stream).toEqual(['/dns4/node.example/tcp/8340'])
    expect(from({ ...announced, stream: ['/ip4/1.2.3.4/tcp/1'] }).stream).toEqual(['/ip4/1.2.3.4/tcp/1'])
  })

  test('a record of the master, then one of each worker that has a filter', () => {
    const filter = new Uint8Array(32).fill(9)
    const own = { announced: none, listening: { pubsub: ['/ip4/10.0.0.5/udp/25000/quic-v1'], stream: [] } }
    const { info } = made({ workers: [{ filter: new Uint8Array() }, { filter, own }, { filter }] })
    expect(info.reachability).toEqual([
      { filter: new Uint8Array(32).fill(255), pubsub_multiaddrs: master.pubsub, stream_multiaddrs: master.stream },
      { filter, pubsub_multiaddrs: own.listening.pubsub, stream_multiaddrs: master.stream },
      { filter, pubsub_multiaddrs: master.pubsub, stream_multiaddrs: master.stream },
    ])
  })
})

describe('judging a PeerInfo', () => {
  test('RPC-05 what is made here is accepted while it is new; however wrong a clock is, nobody is at fault', () => {
    const { bytes, info } = made()
    expect(judgePeerInfo(bytes, NOW, engine)).toEqual({ verdict: 'accept', info: node.PeerInfo.decode(bytes) })
    expect(info.peer_id).toEqual(other.peerId)
    const verdicts = [1_000, 1_001, 60_001, -5_000, -5_001, -300_001].map(
      (age) => judgePeerInfo(bytes, NOW + age, engine).verdict,
    )
    expect(verdicts).toEqual(['accept', 'ignore', 'ignore', 'accept', 'ignore', 'ignore'])
  })

  test('RPC-05 no changed byte, wrong structure or foreign id is accepted, and no bytes make it throw', () => {
    const { bytes, info } = made()
    for (let index = 0; index < bytes.length; index += 3) {
      const changed = bytes.map((byte, at) => (at === index ? byte ^ 0x41 : byte))
      expect(judgePeerInfo(changed, NOW, engine).verdict).not.toBe('accept')
      expect(judgePeerInfo(bytes.subarray(0, index), NOW, engine).verdict).toBe('reject')
    }
    const signed = (changes: object) => node.PeerInfo.encode(signPeerInfo({ ...info, ...changes }, other, engine))
    expect(judgePeerInfo(signed({ capabilities: [] }), NOW, engine).verdict).toBe('reject')
    expect(judgePeerInfo(signed({ version: new Uint8Array() }), NOW, engine).verdict).toBe('reject')
    const reachability = [{ filter: new Uint8Array(), pubsub_multiaddrs: ['not an address'], stream_multiaddrs: [] }]
    expect(judgePeerInfo(signed({ reachability }), NOW, engine).verdict).toBe('reject')
    const foreign = { ...info, peer_id: third.peerId, signature: new Uint8Array() }
    const signature = engine.ed448Sign(other.seed, node.PeerInfo.encode(foreign))
    expect(judgePeerInfo(node.PeerInfo.encode({ ...foreign, signature }), NOW, engine).verdict).toBe('reject')
    expect(judgePeerInfo(new Uint8Array(PEER_INFO_BYTES + 1), NOW, engine).verdict).toBe('reject')
  })

  test('RPC-H5 addresses are read to their last component', () => {
    const id = peerIdText(other.peerId)
    for (const good of ['/ip4/1.2.3.4/udp/1/quic-v1', `/dns4/a.example/tcp/1/p2p/${id}`])
      expect(isMultiaddr(good)).toBe(true)
    const wrong = [
      '',
      '/',
      '/ip4/1.2.3.4/tcp/1/p2p/notanid',
      '/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/xyz',
      '/ip4/300.1.1.1/tcp/1',
    ]
    expect(wrong.filter(isMultiaddr)).toEqual([])
  })

  test('it survives the form of the services', () => {
    const { info } = made()
    expect(fromProtobuf(node.PeerInfo, toProtobuf(node.PeerInfo, info))).toEqual(info)
  })
})

describe('the book of peers', () => {
  const open = (genesisArchives?: readonly Uint8Array[]) =>
    new PeerBook({ engine, self: me.peerId, ...(genesisArchives === undefined ? {} : { genesisArchives }) })

  test('the latest record counts; one that says the same later is passed on; a replay goes nowhere', () => {
    const book = open()
    const first = made()
    const again = made({ nowMillis: NOW + 500 })
    const changed = made({ nowMillis: NOW + 600, lastReceivedFrame: 9n })
    expect(book.judge(first.bytes, NOW, 'a').verdict).toBe('accept')
    expect(book.judge(again.bytes, NOW + 500, 'a').verdict).toBe('accept')
    expect(book.judge(first.bytes, NOW + 600, 'a').verdict).toBe('ignore')
    expect(book.judge(again.bytes, NOW + 600, 'a').verdict).toBe('ignore')
    expect(book.judge(changed.bytes, NOW + 600, 'a').verdict).toBe('accept')
    expect(book.of(other.peerId)?.last_received_frame).toBe(9n)
    const day = 86_400_000
    book.judge(made({ identity: third, nowMillis: NOW + day }).bytes, NOW + day, 'a')
    expect(book.all().map(({ peer_id }) => peer_id)).toEqual([third.peerId])
  })

  test('what this node published is in the book, and goes nowhere when it comes back', () => {
    const book = open()
    const own = made({ identity: me })
    book.published(own.info)
    expect(book.of(me.peerId)).toEqual(own.info)
    expect(book.judge(own.bytes, NOW, 'a').verdict).toBe('ignore')
  })

  test('archives: who claims to be one, and on the main network only the archives of the genesis', () => {
    const archive = made({ capabilities: ownCapabilities(true) })
    const claims = made({ identity: third, capabilities: [CAPABILITIES.archive] })
    for (const [book, expected] of [
      [open(), [other.peerId, third.peerId]],
      [open([other.peerId]), [other.peerId]],
    ] as const) {
      book.judge(archive.bytes, NOW, 'a')
      book.judge(claims.bytes, NOW, 'a')
      expect(book.archives()).toEqual(expected.map((peerId) => ({ host: '203.0.113.7', port: 8340, peerId })))
    }
    const odd = {
      ...master,
      stream: [
        '/ip4/1.2.3.4/udp/1',
        '/ip6/::1/tcp/9',
        '/dns4/a.example/tcp/10',
        `/ip4/1.2.3.4/tcp/8/p2p/${peerIdText(third.peerId)}`,
      ],
    }
    expect(streamAddresses(made({ master: odd }).info).map(({ host, port }) => [host, port])).toEqual([
      ['::1', 9],
      ['a.example', 10],
    ])
  })
})

const secret = (number: number) => new Uint8Array(73).fill(number, 40)
const registryOf = (identity = other, number = 5, at = NOW) =>
  signKeyRegistry({ identity, proverSecret: secret(number), subKeys: new Map(), lastUpdated: BigInt(at) }, engine)

describe('the book of key registries', () => {
  test('RPC-06, RPC-H4 kept with both cross signatures, refused with a broken one', () => {
    const book = new KeyRegistryBook(engine)
    const registry = registryOf()
    const stolen = registryOf(third)
    const wrong = [
      { ...registry, identity_to_prover: stolen.identity_to_prover },
      { ...registry, prover_to_identity: stolen.prover_to_identity },
      { ...registry, identity_key: stolen.identity_key },
    ]
    for (const one of wrong) expect(book.judge(keys.KeyRegistry.encode(one), NOW, 'gossip', 'a').verdict).toBe('reject')
    expect(book.proverOf(other.peerId)).toBeNull()
    const bytes = keys.KeyRegistry.encode(registry)
    expect(book.judge(bytes, NOW, 'gossip', 'a').verdict).toBe('accept')
    expect(book.judge(bytes, NOW, 'gossip', 'a').verdict).toBe('ignore')
    const prover = book.proverOf(other.peerId)
    expect(prover).toEqual(engine.poseidonHashBytes(engine.blsPublicKey(secret(5))))
    expect(prover && book.byProver(prover)?.peerId).toEqual(other.peerId)
    expect(book.judge(bytes.subarray(1), NOW, 'gossip', 'a').verdict).toBe('reject')
    expect(book.judge(keys.KeyRegistry.encode(registryOf(third, 6)), NOW + 1_001, 'gossip', 'a').verdict).toBe('ignore')
    expect(book.judge(keys.KeyRegistry.encode(registryOf(third, 6)), NOW + 1_001, 'request', 'a').verdict).toBe(
      'accept',
    )
  })

  test('RPC-H4 a registry with more sub-keys than are verified here is no fault of who passes it on', () => {
    const subKey = { type: 'x448', publicKey: new Uint8Array(57).fill(1), createdAt: 0n, expiresAt: 0n } as const
    const subKeys = new Map(['a', 'b', 'c', 'd'].map((purpose) => [purpose, new Array(17).fill(subKey)]))
    const many = signKeyRegistry(
      { identity: other, proverSecret: secret(5), subKeys, lastUpdated: BigInt(NOW) },
      engine,
    )
    const book = new KeyRegistryBook(engine, undefined, () => 0)
    const bytes = keys.KeyRegistry.encode(many)
    const { ofSource, inAll } = REGISTRY_RATES
    for (let count = 0; count < ofSource.burst + inAll.burst; count++) {
      const verdict = book.judge(bytes, NOW, 'gossip', 'a')
      expect(verdict).toMatchObject({ verdict: 'ignore', reason: expect.stringContaining('limit') })
    }
    // Nothing of it was verified, so whoever comes next is.
    expect(book.judge(keys.KeyRegistry.encode(registryOf()), NOW, 'gossip', 'a').verdict).toBe('accept')
  })

  test('RPC-H4 registries are verified at a rate, of one source and in all; those above it are ignored', () => {
    let [now, verified] = [0, 0]
    const counting: typeof engine = Object.create(engine, {
      ed448Verify: {
        value: () => {
          verified++
          return false
        },
      },
    })
    const book = new KeyRegistryBook(counting, undefined, () => now)
    const bytes = keys.KeyRegistry.encode(registryOf())
    const verdicts = (source: string, count: number) =>
      Array.from({ length: count }, () => book.judge(bytes, NOW, 'gossip', source).verdict)
    const { ofSource, inAll } = REGISTRY_RATES
    const all = (verdict: string, count: number) => new Array<string>(count).fill(verdict)
    expect(verdicts('a', ofSource.burst)).toEqual(all('reject', ofSource.burst))
    expect(verdicts('a', 5)).toEqual(all('ignore', 5))
    expect(verdicts('b', inAll.burst - ofSource.burst)).toEqual(all('reject', inAll.burst - ofSource.burst))
    expect(verdicts('c', 1)).toEqual(['ignore'])
    expect(verified).toBe(inAll.burst)
    now += 1_000
    expect(verdicts('a', ofSource.perSecond + 1)).toEqual([...all('reject', ofSource.perSecond), 'ignore'])
  })

  test('a newer registry replaces the older; a restart remembers', async () => {
    const store = new MemoryStore()
    const book = await KeyRegistryBook.open(engine, store)
    book.judge(keys.KeyRegistry.encode(registryOf()), NOW, 'gossip', 'a')
    const before = book.proverOf(other.peerId)
    book.judge(keys.KeyRegistry.encode(registryOf(other, 9, NOW + 10)), NOW + 10, 'gossip', 'a')
    expect(book.proverOf(other.peerId)).not.toEqual(before)
    expect(before && book.byProver(before)).toBeUndefined()
    const again = await KeyRegistryBook.open(engine, store)
    expect(again.all()).toEqual(book.all())
    expect(again.proverOf(other.peerId)).toEqual(book.proverOf(other.peerId))
  })
})

test('the topic of peers takes both kinds of records and nothing else', () => {
  const books = { peers: new PeerBook({ engine, self: me.peerId }), registries: new KeyRegistryBook(engine) }
  expect(judgePeerTopic(made().bytes, NOW, books, '')).toBe('accept')
  expect(judgePeerTopic(keys.KeyRegistry.encode(registryOf()), NOW, books, '')).toBe('accept')
  expect(judgePeerTopic(signAlert('x', me, engine), NOW, books, '')).toBe('reject')
  expect(judgePeerTopic(new Uint8Array(3), NOW, books, '')).toBe('reject')
})

describe('OPS-08, OPS-H1 alerts', () => {
  const alertKey = me.publicKey
  const open = async (store: MemoryStore | undefined, role: 'prover' | 'light' = 'prover', key = alertKey) => {
    const told: object[] = []
    const served: Uint8Array[] = []
    const desk = await AlertDesk.open({
      engine,
      store,
      role,
      alertKey: key,
      onAlert: (alert) => told.push(alert),
      onServed: (bytes) => served.push(bytes),
    })
    return { desk, told, served }
  }

  test('an alert halts a prover once, over restarts; the operator has the last word; a replay does nothing', async () => {
    const store = new MemoryStore()
    const bytes = signAlert('stop', me, engine)
    const first = await open(store)
    expect([await first.desk.judge(bytes), await first.desk.judge(bytes)]).toEqual(['accept', 'ignore'])
    expect([first.told, first.desk.halted]).toEqual([[{ message: 'stop', halt: true }], true])
    const second = await open(store)
    expect(second.desk.halted).toBe(true)
    await second.desk.override()
    const last = await open(store)
    expect([last.desk.halted, await last.desk.judge(bytes), last.desk.halted, last.told]).toEqual([
      false,
      'ignore',
      false,
      [],
    ])
    expect(await last.desk.judge(signAlert('stop again', me, engine))).toBe('accept')
    expect(last.desk.halted).toBe(true)
  })

  test('an alert of another key is rejected, a light node is never halted', async () => {
    const { desk, told } = await open(new MemoryStore(), 'light')
    expect(await desk.judge(signAlert('stop', other, engine))).toBe('reject')
    expect(await desk.judge(new Uint8Array(10))).toBe('reject')
    expect(await desk.judge(signAlert('note', me, engine))).toBe('accept')
    expect([told, desk.halted]).toEqual([[{ message: 'note', halt: false }], false])
  })

  test('its bytes are kept as they came, and served after a restart, at most 16 of them, newest last', async () => {
    const store = new MemoryStore()
    const first = await open(store, 'light')
    const alerts = Array.from({ length: 20 }, (_, i) => signAlert(`alert ${i}`, me, engine))
    for (const bytes of alerts) expect(await first.desk.judge(bytes)).toBe('accept')
    expect(await first.desk.judge(alerts[3] as Uint8Array)).toBe('ignore')
    expect(first.served).toEqual(alerts)
    const second = await open(store, 'light')
    expect(second.served).toEqual(alerts.slice(4))
    const more = signAlert('one more', me, engine)
    expect(await second.desk.judge(more)).toBe('accept')
    expect((await open(store, 'light')).served).toEqual([...alerts.slice(5), more])
    expect(second.desk.halted).toBe(false)
  })

  test('records of an earlier version have the text alone: known for ever, and not served', async () => {
    const store = new MemoryStore()
    const bytes = signAlert('old', me, engine)
    const digest = (readAlert(bytes, alertKey, engine) as Alert).digest
    const key = new TextEncoder().encode(`peers/alerts/seen/${digest}`)
    await store.batch([{ kind: 'put', key, value: new TextEncoder().encode('old') }])
    const { desk, told, served } = await open(store)
    expect([await desk.judge(bytes), told, served, desk.halted]).toEqual(['ignore', [], [], false])
  })

  test('a node that was given another key serves nothing of the old one', async () => {
    const store = new MemoryStore()
    await (await open(store, 'light')).desk.judge(signAlert('of before', me, engine))
    const now = await open(store, 'light', other.publicKey)
    expect(now.served).toEqual([])
    expect(await now.desk.judge(signAlert('of now', other, engine))).toBe('accept')
    expect((await open(store, 'light', other.publicKey)).served).toEqual([signAlert('of now', other, engine)])
  })

  test('without a store alerts act and are served in this run', async () => {
    const { desk, told, served } = await open(undefined, 'light')
    const bytes = signAlert('note', me, engine)
    expect([await desk.judge(bytes), await desk.judge(bytes)]).toEqual(['accept', 'ignore'])
    expect([told.length, served]).toEqual([1, [bytes]])
    await desk.override()
  })

  test('a disk that fails keeps nobody from being halted', async () => {
    const store = new MemoryStore()
    const { desk, told, served } = await open(store)
    await store.close()
    await expect(desk.judge(signAlert('stop', me, engine))).rejects.toBeInstanceOf(StoreError)
    expect([desk.halted, told.length, served]).toEqual([true, 1, []])
  })
})

test('a node announces itself at start and then at intervals; a failure ends nothing, and after the end is none', async () => {
  vi.useFakeTimers()
  try {
    const published: number[] = []
    const failures: unknown[] = []
    let broken = false
    const stop = startAnnouncing({
      make: () => [Uint8Array.of(1), Uint8Array.of(2)],
      publish: async (bytes) => {
        if (broken) throw new Error('no mesh')
        published.push(bytes[0] ?? 0)
      },
      everyMillis: 1_000,
      onFailure: (error) => failures.push(error),
    })
    await vi.advanceTimersByTimeAsync(1)
    expect(published).toEqual([1, 2])
    broken = true
    await vi.advanceTimersByTimeAsync(1_000)
    broken = false
    await vi.advanceTimersByTimeAsync(1_000)
    expect([published.length, failures.length]).toEqual([4, 1])
    broken = true
    vi.advanceTimersByTime(1_000)
    stop()
    await vi.advanceTimersByTimeAsync(5_000)
    expect([published.length, failures.length]).toEqual([4, 1])
  } finally {
    vi.useRealTimers()
  }
})
