import { expect, test } from 'vitest'
import { growthPlot } from './plot.ts'

const rows = [
  { leaves: 1_000, commitMicrosPerLeaf: 100, proofMillis: 6 },
  { leaves: 10_000, commitMicrosPerLeaf: 150, proofMillis: 6 },
  { leaves: 100_000, commitMicrosPerLeaf: 300, proofMillis: 9 },
]

test('both lines begin at one and rise by their own ratio', () => {
  const lines = [...growthPlot(rows).matchAll(/<polyline points="([^"]+)"/g)].map(([, points = '']) =>
    points.split(' ').map((point) => Number(point.split(',')[1])),
  )
  const [commit = [], proof = []] = lines
  expect(commit[0]).toBe(proof[0])
  const unit = (commit[0] ?? 0) - (commit[1] ?? 0)
  expect((commit[0] ?? 0) - (commit[2] ?? 0)).toBeCloseTo(unit * 4, 0)
  expect(proof[1]).toBe(proof[0])
  expect((proof[0] ?? 0) - (proof[2] ?? 0)).toBeCloseTo(unit, 0)
})

test('each point is labelled with its value and its leaves', () => {
  const plot = growthPlot(rows)
  for (const label of ['100 µs', '300 µs', '9.00 ms', '1,000', '100,000']) expect(plot).toContain(`>${label}<`)
})
