import { useEffect, useRef } from 'preact/hooks'
import { median, millis } from '../model/format.ts'
import type { FrameRow } from '../model/frames.ts'
import type { PageModel } from '../model/page-model.ts'
import { Panel } from './panel.tsx'
import type { TimesChart } from './times-chart.ts'

const numbers = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null)

/** How long verification took, frame by frame. The sentence says what the chart shows. */
export function TimesPanel({ model }: { readonly model: PageModel }) {
  const rows = model.rows.value.filter((row) => row.certificateMillis !== null).toReversed()
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<TimesChart | null>(null)
  const latest = useRef<readonly FrameRow[]>(rows)
  latest.current = rows
  chart.current?.show(rows)

  const wanted = rows.length >= 2
  useEffect(() => {
    if (!wanted) return
    let gone = false
    // The chart library is not needed for the first paint.
    void import('./times-chart.ts').then(({ drawTimes }) => {
      if (gone || place.current === null) return
      chart.current = drawTimes(place.current)
      chart.current.show(latest.current)
    })
    return () => {
      gone = true
      chart.current?.remove()
      chart.current = null
    }
  }, [wanted])

  const certificate = median(numbers(rows.map((row) => row.certificateMillis)))
  const timeProof = median(numbers(rows.map((row) => row.timeProofMillis)))
  return (
    <Panel
      id="times"
      title="Verify times"
      lead={
        certificate === null
          ? 'How long each frame takes this device.'
          : `Half of the certificates took under ${millis(certificate)}${timeProof === null ? '' : `, half of the time proofs under ${millis(timeProof)}`}.`
      }
    >
      {wanted ? (
        <div class="chart" ref={place} aria-hidden="true" />
      ) : (
        <p class="empty">The chart starts with the second frame.</p>
      )}
      {wanted && (
        <p class="legend" aria-hidden="true">
          <span class="legend-certificate">Certificate</span>
          <span class="legend-time-proof">Time proof</span>
        </p>
      )}
    </Panel>
  )
}
