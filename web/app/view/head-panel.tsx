import type { Head } from '../client.ts'
import { age, count, groups, millis } from '../model/format.ts'
import { passedNames, rowOfHead } from '../model/frames.ts'
import type { PageModel } from '../model/page-model.ts'
import { phaseWords } from '../model/words.ts'
import { Checks } from './checks.tsx'
import { ExportButtons } from './export.tsx'
import { Flower } from './flower.tsx'
import { Icon } from './icon.tsx'

/** The newest verified frame: what it is, how it stands, and every check that was made here. */
export function HeadPanel({ model }: { readonly model: PageModel }) {
  const state = model.state.value
  const head = model.head.value
  const words = phaseWords(state, head !== null)
  const checks = head?.value.checks ?? []
  const awaiting = head?.verified === 'certificate' && state.phase !== 'stopped' && state.phase !== 'halted'
  return (
    <section
      class={`hero tone-${words.tone}`}
      aria-labelledby="head-title"
      data-testid="head"
      data-phase={state.phase}
      data-frame={head === null ? '' : String(head.frame)}
      data-identity={head?.value.identity ?? ''}
      data-checks={head === null ? '' : passedNames(head).join(',')}
    >
      <div class="hero-picture">
        <Flower checks={checks} working={awaiting || (head === null && words.tone === 'wait')} />
      </div>
      <div class="hero-words">
        <p class="phase">
          <Icon name={words.tone} ringed />
          <strong>{words.title}</strong>
        </p>
        <h1 id="head-title">
          {head === null ? (
            'No frame yet'
          ) : (
            <>
              <span class="head-label">Frame</span> <span class="head-number">{count(head.frame)}</span>
            </>
          )}
        </h1>
        <p class="phase-reason">{words.reason}</p>
        <p class="phase-next">
          <span class="next-label">Next</span> {words.next}
        </p>
        {head !== null && <HeadFacts model={model} />}
      </div>
      <div class="hero-checks">
        <div class="hero-checks-head">
          <h2>What this tab checked</h2>
          {head !== null && (
            <p class="verdict-line">
              {timesLine(head)}
              {head.value.from === null && ', kept in this browser'}
            </p>
          )}
        </div>
        {head === null ? (
          <p class="empty">
            Every frame is put through each check here, on this device. The first one will show up in a moment.
          </p>
        ) : (
          <Checks checks={checks} awaiting={awaiting} label={`Checks of frame ${head.frame}`} />
        )}
      </div>
    </section>
  )
}

/** How long the certificate and the time proof took. */
function timesLine(head: Head): string {
  const { certificateMillis, timeProofMillis } = rowOfHead(head)
  const certificate = `Certificate ${certificateMillis === null ? 'verified' : `in ${millis(certificateMillis)}`}`
  return timeProofMillis === null ? certificate : `${certificate}, time proof in ${millis(timeProofMillis)}`
}

function HeadFacts({ model }: { readonly model: PageModel }) {
  const head = model.head.value
  const now = model.now.value
  if (head === null) return null
  const made = Number(head.value.facts.timestamp)
  return (
    <>
      <dl class="facts">
        <div class="facts-wide">
          <dt>Identity</dt>
          <dd class="identity">
            {groups(head.value.identity).map((part, index) => (
              // The order of the groups is their meaning; a frame's identity never reorders.
              <span key={`${index}-${part}`}>{part}</span>
            ))}
          </dd>
        </div>
        <div>
          <dt>Verified here</dt>
          <dd>{age(head.value.verifiedAt, now)}</dd>
        </div>
        <div>
          <dt>Made, says its leader</dt>
          <dd>{age(made, now)}</dd>
        </div>
      </dl>
      <ExportButtons model={model} />
    </>
  )
}
