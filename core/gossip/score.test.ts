import { expect, test } from 'vitest'
import { GOSSIP_LIMITS, MAINNET_SCORES } from './params.ts'
import { Scores } from './score.ts'

const MINUTE = 60_000
const START = 1_750_000_000_000

function scores(direct: readonly string[] = [], limits = GOSSIP_LIMITS): Scores {
  const made = new Scores(MAINNET_SCORES, limits, new Set(direct))
  made.decay(START)
  return made
}

test('time in a mesh is worth 0.00027 a second, up to 1, of which a tenth counts', () => {
  const made = scores()
  made.joinedMesh('a', 't', START)
  expect(made.of('a', START + 1000_000)).toBeCloseTo(0.027)
  expect(made.of('a', START + 1e9)).toBeCloseTo(0.1)
  made.leftMesh('a', 't')
  expect(made.of('a', START + 1e9)).toBe(0)
})

test('first deliveries are worth 5, a tenth of which counts, and are down to 1 % after ten minutes', () => {
  const made = scores()
  for (let i = 0; i < 20_000; i++) made.firstDelivery('a', 't')
  expect(made.of('a', START)).toBeCloseTo(5000)
  made.decay(START + 10 * MINUTE)
  expect(made.of('a', START)).toBeCloseTo(50)
})

test('invalid messages count squared and are down to 1 % after an hour', () => {
  const made = scores()
  for (let i = 0; i < 5; i++) made.invalidMessage('a', 't')
  expect(made.of('a', START)).toBe(-2500)
  for (let i = 1; i <= 6; i++) made.decay(START + i * 10 * MINUTE)
  expect(made.of('a', START)).toBeCloseTo(0, 0)
})

test('bad behaviour counts above six, squared, and halves every ten minutes', () => {
  const made = scores()
  made.misbehaved('a', 6)
  expect(made.of('a', START)).toBe(0)
  made.misbehaved('a', 10)
  expect(made.of('a', START)).toBe(-1000)
  made.decay(START + 10 * MINUTE)
  expect(made.of('a', START)).toBe(-40)
  made.decay(START + 20 * MINUTE)
  expect(made.of('a', START)).toBe(0)
})

test('the application score weighs 10, loses a tenth every ten minutes and ends after an hour', () => {
  const made = scores()
  made.application('a', 2, START)
  expect(made.of('a', START)).toBe(20)
  made.decay(START + 10 * MINUTE)
  expect(made.of('a', START)).toBeCloseTo(18)
  made.application('a', Number.NaN, START)
  made.decay(START + 80 * MINUTE)
  expect(made.of('a', START)).toBe(0)
})

test('more than six peers of one address cost each of them, direct peers excepted', () => {
  const made = scores(['d'])
  for (const peer of ['a', 'b', 'c', 'd', 'e', 'f']) made.connected(peer, '1.2.3.4')
  expect(made.of('a', START)).toBe(0)
  for (const peer of ['g', 'h']) made.connected(peer, '1.2.3.4')
  expect(made.of('a', START)).toBe(-400)
  expect(made.of('d', START)).toBe(0)
  made.disconnected('g', START)
  made.disconnected('h', START)
  expect(made.of('a', START)).toBe(0)
})

test('a bad score outlives the connection for an hour, a good one does not outlive it', () => {
  const made = scores()
  for (const peer of ['good', 'bad']) made.connected(peer, null)
  made.firstDelivery('good', 't')
  made.misbehaved('bad', 1000)
  for (const peer of ['good', 'bad']) made.disconnected(peer, START)
  for (const peer of ['good', 'bad']) made.connected(peer, null)
  expect(made.of('good', START)).toBe(0)
  expect(made.of('bad', START)).toBeLessThan(0)
  made.disconnected('bad', START)
  made.decay(START + 61 * MINUTE)
  expect(made.of('bad', START + 61 * MINUTE)).toBe(0)
})

test('remembered scores of peers that left are bounded, the oldest goes', () => {
  const made = scores([], { ...GOSSIP_LIMITS, peers: 0, retainedScores: 10 })
  for (let i = 0; i < 30; i++) {
    made.connected(`p${i}`, null)
    made.misbehaved(`p${i}`, 100)
    made.disconnected(`p${i}`, START)
  }
  const remembered = Array.from({ length: 30 }, (_, i) => i).filter((i) => made.of(`p${i}`, START) < 0)
  expect(remembered).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29])
})
