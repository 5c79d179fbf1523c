/** The chart of verify times, over uPlot; loaded when there is something to draw. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { millis } from '../model/format.ts'
import type { FrameRow } from '../model/frames.ts'

export interface TimesChart {
  show(rows: readonly FrameRow[]): void
  remove(): void
}

const HEIGHT = 200

/** Draws into `place`, follows its width and the colours of the page. */
export function drawTimes(place: HTMLElement): TimesChart {
  let data: uPlot.AlignedData = [[], [], []]
  // The style sheet's colours depend on the theme: let an element resolve them, a canvas cannot.
  const probe = document.createElement('span')
  place.append(probe)
  const colour = (name: string): string => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const font = `12px ${getComputedStyle(place).fontFamily}`

  const axis = (): uPlot.Axis => ({
    stroke: colour('--chart-ink'),
    grid: { stroke: colour('--chart-line'), width: 1 },
    ticks: { show: false },
    font,
  })
  const series = (label: string, name: string, dash: number[]): uPlot.Series => ({
    label,
    stroke: colour(name),
    width: 2,
    dash,
    points: { show: true, size: 6, fill: colour(name) },
  })
  const make = (): uPlot =>
    new uPlot(
      {
        width: Math.max(200, place.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(10, most * 1.15)] } },
        axes: [
          {
            ...axis(),
            size: 28,
            values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : '')),
          },
          { ...axis(), size: 62, values: (_, ticks) => ticks.map((tick) => (tick === 0 ? '0' : millis(tick))) },
        ],
        series: [
          {},
          series('Certificate', '--chart-certificate', []),
          series('Time proof', '--chart-time-proof', [5, 4]),
        ],
      },
      data,
      place,
    )

  let chart = make()
  const again = (): void => {
    chart.destroy()
    chart = make()
  }
  const resized = new ResizeObserver(() => chart.setSize({ width: Math.max(200, place.clientWidth), height: HEIGHT }))
  resized.observe(place)
  // A canvas does not follow style sheets: draw anew when the theme changes.
  const themed = new MutationObserver(again)
  themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', again)

  return {
    show(rows) {
      data = [
        rows.map((row) => Number(row.number)),
        rows.map((row) => row.certificateMillis),
        rows.map((row) => row.timeProofMillis),
      ]
      chart.setData(data)
    },
    remove() {
      resized.disconnect()
      themed.disconnect()
      system.removeEventListener('change', again)
      chart.destroy()
    },
  }
}
