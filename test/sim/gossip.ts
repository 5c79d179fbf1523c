#!/usr/bin/env node
/** The gossip scenario of `core/gossip/scenario.ts` at full size: `node test/sim/gossip.ts [--nodes 200] [--minutes 5] [--seed 1] ...`. */
import { parseArgs } from 'node:util'
import { FULL_SCENARIO, runScenario } from '../../core/gossip/scenario.ts'

const NUMBERS = [
  'seed',
  'nodes',
  'silent',
  'garbage',
  'churnPerMinute',
  'minutes',
  'messagesPerSecond',
  'messageBytes',
  'dials',
] as const

const { values } = parseArgs({
  options: Object.fromEntries(NUMBERS.map((name) => [name, { type: 'string' as const }])),
})
const changed: Partial<Record<(typeof NUMBERS)[number], number>> = {}
for (const name of NUMBERS) {
  const text = values[name]
  if (text === undefined) continue
  changed[name] = Number(text)
  if (!(Number(text) >= 0)) throw new TypeError(`--${name} ${String(text)} is not a number`)
}
const scenario = { ...FULL_SCENARIO, ...changed }
const start = process.cpuUsage()
const figures = runScenario(scenario)
const { user } = process.cpuUsage(start)
const percent = (100 * figures.received) / figures.expected
console.log(JSON.stringify({ scenario, figures: { ...figures, percent }, cpuSeconds: Math.round(user / 1e6) }, null, 2))
if (percent < 99.9 || figures.forged > 0) process.exitCode = 1
