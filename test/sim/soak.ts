#!/usr/bin/env node
/**
 * A local network of real processes for a long time, with churn: one node makes frames, the others join each other in a chain, and at seeded
 * moments one of them is killed (SIGKILL) or stopped and started again on its data. Counts what every node announced, how late, and how much
 * memory it holds. `node test/sim/soak.ts [--minutes 30] [--nodes 5] [--interval 2] [--churn-seconds 60] [--seed 1] [--json FILE]`
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../bench/measure.ts'
import { SoakNode } from './soak-node.ts'
import { readSoakOptions } from './soak-options.ts'

const { minutes, nodes: count, interval, churnSeconds, seed, json } = optionsOrExit()

function optionsOrExit() {
  try {
    return readSoakOptions(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`soak: ${error.message}`)
    process.exit(2)
  }
}

/** Mulberry32: the same seed, the same moments. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const random = seeded(seed)
const directory = await mkdtemp(join(tmpdir(), 'petal-soak-'))
const note = (text: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
const producer = new SoakNode('A', join(directory, 'A'), [
  '--network',
  'local',
  '--port',
  '0',
  '--frame-interval',
  String(interval),
])
const nodes: SoakNode[] = [producer]
/** When the producer announced a frame. */
const announced = new Map<number, number>()
const lateMillis: number[] = []
const memory = new Map<string, number[]>()
let restarts = 0

function sample(): void {
  for (const node of nodes) {
    const bytes = node.residentBytes()
    if (bytes === undefined) continue
    const seen = memory.get(node.name) ?? []
    memory.set(node.name, seen)
    seen.push(bytes)
  }
}

try {
  producer.onFrame = (number) => announced.set(number, performance.now())
  await producer.start()
  for (let index = 1; index < count; index++) {
    const before = nodes[index - 1] as SoakNode
    const node = new SoakNode(String.fromCharCode(65 + index), join(directory, String(index)), [
      '--port',
      '0',
      '--join',
      before.address,
    ])
    node.onFrame = (number) => {
      const at = announced.get(number)
      if (at !== undefined && node.isSteady()) lateMillis.push(performance.now() - at)
    }
    await node.start()
    nodes.push(node)
    note(`${node.name} joined ${before.name}`)
  }
  const end = performance.now() + minutes * 60_000
  let nextChurn = performance.now() + churnSeconds * 1000
  let minute = 0
  while (performance.now() < end) {
    await sleep(Math.min(10_000, Math.max(0, end - performance.now())))
    sample()
    if (count > 1 && performance.now() >= nextChurn) {
      nextChurn = performance.now() + churnSeconds * 1000 * (0.5 + random())
      const victim = nodes[1 + Math.floor(random() * (count - 1))] as SoakNode
      const signal = random() < 0.5 ? 'SIGKILL' : 'SIGTERM'
      await victim.stop(signal)
      await sleep(1000 + random() * 15_000)
      await victim.start()
      restarts++
    }
    const passed = Math.floor(minutes - (end - performance.now()) / 60_000)
    if (passed > minute) {
      minute = passed
      note(`${minute} min: ${nodes.map((node) => `${node.name} ${node.head}`).join(', ')}; ${restarts} restarts`)
    }
  }
  // Whoever was started last may still be catching up.
  await sleep(20_000)
  const head = producer.head
  const megabytes = (bytes: number | undefined) => Math.round((bytes ?? 0) / 1e6)
  const report = {
    minutes,
    nodes: count,
    intervalSeconds: interval,
    seed,
    frames: announced.size,
    restarts,
    behind: Object.fromEntries(nodes.map((node) => [node.name, head - node.head])),
    failures: nodes.flatMap((node) => node.failures.map((failure) => `${node.name}: ${failure}`)),
    lateMillis: {
      count: lateMillis.length,
      median: Math.round(quantile(lateMillis, 0.5)),
      p95: Math.round(quantile(lateMillis, 0.95)),
      p99: Math.round(quantile(lateMillis, 0.99)),
    },
    memoryMegabytes: Object.fromEntries(
      [...memory].map(([name, seen]) => {
        const third = Math.max(1, Math.floor(seen.length / 3))
        const medianOf = (part: readonly number[]) => megabytes(quantile(part, 0.5))
        return [name, { firstThird: medianOf(seen.slice(0, third)), lastThird: medianOf(seen.slice(-third)) }]
      }),
    ),
    load: readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).map(Number),
  }
  console.log(JSON.stringify(report, null, 2))
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  const lost = Object.values(report.behind).some((frames) => frames > 5)
  process.exitCode = lost || report.failures.length > 0 ? 1 : 0
} finally {
  for (const node of nodes.toReversed()) await node.stop('SIGTERM')
  await rm(directory, { recursive: true, force: true })
}
