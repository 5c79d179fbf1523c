import { useState } from 'preact/hooks'
import { brief, count, millis } from '../model/format.ts'
import type { FrameRow, Outcome } from '../model/frames.ts'
import type { PageModel } from '../model/page-model.ts'
import { checkWords } from '../model/words.ts'
import { Checks } from './checks.tsx'
import { Icon, type IconName } from './icon.tsx'
import { Panel } from './panel.tsx'

const OUTCOMES: Readonly<Record<Outcome, { readonly icon: IconName; readonly word: string }>> = {
  proved: { icon: 'good', word: 'Proved' },
  certified: { icon: 'wait', word: 'Certified' },
  skipped: { icon: 'skipped', word: 'Stepped over' },
  refused: { icon: 'bad', word: 'Refused' },
}

/** The last frames, newest first; each opens to its checks. */
export function FramesPanel({ model }: { readonly model: PageModel }) {
  const rows = model.rows.value
  const [open, setOpen] = useState<bigint | null>(null)
  return (
    <Panel
      id="frames"
      title="Last 20 frames"
      lead="Proved: certificate and time proof hold. Stepped over: the signatures are real, but too few signed; the next frames still build on it."
    >
      {rows.length === 0 ? (
        <p class="empty">No frame has been checked yet.</p>
      ) : (
        <>
          <p class="frame-heads" aria-hidden="true">
            <span>Verdict</span>
            <span>Frame</span>
            <span>Identity</span>
            <span>Certificate</span>
            <span>Time proof</span>
          </p>
          <ol class="frames">
            {rows.map((row) => (
              <FrameLine
                key={String(row.number)}
                row={row}
                open={open === row.number}
                toggle={() => setOpen(open === row.number ? null : row.number)}
              />
            ))}
          </ol>
        </>
      )}
    </Panel>
  )
}

/** Why a frame was not taken, in the fewest words. */
function why(row: FrameRow): string {
  const failed = row.checks.filter((check) => !check.ok).map((check) => checkWords(check.name).title.toLowerCase())
  return row.outcome === 'skipped' ? 'below quorum' : failed.join(', ')
}

function FrameLine({ row, open, toggle }: { row: FrameRow; open: boolean; toggle: () => void }) {
  const { icon, word } = OUTCOMES[row.outcome]
  const panel = `frame-${row.number}`
  return (
    <li
      class={`frame frame-${row.outcome}`}
      data-row={String(row.number)}
      data-outcome={row.outcome}
      data-identity={row.identity ?? ''}
    >
      <button type="button" class="frame-line" aria-expanded={open} aria-controls={panel} onClick={toggle}>
        <span class="frame-outcome">
          <Icon name={icon} ringed />
          <span>{word}</span>
        </span>
        <span class="frame-number">{count(row.number)}</span>
        {row.identity === null ? (
          <span class="frame-why">{why(row)}</span>
        ) : (
          <span class="frame-identity">{brief(row.identity)}</span>
        )}
        <span class="frame-time frame-certificate">
          <span class="visually-hidden">certificate </span>
          {millis(row.certificateMillis)}
        </span>
        <span class="frame-time">
          <span class="visually-hidden">time proof </span>
          {millis(row.timeProofMillis)}
        </span>
      </button>
      <div id={panel} class="frame-detail" hidden={!open}>
        {open && (
          <>
            {row.reason !== null && <p class="frame-reason">{row.reason}</p>}
            <Checks
              checks={row.checks}
              awaiting={row.outcome === 'certified'}
              label={`Checks of frame ${row.number}`}
              terse
            />
          </>
        )}
      </div>
    </li>
  )
}
