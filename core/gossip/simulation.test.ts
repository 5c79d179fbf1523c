import { expect, test } from 'vitest'
import { FULL_SCENARIO, runScenario, type Scenario } from './scenario.ts'

/** The full scenario, smaller: `test/sim/gossip.ts` runs it as it is. */
const SMALL: Scenario = { ...FULL_SCENARIO, nodes: 40, minutes: 0.4, dials: 8, messagesPerSecond: 3, churnPerMinute: 1 }

test('with churn, silent peers and senders of garbage every honest subscriber gets 99.9 % of the messages', () => {
  const figures = runScenario(SMALL)
  expect(figures.expected).toBeGreaterThan(500)
  expect(figures.received / figures.expected).toBeGreaterThanOrEqual(0.999)
  expect(figures.forged).toBe(0)
  expect(figures.departures).toBeGreaterThan(10)
  expect(figures.copiesPerDelivery).toBeLessThan(12)
})

test('one seed is one run', () => {
  const scenario = { ...SMALL, minutes: 0.1, nodes: 20 }
  const { digest } = runScenario(scenario)
  expect(runScenario(scenario).digest).toBe(digest)
  expect(runScenario({ ...scenario, seed: 2 }).digest).not.toBe(digest)
})

test('the figure falls where it has to: a mesh of one peer, and no ids told', () => {
  const params = { d: 1, dLow: 1, dHigh: 1, dOut: 0, dLazy: 0, gossipFactor: 0, floodPublishBytes: 0 }
  const figures = runScenario({ ...SMALL, minutes: 0.2, params })
  expect(figures.received / figures.expected).toBeLessThan(0.9)
})
