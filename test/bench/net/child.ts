/** One end of the figures of the wire, in a process of its own; it ends when its parent is done with it. */
import { randomBytes } from 'node:crypto'
import { generateEd448KeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { GLOBAL_TOPICS } from '../../../core/gossip/topics.ts'
import { GossipService, hostIdentity } from '../../../p2p/gossip/index.ts'
import { useEngineForHostKeys } from '../../../p2p/host-keys.ts'
import { loadAddon } from '../../../server-node/crypto/addon.ts'
import { DEFAULT_NET_LIMITS } from '../../../server-node/net/limits.ts'
import { type PeerNode, startPeerNode } from '../../../server-node/net/node.ts'
import { demand } from '../step.ts'
import { performTasks } from '../task-process.ts'

export interface Listening {
  readonly address: string
}

export type NetTask =
  /** Only listens; gossips and counts what it hears; gossips and keeps connections. */
  | { readonly task: 'listen' | 'hear' | 'hold' }
  | { readonly task: 'dial' | 'gossip'; readonly peer: Listening }
  | { readonly task: 'connect'; readonly peer: Listening; readonly count: number }
  | { readonly task: 'heard' | 'memory' }

export interface NetResults {
  listen: Listening
  hear: Listening
  hold: Listening
  /** Milliseconds of each dial. */
  dial: readonly number[]
  gossip: { readonly rates: readonly number[]; readonly perRound: number; readonly cpuMicros: number }
  heard: { readonly messages: number; readonly cpuMillis: number }
  connect: null
  memory: { readonly bytes: number; readonly connections: number }
}

const TOPIC = GLOBAL_TOPICS.frame
/** Where the hearer says how many it has heard. */
const HEARD = GLOBAL_TOPICS.prover
const NETWORK = 99
const DIALS = 30
/** Dials that compile. */
const WARM_UP = 10
const ROUNDS = 5
const MESSAGES = 3_000
const MESSAGE_BYTES = 1_024
/** Messages that are being signed; that were published and that the hearer has not spoken of; after so many it speaks. */
const UNDERWAY = 256
const AHEAD = 1_536
const SPEAKS_AFTER = 256
const PARALLEL = 4
/** For what the other end has to do. */
const PATIENCE_MILLIS = 30_000

useEngineForHostKeys(loadAddon())

const rest = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MILLIS
  while (!holds()) {
    demand(performance.now() < end, what)
    await rest(1)
  }
}

/** No discovery: these nodes know whom they talk to. */
async function node(): Promise<PeerNode> {
  return await startPeerNode({
    networkNumber: NETWORK,
    identity: await generateEd448KeyPair(),
    host: '127.0.0.1',
    transports: ['tcp'],
    discovery: { enoughConnections: 0, roundMillis: 3_600_000 },
    limits: { ...DEFAULT_NET_LIMITS, connections: 1_000, inboundConnections: 1_000, connectionsPerSecond: 1_000 },
  })
}

let own: PeerNode | undefined
let heard = 0
let cpuFrom: NodeJS.CpuUsage | undefined

async function listen(gossips: boolean): Promise<Listening> {
  own = await node()
  if (gossips)
    own.gossip.subscribe(TOPIC, {
      deliver: () => {
        heard++
        cpuFrom ??= process.cpuUsage()
        if (heard % SPEAKS_AFTER === 0) void own?.gossip.publish(HEARD, Uint8Array.from(Buffer.from(String(heard))))
      },
    })
  return { address: own.addresses()[0] ?? '' }
}

async function dial({ address }: Listening): Promise<readonly number[]> {
  const { libp2p } = await node()
  const millis: number[] = []
  for (let round = 0; round < DIALS + WARM_UP; round++) {
    const start = performance.now()
    const connection = await libp2p.dial(multiaddr(address), { force: true })
    millis.push(performance.now() - start)
    await connection.close()
  }
  return millis.slice(WARM_UP)
}

async function gossip({ address }: Listening): Promise<NetResults['gossip']> {
  const { libp2p, gossip: service } = await node()
  service.subscribe(TOPIC, { deliver: () => undefined })
  service.subscribe(HEARD, {
    deliver: ({ data }) => {
      taken = Number(Buffer.from(data).toString())
    },
  })
  await libp2p.dial(multiaddr(address))
  await until('the hearer is grafted', () => service.meshOf(TOPIC).length > 0)
  const rates: number[] = []
  // The first round compiles.
  await publish(service)
  const cpu = process.cpuUsage()
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    await publish(service)
    rates.push(MESSAGES / ((performance.now() - start) / 1_000))
  }
  const { user, system } = process.cpuUsage(cpu)
  return { rates, perRound: MESSAGES, cpuMicros: Math.round((user + system) / (ROUNDS * MESSAGES)) }
}

let taken = 0
let published = 0

/** Runs ahead of the hearer by a bounded number of messages: publishing has no back pressure, queues that are full drop. */
async function publish(service: PeerNode['gossip']): Promise<void> {
  const underway = new Set<Promise<unknown>>()
  for (let sent = 0; sent < MESSAGES; sent++) {
    const one = service.publish(TOPIC, randomBytes(MESSAGE_BYTES)).finally(() => underway.delete(one))
    underway.add(one)
    if (underway.size >= UNDERWAY) await Promise.race(underway)
    published++
    if (sent % 32 === 31) await rest(0)
    await until('the hearer has heard most of what was sent', () => published - taken <= AHEAD)
  }
  await Promise.all(underway)
}

/** A peer with nothing but identify and gossip: 500 of them are in one process. */
async function plainPeer(): Promise<{ libp2p: Libp2p; gossip: GossipService }> {
  const privateKey = await generateEd448KeyPair()
  const libp2p = await createLibp2p({
    privateKey,
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionMonitor: { enabled: false },
  })
  const service = new GossipService({ network: NETWORK, identity: hostIdentity(privateKey) })
  await service.start(libp2p)
  return { libp2p, gossip: service }
}

const others: Libp2p[] = []

async function connect({ address }: Listening, count: number): Promise<null> {
  for (let made = 0; made < count; made += PARALLEL)
    await Promise.all(
      Array.from({ length: Math.min(PARALLEL, count - made) }, async () => {
        const one = await plainPeer()
        one.gossip.subscribe(TOPIC, { deliver: () => undefined })
        await one.libp2p.dial(multiaddr(address))
        others.push(one.libp2p)
      }),
    )
  // Hellos, identify and the first heartbeats are over.
  await rest(3_000)
  return null
}

async function memory(): Promise<NetResults['memory']> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    await rest(100)
  }
  return { bytes: process.memoryUsage.rss(), connections: own?.connections() ?? 0 }
}

function heardSoFar(): NetResults['heard'] {
  const { user, system } = process.cpuUsage(cpuFrom)
  return { messages: heard, cpuMillis: (user + system) / 1_000 }
}

async function perform(asked: NetTask): Promise<unknown> {
  switch (asked.task) {
    case 'listen':
      return listen(false)
    case 'hear':
    case 'hold':
      return listen(true)
    case 'dial':
      return dial(asked.peer)
    case 'gossip':
      return gossip(asked.peer)
    case 'connect':
      return connect(asked.peer, asked.count)
    case 'heard':
      return heardSoFar()
    case 'memory':
      return memory()
  }
}

performTasks(perform)
