import { bytesToHex } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { base58Encode } from '../identity/base58.ts'
import { slicesOf } from './bitmask.ts'
import { encodeMessage, type GossipMessage, messageDigest, writeId } from './message.ts'
import { messageBy, OneRouter } from './one-router.ts'
import { encodeRpc } from './rpc.ts'
import { GLOBAL_TOPICS, shardTopics } from './topics.ts'

const T = GLOBAL_TOPICS.frame
const F = shardTopics(new Uint8Array(32).fill(9)).frame
const SLICES = slicesOf(F)
const data = (n: number, length = 8) => new Uint8Array(length).fill(n)
const hex = (list: readonly Uint8Array[]) => list.map(bytesToHex)
const idOf = (bytes: Uint8Array, form: 'long' | 'short') => writeId(messageDigest(bytes), form)

/** With a field that nobody knows behind. */
const surplus = (bytes: Uint8Array) => Uint8Array.from([...bytes, 0x7a, 1, 1])

function subscribed(topic: Uint8Array, options?: ConstructorParameters<typeof OneRouter>[0]): OneRouter {
  const one = new OneRouter(options)
  one.feed({ kind: 'subscribe', bitmask: topic })
  return one
}

test('a peer hears all subscriptions at first, changes later', () => {
  const one = subscribed(T)
  one.peer('a')
  expect(hex(one.heard('a').subscriptions.map((each) => each.bitmask))).toEqual([bytesToHex(T)])
  one.feed({ kind: 'subscribe', bitmask: F })
  expect(hex(one.heard('a').subscriptions.map((each) => each.bitmask))).toEqual(hex([F, ...SLICES]))
  one.feed({ kind: 'unsubscribe', bitmask: F })
  expect(one.heard('a').subscriptions.map((each) => each.subscribe)).toEqual([false, false, false, false])
})

test('P2P-13 at most 256 topics are announced, each subscription itself before any slice', () => {
  const one = subscribed(new Uint8Array(32).fill(0xff))
  for (let i = 1; i <= 60; i++) one.feed({ kind: 'subscribe', bitmask: new Uint8Array(i + 40) })
  one.peer('a')
  const announced = new Set(hex(one.heard('a').subscriptions.map((each) => each.bitmask)))
  expect(announced.size).toBe(256)
  const count = () => {
    for (const { subscribe, bitmask } of one.heard('a').subscriptions) {
      if (subscribe) announced.add(bytesToHex(bitmask))
      else announced.delete(bytesToHex(bitmask))
      expect(announced.size).toBeLessThanOrEqual(256)
    }
  }
  for (let i = 61; i <= 80; i++) {
    one.feed({ kind: 'subscribe', bitmask: new Uint8Array(i + 40) })
    count()
    expect(announced.has('00'.repeat(i + 40))).toBe(true)
  }
  for (let i = 1; i <= 80; i++) one.feed({ kind: 'unsubscribe', bitmask: new Uint8Array(i + 40) })
  count()
  expect(announced.size).toBe(256)
})

test('the 257th subscription is refused', () => {
  const one = new OneRouter()
  for (let i = 0; i < 257; i++) one.feed({ kind: 'subscribe', bitmask: Uint8Array.of(1, i >> 8, i & 0xff) })
  expect(one.effects.filter((effect) => effect.kind === 'subscribeRefused')).toMatchObject([{ code: 'subscriptions' }])
})

test('P2P-08 a shard subscriber links with a full-string peer by the string and with a slice peer by the slices', () => {
  const one = subscribed(F)
  one.peer('full', [F])
  one.peer('slices', SLICES)
  one.peer('other', [T])
  one.beat()
  expect(hex(one.heard('full').graft)).toEqual(hex([F]))
  expect(hex(one.heard('slices').graft)).toEqual(hex(SLICES))
  expect(one.heard('other').graft).toEqual([])
  expect(one.router.meshOf(F)).toEqual(['full', 'slices'])
})

test('P2P-08 messages pass between a full-string peer and a slice peer, both ways', () => {
  const one = subscribed(F, { params: { floodPublishBytes: 0 } })
  one.peer('full', [F])
  one.peer('slices', SLICES)
  one.beat()
  one.clear()
  const fromFull = messageBy('author', F, data(1))
  one.say('full', { messages: [fromFull.bytes] })
  expect(hex(one.heard('slices').messages.map((each) => each.bytes))).toEqual(hex([fromFull.bytes]))
  const fromSlices = messageBy('author', F, data(2))
  one.say('slices', { messages: [fromSlices.bytes] })
  expect(hex(one.heard('full').messages.map((each) => each.bytes))).toEqual(hex([fromSlices.bytes]))
  one.feed({ kind: 'publish', publish: 1, bitmask: F, data: data(3) })
  for (const peer of ['full', 'slices'])
    expect(hex(one.heard(peer).messages.map((each) => each.data))).toEqual(hex([data(3)]))
  expect(one.delivered()).toEqual(hex([data(1), data(2)]))
})

test('P2P-08 a message is taken with the exact string or with all its slices, not with some', () => {
  const one = new OneRouter()
  for (const slice of SLICES.slice(1)) one.feed({ kind: 'subscribe', bitmask: slice })
  one.peer('a', [F])
  one.say('a', { messages: [messageBy('author', F, data(1)).bytes] })
  expect(one.delivered()).toEqual([])
  one.feed({ kind: 'subscribe', bitmask: SLICES[0] ?? F })
  one.say('a', { messages: [messageBy('author', F, data(2)).bytes] })
  expect(one.delivered()).toEqual(hex([data(2)]))
  expect(one.effects.find((effect) => effect.kind === 'deliver')).toMatchObject({ subscriptions: { length: 3 } })
})

test('P2P-09 both id forms of one message cause at most one IWANT', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.peer('b', [T])
  one.clear()
  one.say('a', { ihave: [{ bitmask: T, ids: [idOf(data(1), 'long'), idOf(data(1), 'short')] }] })
  one.say('b', { ihave: [{ bitmask: T, ids: [idOf(data(1), 'short')] }] })
  expect(one.heard('a').iwant.length + one.heard('b').iwant.length).toBe(1)
  one.say('a', { messages: [messageBy('author', T, data(1)).bytes] })
  one.say('b', { ihave: [{ bitmask: T, ids: [idOf(data(1), 'long'), idOf(data(1), 'short')] }] })
  expect(one.heard('b').iwant).toEqual([])
})

test('ids are told in the form that a peer uses, the longer one by default', () => {
  const one = subscribed(T, { params: { d: 0, dLow: 0, dOut: 0, floodPublishBytes: 0 } })
  one.peer('long', [T])
  one.peer('short', [T])
  one.say('short', { idontwant: [idOf(data(9), 'short')] })
  one.feed({ kind: 'publish', publish: 1, bitmask: T, data: data(1) })
  one.beat()
  expect(hex(one.heard('long').ihave.flatMap((each) => each.ids))).toEqual(hex([idOf(data(1), 'long')]))
  expect(hex(one.heard('short').ihave.flatMap((each) => each.ids))).toEqual(hex([idOf(data(1), 'short')]))
})

test('P2P-12 IWANT is answered with the bytes that came, in either id form, three times', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.peer('b', [T])
  const message = messageBy('author', T, data(1))
  one.say('a', { messages: [message.bytes] })
  one.heard('b')
  const answers = (form: 'long' | 'short') => {
    one.say('b', { iwant: [idOf(data(1), form)] })
    return hex(one.heard('b').messages.map((each) => each.bytes))
  }
  expect(answers('long')).toEqual(hex([message.bytes]))
  expect(answers('short')).toEqual(hex([message.bytes]))
  expect(answers('long')).toEqual(hex([message.bytes]))
  expect(answers('long')).toEqual([])
})

test('a message can be asked for during nine heartbeats', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.peer('b', [T])
  one.say('a', { messages: [messageBy('author', T, data(1)).bytes] })
  one.beat(8)
  one.heard('b')
  one.say('b', { iwant: [idOf(data(1), 'long')] })
  expect(one.heard('b').messages.length).toBe(1)
  one.beat()
  one.say('b', { iwant: [idOf(data(1), 'long')] })
  expect(one.heard('b').messages.length).toBe(0)
})

test('P2P-11 a message with a missing key, a wrong key, a wrong signature or none is neither delivered nor forwarded', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.peer('b', [T])
  one.beat()
  one.clear()
  const good = messageBy('author', T, data(1))
  const none = new Uint8Array()
  const bad = [
    { ...good, key: none },
    { ...good, key: messageBy('other', T, data(1)).key },
    { ...good, signature: good.signature.toReversed() },
    { ...good, signature: none },
    { ...good, signature: none, key: none, from: none, seqno: none },
    { ...good, from: good.from.toReversed() },
    { ...good, seqno: none },
    { ...good, data: data(2) },
  ]
  for (const message of bad) one.say('a', { messages: [encodeMessage(message)] })
  expect(one.delivered()).toEqual([])
  expect(one.heard('b').messages).toEqual([])
  // P2P-H8: none of them hides the good one.
  one.say('b', { messages: [good.bytes] })
  expect(one.delivered()).toEqual(hex([data(1)]))
  expect(one.heard('a').messages.length).toBe(1)
})

test.each([
  ['sends with a wrong signature', (good: GossipMessage) => ({ ...good, signature: good.signature.toReversed() }), -1],
  ['sends without a key that is not in the id', (good: GossipMessage) => ({ ...good, key: new Uint8Array() }), -1],
  [
    'may have passed on, the key in another encoding',
    (good: GossipMessage) => ({ ...good, key: surplus(good.key) }),
    0,
  ],
] as const)('an older node pays for what it %s', (_, change, sign) => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.say('a', { idontwant: [idOf(data(9), 'short')] })
  one.say('a', { messages: [encodeMessage(change(messageBy('author', T, data(1))))] })
  expect(Math.sign(one.router.score('a'))).toBe(sign)
  expect(one.delivered()).toEqual([])
})

test('an older node does not pay for a signature over a field that only it knows', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.say('a', { idontwant: [idOf(data(9), 'short')] })
  const good = messageBy('author', T, data(1))
  one.say('a', { messages: [surplus(encodeMessage({ ...good, signature: good.signature.toReversed() }))] })
  expect(one.effects.some((effect) => effect.kind === 'verify')).toBe(true)
  expect(one.delivered()).toEqual([])
  expect(one.router.score('a')).toBe(0)
})

test('P2P-H8 a bad copy that is still being verified does not hide the good one', () => {
  const one = subscribed(T)
  one.verifies = false
  one.peer('a', [T])
  one.peer('b', [T])
  const good = messageBy('author', T, data(1))
  one.say('a', { messages: [encodeMessage({ ...good, signature: good.signature.toReversed() })] })
  one.say('b', { messages: [good.bytes] })
  const jobs = one.effects.flatMap((effect) => (effect.kind === 'verify' ? [effect.job] : []))
  expect(jobs.length).toBe(2)
  one.feed({ kind: 'verified', job: jobs[1] ?? 0, valid: true })
  one.feed({ kind: 'verified', job: jobs[1] ?? 0, valid: true })
  one.feed({ kind: 'verified', job: jobs[0] ?? 0, valid: false })
  expect(one.delivered()).toEqual(hex([data(1)]))
})

test('P2P-H6 the same data on another topic is another message', () => {
  const one = subscribed(T)
  one.feed({ kind: 'subscribe', bitmask: GLOBAL_TOPICS.prover })
  one.peer('a', [T, GLOBAL_TOPICS.prover])
  one.say('a', { messages: [messageBy('attacker', GLOBAL_TOPICS.prover, data(1)).bytes] })
  one.say('a', { messages: [messageBy('author', T, data(1)).bytes] })
  one.say('a', { messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.delivered()).toEqual(hex([data(1), data(1)]))
})

test.each([
  ['accept', 1, 1, 1],
  ['ignore', 0, 0, 0],
  ['reject', 0, 0, -1],
] as const)('P2P-H4 a message that the application says %s of', (verdict, delivered, forwarded, sign) => {
  const one = subscribed(T)
  one.verdict = null
  one.peer('a', [T])
  one.peer('b', [T])
  one.beat()
  one.clear()
  one.say('a', { idontwant: [idOf(data(9), 'short')], messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.heard('b').messages).toEqual([])
  const job = one.effects.flatMap((effect) => (effect.kind === 'validate' ? [effect.job] : []))[0] ?? 0
  one.feed({ kind: 'judged', job, verdict })
  one.feed({ kind: 'judged', job, verdict })
  expect(one.delivered().length).toBe(delivered)
  expect(one.heard('b').messages.length).toBe(forwarded)
  expect(Math.sign(one.router.score('a'))).toBe(sign)
})

test('P2P-H2 an unsigned answer to IWANT is dropped without a penalty and asked of somebody else', () => {
  const one = subscribed(T)
  one.peer('old', [T])
  one.peer('other', [T])
  const ihave = [{ bitmask: T, ids: [idOf(data(1), 'long')] }]
  one.say('old', { ihave })
  one.say('other', { ihave })
  one.clear()
  const none = new Uint8Array()
  const unsigned = encodeMessage({ from: none, data: data(1), seqno: none, bitmask: T, signature: none, key: none })
  one.say('old', { messages: [unsigned] })
  expect(one.heard('other').iwant.length).toBe(1)
  one.say('other', { messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.delivered()).toEqual(hex([data(1)]))
  one.pass(10_000)
  expect(one.router.score('old')).toBeGreaterThanOrEqual(0)
  one.say('old', { ihave: [{ bitmask: T, ids: [idOf(data(2), 'long')] }] })
  expect(one.heard('old').iwant).toEqual([])
})

test('P2P-H7 a malformed frame closes the stream, and nothing behind it is read', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.clear()
  one.raw('a', Uint8Array.of(0x0a, 0xff))
  expect(one.effects.filter((effect) => effect.kind === 'closeStream').length).toBe(1)
  one.say('a', { messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.delivered()).toEqual([])
  one.reopen('a')
  one.say('a', { messages: [messageBy('author', T, data(1)).bytes] })
  expect(one.delivered()).toEqual(hex([data(1)]))
})

test('a message is never sent to the peer that is its author: it would count as a bad one there', () => {
  const one = subscribed(T)
  const small = messageBy('author', T, data(1))
  const large = messageBy('author', T, data(2, 20_000))
  const author = base58Encode(small.from)
  one.peer(author, [T])
  one.peer('relay', [T])
  one.beat()
  one.clear()
  one.say('relay', { messages: [small.bytes, large.bytes] })
  one.say(author, { iwant: [idOf(data(1), 'long'), idOf(data(2, 20_000), 'short')] })
  expect(one.delivered().length).toBe(2)
  expect(one.heard(author).messages).toEqual([])
  // What others wrote it gets.
  one.say('relay', { messages: [messageBy('other', T, data(3)).bytes] })
  expect(one.heard(author).messages.length).toBe(1)
})

test('a tab hears what its twin wrote, an older node by the same way does not', () => {
  const one = subscribed(T)
  const author = base58Encode(messageBy('author', T, data(0)).from)
  one.peer(author, [T], false, null, true)
  one.peer('twin', [T])
  const heard = (n: number) => {
    one.say('twin', { messages: [messageBy('author', T, data(n)).bytes] })
    return one.heard(author).messages.length
  }
  one.beat()
  one.clear()
  expect(heard(1)).toBe(1)
  one.say(author, { idontwant: [idOf(data(9), 'short')] })
  expect(heard(2)).toBe(0)
})

test('a second stream of a peer replaces the first', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.clear()
  one.reopen('a')
  expect(one.effects).toMatchObject([{ kind: 'closeStream', peer: 'a', stream: 1 }])
})

test('IDONTWANT is sent for messages of 1024 bytes, to mesh peers but the sender, and is heeded', () => {
  const one = subscribed(T)
  for (const name of ['a', 'b', 'c']) one.peer(name, [T])
  one.beat()
  one.clear()
  one.say('c', { idontwant: [idOf(data(1, 1024), 'short')] })
  one.say('a', { messages: [messageBy('author', T, data(1, 1024)).bytes] })
  expect(one.heard('a')).toMatchObject({ idontwant: [], messages: [] })
  expect(one.heard('b')).toMatchObject({ idontwant: { length: 1 }, messages: { length: 1 } })
  expect(one.heard('c')).toMatchObject({ idontwant: { length: 1 }, messages: [] })
  one.say('a', { messages: [messageBy('author', T, data(2, 1023)).bytes] })
  expect(one.heard('b').idontwant).toEqual([])
})

test('an own message is signed, numbered and published once', () => {
  const one = new OneRouter()
  one.peer('a', [T])
  one.clear()
  one.feed({ kind: 'publish', publish: 1, bitmask: T, data: data(1) })
  one.feed({ kind: 'publish', publish: 2, bitmask: T, data: data(1) })
  expect(one.effects.filter((effect) => effect.kind.startsWith('publish'))).toEqual([
    { kind: 'published', publish: 1, peers: 1 },
    { kind: 'publishRefused', publish: 2, code: 'duplicate' },
  ])
  expect(bytesToHex(one.heard('a').messages[0]?.seqno ?? data(0))).toBe('0000000000000005')
})

test('what does not fit is refused: a topic that is too long, a message that fills the frame', () => {
  const one = new OneRouter()
  one.feed({ kind: 'publish', publish: 1, bitmask: new Uint8Array(129), data: data(1) })
  one.feed({ kind: 'publish', publish: 2, bitmask: T, data: new Uint8Array(16 << 20) })
  one.feed({ kind: 'subscribe', bitmask: new Uint8Array(129) })
  expect(one.effects.flatMap((effect) => ('code' in effect ? [effect.code] : []))).toEqual([
    'bitmask',
    'size',
    'bitmask',
  ])
})

test('a message of nearly 16 MiB passes', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.peer('b', [T])
  one.beat()
  one.clear()
  const large = messageBy('author', T, new Uint8Array((16 << 20) - 1024))
  one.say('a', { messages: [large.bytes] })
  expect(one.heard('b').messages.length).toBe(1)
})

test('nothing queues without bound for a peer that takes nothing', () => {
  const one = subscribed(T, { limits: { queueBytes: 10_000 } })
  one.drains = false
  one.peer('a', [T])
  one.peer('slow', [T])
  one.beat()
  one.clear()
  for (let i = 0; i < 100; i++) one.say('a', { messages: [messageBy('author', T, data(i, 1000)).bytes] })
  const sent = one.heard('slow')
  expect(sent.messages.length).toBeLessThan(10)
  expect(sent.messages.length).toBeGreaterThan(2)
  for (let i = 0; i < 1000; i++) one.say('slow', { graft: [T], prune: [{ bitmask: T, peers: [], backoff: 0n }] })
  const bytes = encodeRpc({ ...one.heard('slow'), messages: [] }).length
  expect(bytes).toBeLessThan(20_000)
})

test('messages under judgement are bounded, and one that is never judged is forgotten', () => {
  const one = subscribed(T, { limits: { pendingPerPeer: 3 } })
  one.verifies = false
  one.peer('a', [T])
  const messages = Array.from({ length: 5 }, (_, i) => messageBy('author', T, data(i)).bytes)
  one.say('a', { messages })
  const verifies = () => one.effects.filter((effect) => effect.kind === 'verify').length
  expect(verifies()).toBe(3)
  one.pass(31_000)
  one.say('a', { messages })
  expect(verifies()).toBe(6)
})

test('bad messages of one peer stop being looked at, and count as bad behaviour', () => {
  const one = subscribed(T)
  one.peer('a', [T])
  one.beat()
  const flood = (from: number) => {
    for (let i = 0; i < 100; i++) {
      const message = messageBy('author', T, data(0, 8).with(0, i).with(1, from))
      one.say('a', { messages: [encodeMessage({ ...message, signature: message.signature.toReversed() })] })
    }
  }
  flood(0)
  expect(one.effects.filter((effect) => effect.kind === 'verify').length).toBe(32)
  for (let beat = 1; beat < 12; beat++) {
    one.beat()
    flood(beat)
  }
  expect(one.router.score('a')).toBeLessThan(0)
  one.beat()
  expect(one.router.meshOf(T)).toEqual([])
})

test('events that fit nothing do nothing', () => {
  const one = subscribed(T)
  one.clear()
  one.feed({ kind: 'disconnected', peer: 'x' })
  one.feed({ kind: 'frame', peer: 'x', stream: 1, bytes: data(1) })
  one.feed({ kind: 'streamBroken', peer: 'x', stream: 1, reason: '' })
  one.feed({ kind: 'streamOpened', peer: 'x', stream: 1 })
  one.feed({ kind: 'sent', peer: 'x', bytes: 5 })
  for (const job of [-1, 0, 99]) {
    one.feed({ kind: 'signed', job, signature: data(1) })
    one.feed({ kind: 'verified', job, valid: true })
    one.feed({ kind: 'judged', job, verdict: 'accept' })
  }
  expect(one.effects).toEqual([])
})
