import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { Verdict } from '@petal/core/gossip/events.ts'
import { decodeMessage, encodeMessage, messageDigest, writeId } from '@petal/core/gossip/message.ts'
import { encodeRpc } from '@petal/core/gossip/rpc.ts'
import { GLOBAL_TOPICS, shardTopics } from '@petal/core/gossip/topics.ts'
import { createLibp2p } from 'libp2p'
import { afterEach, expect, test, vi } from 'vitest'
import { drained } from '../drained.ts'
import { hostKeyOfSeed } from '../host-keys.ts'
import { type GossipIdentity, hostIdentity, type SignatureClaim, verifySignature } from './keys.ts'
import { type GossipOptions, GossipService } from './service.ts'

const T = GLOBAL_TOPICS.frame
const F = shardTopics(new Uint8Array(32).fill(3)).frame

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop()
})

interface Peer {
  readonly node: Libp2p
  readonly gossip: GossipService
  readonly heard: string[]
}

async function host(): Promise<{ node: Libp2p; identity: GossipIdentity }> {
  const privateKey = await generateKeyPair('Ed25519')
  const node = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  open.push({ stop: () => node.stop() })
  return { node, identity: hostIdentity(privateKey) }
}

async function start(topics: readonly Uint8Array[], options: Partial<GossipOptions> = {}): Promise<Peer> {
  const { node, identity } = await host()
  const gossip = new GossipService({ network: 7, identity, ...options })
  open.push(gossip)
  await gossip.start(node)
  const heard: string[] = []
  for (const topic of topics) gossip.subscribe(topic, { deliver: (message) => heard.push(textOf(message.data)) })
  return { node, gossip, heard }
}

const textOf = (data: Uint8Array) => new TextDecoder().decode(data)
const bytesOf = (text: string) => new TextEncoder().encode(text)
const dial = (a: Peer, b: Peer) => a.node.dial(b.node.getMultiaddrs())
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 15_000, interval: 20 })
const meshed = (peers: readonly Peer[], topic: Uint8Array) =>
  until(() => {
    for (const { gossip } of peers) expect(gossip.meshOf(topic).length).toBeGreaterThan(0)
  })

test('two nodes exchange signed messages over libp2p, both ways', async () => {
  const [a, b] = [await start([T]), await start([T])]
  await dial(a, b)
  await meshed([a, b], T)
  expect(await a.gossip.publish(T, bytesOf('from a'))).toBe(1)
  expect(await b.gossip.publish(T, bytesOf('from b'))).toBe(1)
  await until(() => expect([a.heard, b.heard]).toEqual([['from b'], ['from a']]))
})

test('P2P-08 five nodes in a line pass messages of a shard on, each once', async () => {
  const peers: Peer[] = []
  for (let i = 0; i < 5; i++) peers.push(await start([F]))
  for (let i = 1; i < 5; i++) await dial(peers[i] as Peer, peers[i - 1] as Peer)
  await meshed(peers, F)
  for (const [i, { gossip }] of peers.entries()) await gossip.publish(F, bytesOf(`from ${i}`))
  await until(() => {
    for (const [i, { heard }] of peers.entries()) {
      const others = [0, 1, 2, 3, 4].filter((other) => other !== i).map((other) => `from ${other}`)
      expect(heard.toSorted()).toEqual(others)
    }
  })
})

test('P2P-05 messages are signed and verified with Ed448 whatever the key of the host', async () => {
  const identity = hostIdentity(hostKeyOfSeed(new Uint8Array(57).fill(5)))
  const [a, b] = [await start([T], { identity }), await start([T])]
  await dial(a, b)
  await meshed([a, b], T)
  const authors: Uint8Array[] = []
  b.gossip.subscribe(T, { deliver: (message) => authors.push(message.from) })
  await a.gossip.publish(T, bytesOf('hello'))
  await until(() => expect(authors).toEqual([identity.peerId]))
  expect(b.heard).toEqual(['hello'])
})

test('P2P-11 a message whose signature does not hold, or that the application rejects, is not delivered nor passed on', async () => {
  const forger: GossipIdentity = { ...hostIdentity(await generateKeyPair('Ed25519')), sign: () => new Uint8Array(64) }
  const [a, b, c] = [await start([T], { identity: forger }), await start([]), await start([T])]
  b.gossip.subscribe(T, {
    validate: (message) => (textOf(message.data) === 'unwanted' ? 'reject' : 'accept'),
    deliver: (message) => b.heard.push(textOf(message.data)),
  })
  await dial(a, b)
  await dial(b, c)
  await meshed([a, b, c], T)
  await a.gossip.publish(T, bytesOf('forged'))
  await c.gossip.publish(T, bytesOf('unwanted'))
  await c.gossip.publish(T, bytesOf('wanted'))
  await until(() => expect([a.heard, b.heard]).toEqual([['wanted'], ['wanted']]))
  expect(c.heard).toEqual([])
})

test('P2P-06, P2P-H7 a peer that announces 17 MiB or sends what is no RPC loses its stream, not its connection', async () => {
  const a = await start([T])
  const { node } = await host()
  for (const bytes of [Uint8Array.of(0x81, 0x80, 0x80, 0x08), Uint8Array.of(2, 0x0a, 0xff)]) {
    const stream = await node.dialProtocol(a.node.getMultiaddrs(), a.gossip.protocol)
    const closed = new Promise<string>((resolve) => {
      stream.addEventListener('close', ({ error }) => resolve(error === undefined ? 'closed' : 'reset'))
    })
    stream.send(bytes)
    expect(await closed).toBe('reset')
  }
  expect(node.getConnections().length).toBe(1)
})

test('a peer that begins a large frame and never ends it loses its stream when memory is short', async () => {
  const a = await start([T], { linkLimits: { unfinishedBytes: 1 << 20 } })
  const { node } = await host()
  const stream = await node.dialProtocol(a.node.getMultiaddrs(), a.gossip.protocol)
  const closed = new Promise((resolve) => stream.addEventListener('close', ({ error }) => resolve(error?.name)))
  stream.send(Uint8Array.of(0x80, 0x80, 0x80, 0x04))
  for (let sent = 0; sent < 3 << 20 && stream.status === 'open'; sent += 1 << 16) {
    if (!stream.send(new Uint8Array(1 << 16))) await drained(stream, AbortSignal.timeout(20_000)).catch(() => undefined)
  }
  expect(await closed).toBe('StreamResetError')
})

test('a peer that takes nothing is given up, and others hear as before', async () => {
  const linkLimits = { sendMillis: 3000 }
  const [a, b] = [await start([T], { linkLimits }), await start([T])]
  await dial(a, b)
  const { node } = await host()
  await node.handle(a.gossip.protocol, (stream) => stream.pause())
  const stream = await node.dialProtocol(a.node.getMultiaddrs(), a.gossip.protocol)
  stream.send(encodeRpc({ subscriptions: [{ subscribe: true, bitmask: T }] }))
  await meshed([a, b], T)
  await until(() => expect(a.gossip.meshOf(T)).toContain(node.peerId.toString()))
  for (let i = 0; i < 30; i++) await a.gossip.publish(T, new Uint8Array(1 << 16).fill(i))
  await until(() => expect(a.gossip.peers).toEqual([b.node.peerId.toString()]))
  await until(() => expect(b.heard.length).toBe(30))
})

test('two nodes that are connected twice and lose the first connection go on over the second', async () => {
  const [a, b] = [await start([T]), await start([T])]
  await dial(a, b)
  await meshed([a, b], T)
  await b.node.dial(a.node.getMultiaddrs(), { force: true })
  await until(() => expect(a.node.getConnections().length).toBe(2))
  await a.node.getConnections()[0]?.close()
  await until(() => expect([a, b].map(({ node }) => node.getConnections().length)).toEqual([1, 1]))
  await until(() => expect([a, b].map(({ gossip }) => gossip.peers.length)).toEqual([1, 1]))
  await until(async () => {
    await a.gossip.publish(T, crypto.getRandomValues(new Uint8Array(8)))
    expect(b.heard.length).toBeGreaterThan(0)
  })
})

test('P2P-12 a stranger that asks for a message gets the bytes that were published', async () => {
  const [a, b] = [await start([T]), await start([T])]
  await dial(a, b)
  await meshed([a, b], T)
  const bytes: Uint8Array[] = []
  b.gossip.subscribe(T, { deliver: (message) => bytes.push(message.bytes) })
  await a.gossip.publish(T, bytesOf('kept'))
  await until(() => expect(bytes.length).toBe(1))
  const { node } = await host()
  const answers: number[] = []
  await node.handle(b.gossip.protocol, (stream) => {
    stream.addEventListener('message', ({ data }) => answers.push(...data.subarray()))
  })
  const stream = await node.dialProtocol(b.node.getMultiaddrs(), b.gossip.protocol)
  stream.send(encodeRpc({ iwant: [writeId(messageDigest(bytesOf('kept')), 'short')] }))
  const wanted = Buffer.from(bytes[0] ?? []).toString('hex')
  await until(() => expect(Buffer.from(answers).toString('hex')).toContain(wanted))
  expect(wanted).toBe(Buffer.from(encodeMessage(decodeMessage(bytes[0] ?? new Uint8Array()))).toString('hex'))
})

test('verdicts that come late are waited for, one that fails drops the message', async () => {
  const [a, b] = [await start([T]), await start([])]
  b.gossip.subscribe(T, {
    validate: async (message): Promise<Verdict> => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      if (textOf(message.data) === 'bad') throw new Error('the validator broke')
      return 'accept'
    },
    deliver: (message) => b.heard.push(textOf(message.data)),
  })
  await dial(a, b)
  await meshed([a, b], T)
  for (const text of ['bad', 'good']) await a.gossip.publish(T, bytesOf(text))
  await until(() => expect(b.heard).toEqual(['good']))
})

test('more messages than a peer can judge at a time all arrive', async () => {
  const afterAWhile = async (claim: SignatureClaim): Promise<boolean> => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return verifySignature(claim.key, claim.payload, claim.signature)
  }
  const slow: GossipOptions['verify'] = (claims) => claims.map(afterAWhile)
  const [a, b] = [await start([T]), await start([T], { verify: slow, linkLimits: { judgements: 16 } })]
  await dial(a, b)
  await meshed([a, b], T)
  const texts = Array.from({ length: 300 }, (_, i) => `message ${i}`)
  for (const text of texts) await a.gossip.publish(T, bytesOf(text))
  await until(() => expect(b.heard.length).toBe(300))
  expect(b.heard.toSorted()).toEqual(texts.toSorted())
})

test('a verifier that fails is told, nobody is blamed for it, and what comes when it works again arrives', async () => {
  const errors: string[] = []
  let [asked, works] = [0, false]
  const verify: GossipOptions['verify'] = (claims) => {
    asked += claims.length
    if (!works) throw new Error('the verifier broke')
    return claims.map((claim) => verifySignature(claim.key, claim.payload, claim.signature))
  }
  const limits = { badBurst: 4, badPerSecond: 0 }
  const onError = ({ message }: Error) => void errors.push(message)
  const [a, b] = [await start([T]), await start([T], { verify, onError, limits, linkLimits: { judgements: 4 } })]
  await dial(a, b)
  await meshed([a, b], T)
  for (let i = 0; i < 8; i++) await a.gossip.publish(T, bytesOf(`lost ${i}`))
  await until(() => expect(asked).toBe(8))
  expect(new Set(errors)).toEqual(new Set(['the verifier broke']))
  works = true
  await a.gossip.publish(T, bytesOf('good'))
  await until(() => expect(b.heard).toEqual(['good']))
})

test('after the end nothing is published, and who waits is told', async () => {
  const a = await start([T])
  await a.gossip.stop()
  await expect(a.gossip.publish(T, bytesOf('late'))).rejects.toMatchObject({ code: 'stopped' })
})
