/** Draws the growth table as an SVG: both times against the number of leaves, relative to the smallest tree. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { GrowthRow } from './figures.ts'

export const PLOT = fileURLToPath(new URL('../../../docs/images/growth.svg', import.meta.url))

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [560, 300, 56, 44, 44, 48] as const

interface Series {
  readonly name: string
  readonly color: string
  readonly unit: string
  readonly values: readonly number[]
}

/** `rows` in ascending order of leaves, at least two. */
export function growthPlot(rows: readonly GrowthRow[]): string {
  const exponents = rows.map(({ leaves }) => Math.log10(leaves))
  const series: readonly Series[] = [
    {
      name: 'commit, per changed leaf',
      color: '#c2410c',
      unit: 'µs',
      values: rows.map((row) => row.commitMicrosPerLeaf),
    },
    { name: 'proof of one key', color: '#1d4ed8', unit: 'ms', values: rows.map((row) => row.proofMillis) },
  ]
  const [least, most] = [Math.min(...exponents), Math.max(...exponents)]
  const ratios = series.flatMap(({ values }) => values.map((value) => value / (values[0] ?? value)))
  const ceiling = Math.ceil(Math.max(2, ...ratios))
  const x = (exponent: number): number => LEFT + ((exponent - least) / (most - least)) * (WIDTH - LEFT - RIGHT)
  const y = (ratio: number): number => HEIGHT - BOTTOM - (ratio / ceiling) * (HEIGHT - TOP - BOTTOM)
  const grid = Array.from({ length: ceiling + 1 }, (_, ratio) => [
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(ratio)}" y2="${y(ratio)}" stroke="#ddd"/>`,
    `<text x="${LEFT - 8}" y="${y(ratio) + 4}" text-anchor="end">${ratio}x</text>`,
  ])
  const ticks = rows.map(
    ({ leaves }, index) =>
      `<text x="${x(exponents[index] ?? 0)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${leaves.toLocaleString('en-US')}</text>`,
  )
  const lines = series.flatMap(({ name, color, unit, values }, place) => {
    const points = values.map((value, index) => [x(exponents[index] ?? 0), y(value / (values[0] ?? value))] as const)
    const path = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ')
    const labels = points.map(([px, py], index) => {
      const anchor = index === 0 ? 'start' : index === points.length - 1 ? 'end' : 'middle'
      const below = place === 1 ? 16 : -8
      return `<text x="${px.toFixed(1)}" y="${(py + below).toFixed(1)}" text-anchor="${anchor}" fill="${color}">${(values[index] ?? 0).toPrecision(3)} ${unit}</text>`
    })
    return [
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...labels,
      `<text x="${LEFT + place * 240}" y="18" fill="${color}">${name}</text>`,
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">`,
    '<title>Cost of a changed leaf and of a proof against the number of leaves in the tree</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...grid.flat(),
    ...ticks,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">leaves in the tree</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

/** Writes the plot of docs/benchmarks.md; fewer than two rows make none. */
export function drawGrowth(rows: readonly GrowthRow[]): boolean {
  if (rows.length < 2) return false
  writeFileSync(PLOT, growthPlot(rows))
  return true
}
