#!/usr/bin/env node
/**
 * Messages per second between two libp2p nodes on loopback: 1 KB, each signed by the sender and verified by the receiver. Both nodes are in one
 * process, so one core signs, sends, receives and verifies. `node test/sim/gossip-loopback.ts [--seconds 5] [--bytes 1024] [--key ed448|ed25519]`
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { GLOBAL_TOPICS } from '../../core/gossip/topics.ts'
import { hostIdentity } from '../../p2p/gossip/keys.ts'
import { GossipService } from '../../p2p/gossip/service.ts'
import { useEngineForHostKeys } from '../../p2p/host-keys.ts'
import { loadAddon } from '../../server-node/crypto/addon.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    bytes: { type: 'string', default: '1024' },
    key: { type: 'string', default: 'ed448' },
  },
})
const topic = GLOBAL_TOPICS.frame
useEngineForHostKeys(loadAddon())

async function start() {
  const privateKey = values.key === 'ed448' ? await generateEd448KeyPair() : await generateKeyPair('Ed25519')
  const node = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionGater: { denyDialMultiaddr: () => false },
  })
  const gossip = new GossipService({ network: 7, identity: hostIdentity(privateKey) })
  await gossip.start(node)
  return { node, gossip }
}

const [a, b] = [await start(), await start()]
let received = 0
a.gossip.subscribe(topic, { deliver: () => undefined })
b.gossip.subscribe(topic, {
  deliver: () => {
    received++
  },
})
await a.node.dial(b.node.getMultiaddrs())
const rest = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))
while (a.gossip.meshOf(topic).length === 0 || b.gossip.meshOf(topic).length === 0) await rest(50)

const MOST_UNDERWAY = 256
let sent = 0
const cpu = process.cpuUsage()
const begin = performance.now()
while (performance.now() - begin < Number(values.seconds) * 1000) {
  const batch = Array.from({ length: 32 }, () => a.gossip.publish(topic, randomBytes(Number(values.bytes))))
  sent += (await Promise.all(batch)).length
  while (sent - received > MOST_UNDERWAY) await rest(0)
}
for (const end = performance.now() + 2000; received < sent && performance.now() < end; ) await rest(1)
const seconds = (performance.now() - begin) / 1000
const { user, system } = process.cpuUsage(cpu)
const cpuMillis = (user + system) / 1000
console.log(
  JSON.stringify({
    key: values.key,
    sent,
    received,
    perSecond: Math.round(received / seconds),
    perCpuSecond: Math.round(received / (cpuMillis / 1000)),
    cpuMicrosPerMessage: Math.round((1000 * cpuMillis) / received),
  }),
)
for (const { gossip, node } of [a, b]) {
  await gossip.stop()
  await node.stop()
}
