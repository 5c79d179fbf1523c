#!/usr/bin/env node
/**
 * Our router and js-libp2p's gossipsub in the same scenario. gossipsub is no dependency: `npm install --prefix DIR @libp2p/gossipsub@17.1.1`, then
 * `node test/sim/gossip-compare.ts DIR [--nodes 200] [--minutes 1] [--seed 1] [--silent 0.1] [--garbage 0.1]`.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { FULL_SCENARIO, figuresOf, play, populate, runScenario, WARM_UP_MILLIS } from '../../core/gossip/scenario.ts'
import { type GossipsubPackage, GossipsubWorld } from './gossipsub-world.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '200' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    silent: { type: 'string', default: '0.1' },
    garbage: { type: 'string', default: '0.1' },
  },
})
const [directory = '.'] = positionals
const load = (name: string) => import(pathToFileURL(resolve(directory, 'node_modules', name, 'dist/src/index.js')).href)
const theirPackage: GossipsubPackage = { ...(await load('@libp2p/gossipsub')), ...(await load('@libp2p/peer-id')) }
const scenario = {
  ...FULL_SCENARIO,
  nodes: Number(values.nodes),
  minutes: Number(values.minutes),
  seed: Number(values.seed),
  silent: Number(values.silent),
  garbage: Number(values.garbage),
}
const world = new GossipsubWorld(theirPackage, scenario)
const add = populate(world, scenario)
await world.run(WARM_UP_MILLIS)
await world.run(play(world, scenario, add))
const theirs = figuresOf(world, scenario)
const ours = runScenario(scenario)
const percent = ({ received, expected }: { received: number; expected: number }) => (100 * received) / expected
console.log(
  JSON.stringify(
    { scenario, gossipsub: { ...theirs, percent: percent(theirs) }, petal: { ...ours, percent: percent(ours) } },
    null,
    2,
  ),
)
process.exit()
