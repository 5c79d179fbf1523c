/** The scenario in which the router is measured: shard topics of three slices, churn, silent and garbage peers. Tests and `test/sim/gossip.ts`. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Millis } from '../platform/machine.ts'
import type { GossipParams } from './params.ts'
import { type Conduct, GossipSimulation, type SimulatedNode } from './simulation.ts'
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

export function runScenario(scenario: Scenario): Figures {
  const simulation = new GossipSimulation(scenario)
  let index = 0
  const add = (conduct: Conduct): void => {
    const first = index++ % 3
    simulation.add(
      conduct,
      [SHARDS[first], SHARDS[(first + 1) % 3]].filter((topic) => topic !== undefined),
    )
  }
  for (let i = 0; i < scenario.nodes; i++) {
    const place = i / scenario.nodes
    add(place < scenario.silent ? 'silent' : place < scenario.silent + scenario.garbage ? 'garbage' : 'honest')
  }
  simulation.run(20_000)
  const end = simulation.now + scenario.minutes * 60_000
  const honest = () => [...simulation.nodes.values()].filter((node) => node.conduct === 'honest')
  simulation.every(1000 / scenario.messagesPerSecond, () => {
    const node = simulation.pick(honest().filter((each) => simulation.now - each.since > scenario.settleMillis))
    const topic = node && simulation.pick(node.topics)
    if (node && topic) simulation.publish(node, topic, scenario.messageBytes)
    return simulation.now < end
  })
  if (scenario.churnPerMinute > 0) {
    simulation.every(60_000 / (scenario.churnPerMinute * scenario.nodes), () => {
      const node = simulation.pick([...simulation.nodes.values()])
      if (node) {
        simulation.remove(node)
        add(node.conduct)
      }
      return simulation.now < end
    })
  }
  simulation.every(5000, () => {
    for (const node of simulation.nodes.values()) simulation.redial(node)
  })
  simulation.run(scenario.minutes * 60_000 + scenario.windowMillis + 1000)
  return figuresOf(simulation, scenario)
}

function figuresOf(simulation: GossipSimulation, scenario: Scenario): Figures {
  const all = [...simulation.nodes.values(), ...simulation.gone].filter((node) => node.conduct === 'honest')
  const topicsOf = new Map(all.map((node) => [node, new Set(node.topics.map(bytesToHex))]))
  let expected = 0
  let received = 0
  let incomplete = 0
  for (const message of simulation.sent) {
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
  const sentAt = new Map(simulation.sent.map((message) => [message.key, message]))
  const deliveries = all.flatMap((node: SimulatedNode) =>
    [...node.delivered]
      .filter(([key]) => sentAt.get(key)?.by !== node.name)
      .map(([key, delivery]) => ({ key, ...delivery })),
  )
  const hops = sorted(deliveries.map((delivery) => delivery.hops))
  const millis = sorted(deliveries.map(({ key, at }) => at - (sentAt.get(key)?.at ?? at)))
  return {
    messages: simulation.sent.length,
    expected,
    received,
    incomplete,
    forged: all.reduce((sum, node) => sum + node.forged, 0),
    medianHops: at(hops, 0.5),
    hops95: at(hops, 0.95),
    medianMillis: Math.round(at(millis, 0.5)),
    millis99: Math.round(at(millis, 0.99)),
    copiesPerDelivery: simulation.traffic.copies / deliveries.length,
    bytesPerByte: simulation.traffic.bytes / (deliveries.length * scenario.messageBytes),
    departures: simulation.gone.length,
    digest: simulation.digest,
  }
}

const sorted = (list: number[]) => list.sort((a, b) => a - b)
const at = (list: readonly number[], part: number) =>
  list[Math.min(Math.floor(list.length * part), list.length - 1)] ?? 0
