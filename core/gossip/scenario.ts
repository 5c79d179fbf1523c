/** The scenario in which the router is measured: shard topics of three slices, churn, silent and garbage peers. Tests and `test/sim/gossip.ts`. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Millis } from '../platform/machine.ts'
import type { Conduct } from './conduct.ts'
import type { GossipParams } from './params.ts'
import { GossipSimulation } from './simulation.ts'
import { shardTopics } from './topics.ts'

export interface Scenario {
  readonly seed: number
  readonly nodes: number
  /** Parts of the nodes that keep silent, and that send garbage. */
  readonly silent: number
  readonly garbage: number
  /** Part of the nodes that leaves within a minute; as many come. */
  readonly churnPerMinute: number
  readonly minutes: number
  readonly messagesPerSecond: number
  readonly messageBytes: number
  readonly dials: number
  readonly delayMillis: readonly [Millis, Millis]
  /** A node counts as a subscriber of what is published so long after it came... */
  readonly settleMillis: Millis
  /** ...if it stays so long after that. */
  readonly windowMillis: Millis
  readonly params?: Partial<GossipParams>
}

export const FULL_SCENARIO: Scenario = {
  seed: 1,
  nodes: 200,
  silent: 0.1,
  garbage: 0.1,
  churnPerMinute: 0.2,
  minutes: 5,
  messagesPerSecond: 4,
  messageBytes: 1024,
  dials: 12,
  delayMillis: [10, 120],
  settleMillis: 3000,
  windowMillis: 10_000,
}

export interface Figures {
  readonly messages: number
  /** Pairs of a message and an honest node that had to get it, and of those that did. */
  readonly expected: number
  readonly received: number
  /** Messages that some honest subscriber missed. */
  readonly incomplete: number
  readonly forged: number
  readonly medianHops: number
  readonly hops95: number
  readonly medianMillis: number
  readonly millis99: number
  /** Copies sent by honest nodes for each delivery, and their bytes for each byte delivered. */
  readonly copiesPerDelivery: number
  readonly bytesPerByte: number
  readonly departures: number
  readonly digest: string
}

/** Topics of three shards; a node is in two of them. */
const SHARDS = [1, 2, 3].map((n) => shardTopics(new Uint8Array(32).fill(n)).frame)

/** A node as the scenario and its figures see it. */
export interface ScenarioNode {
  readonly name: string
  readonly conduct: Conduct
  readonly topics: readonly Uint8Array[]
  readonly since: Millis
  readonly until: Millis | null
  /** Messages it has, its own too, by the SHA2-256 of their data. */
  readonly delivered: ReadonlyMap<string, { readonly at: Millis; readonly hops: number }>
  readonly forged: number
}

/** Where a scenario is played: `GossipSimulation`, or another implementation under the same conditions. */
export interface World<Node extends ScenarioNode> {
  readonly now: Millis
  readonly nodes: ReadonlyMap<string, Node>
  readonly gone: readonly Node[]
  readonly sent: readonly {
    readonly key: string
    readonly topic: Uint8Array
    readonly at: Millis
    readonly by: string
  }[]
  readonly traffic: { readonly copies: number; readonly bytes: number }
  readonly digest: string
  pick<T>(list: readonly T[]): T | undefined
  add(conduct: Conduct, topics: readonly Uint8Array[]): void
  remove(node: Node): void
  redial(node: Node): void
  publish(node: Node, topic: Uint8Array, bytes: number): void
  every(millis: Millis, run: () => unknown): void
}

/** Time for meshes to form before anything is published. */
export const WARM_UP_MILLIS: Millis = 20_000

export function runScenario(scenario: Scenario): Figures {
  const simulation = new GossipSimulation(scenario)
  const add = populate(simulation, scenario)
  simulation.run(WARM_UP_MILLIS)
  simulation.run(play(simulation, scenario, add))
  return figuresOf(simulation, scenario)
}

/** Puts all nodes into an empty world; answers how another one comes. */
export function populate<Node extends ScenarioNode>(
  world: World<Node>,
  scenario: Scenario,
): (conduct: Conduct) => void {
  let index = 0
  const add = (conduct: Conduct): void => {
    const first = index++ % SHARDS.length
    const topics = [SHARDS[first], SHARDS[(first + 1) % SHARDS.length]]
    world.add(
      conduct,
      topics.filter((topic) => topic !== undefined),
    )
  }
  for (let i = 0; i < scenario.nodes; i++) {
    const place = i / scenario.nodes
    add(place < scenario.silent ? 'silent' : place < scenario.silent + scenario.garbage ? 'garbage' : 'honest')
  }
  return add
}

/** Plans messages and churn; answers how long it takes until the last message had its time. */
export function play<Node extends ScenarioNode>(
  world: World<Node>,
  scenario: Scenario,
  add: (conduct: Conduct) => void,
): Millis {
  const duration = scenario.minutes * 60_000
  const end = world.now + duration
  world.every(1000 / scenario.messagesPerSecond, () => {
    const settled = [...world.nodes.values()].filter(
      (node) => node.conduct === 'honest' && world.now - node.since > scenario.settleMillis,
    )
    const node = world.pick(settled)
    const topic = node && world.pick(node.topics)
    if (node && topic) world.publish(node, topic, scenario.messageBytes)
    return world.now < end
  })
  if (scenario.churnPerMinute > 0) {
    world.every(60_000 / (scenario.churnPerMinute * scenario.nodes), () => {
      const node = world.pick([...world.nodes.values()])
      if (node) {
        world.remove(node)
        add(node.conduct)
      }
      return world.now < end
    })
  }
  world.every(5000, () => {
    for (const node of world.nodes.values()) world.redial(node)
  })
  return duration + scenario.windowMillis + 1000
}

export function figuresOf<Node extends ScenarioNode>(world: World<Node>, scenario: Scenario): Figures {
  const all = [...world.nodes.values(), ...world.gone].filter((node) => node.conduct === 'honest')
  const topicsOf = new Map(all.map((node) => [node, new Set(node.topics.map(bytesToHex))]))
  let expected = 0
  let received = 0
  let incomplete = 0
  for (const message of world.sent) {
    const publisher = all.find((node) => node.name === message.by)
    // A publisher that left before its message did cannot be helped.
    if (publisher?.until != null && publisher.until < message.at + 2 * scenario.delayMillis[1]) continue
    const topic = bytesToHex(message.topic)
    const subscribers = all.filter(
      (node) =>
        node !== publisher &&
        topicsOf.get(node)?.has(topic) &&
        node.since + scenario.settleMillis <= message.at &&
        (node.until === null || node.until >= message.at + scenario.windowMillis),
    )
    const got = subscribers.filter((node) => node.delivered.has(message.key)).length
    expected += subscribers.length
    received += got
    if (got < subscribers.length) incomplete++
  }
  const sentAt = new Map(world.sent.map((message) => [message.key, message]))
  const deliveries = all.flatMap((node) =>
    [...node.delivered].flatMap(([key, delivery]) => {
      const message = sentAt.get(key)
      if (message === undefined || message.by === node.name) return []
      return [
        { ...delivery, millis: delivery.at - message.at, settled: node.since + scenario.settleMillis <= message.at },
      ]
    }),
  )
  // Who came later may be told of earlier messages; how long those were underway says nothing.
  const timed = deliveries.filter((delivery) => delivery.settled)
  const hops = sorted(timed.map((delivery) => delivery.hops))
  const millis = sorted(timed.map((delivery) => delivery.millis))
  return {
    messages: world.sent.length,
    expected,
    received,
    incomplete,
    forged: all.reduce((sum, node) => sum + node.forged, 0),
    medianHops: at(hops, 0.5),
    hops95: at(hops, 0.95),
    medianMillis: Math.round(at(millis, 0.5)),
    millis99: Math.round(at(millis, 0.99)),
    copiesPerDelivery: world.traffic.copies / deliveries.length,
    bytesPerByte: world.traffic.bytes / (deliveries.length * scenario.messageBytes),
    departures: world.gone.length,
    digest: world.digest,
  }
}

const sorted = (list: number[]) => list.sort((a, b) => a - b)
const at = (list: readonly number[], part: number) =>
  list[Math.min(Math.floor(list.length * part), list.length - 1)] ?? 0
