import { useEffect, useRef, useState } from 'preact/hooks'
import { count } from '../model/format.ts'
import type { PageModel } from '../model/page-model.ts'
import { phaseWords } from '../model/words.ts'
import { newerVersionWaits } from '../service-worker.ts'
import { Icon } from './icon.tsx'

/** Two conflicting frames with enough signatures each: the worst that can happen, said first and in full. */
export function EvidenceNotice({ model }: { readonly model: PageModel }) {
  const evidence = model.evidence.value
  if (evidence === null) return null
  return (
    <div class="notice tone-bad" role="alert" data-testid="evidence">
      <Icon name="bad" ringed />
      <p>
        <strong>The committee signed two different frames {count(evidence.frame)}.</strong> {evidence.reason} This tab
        has stopped and keeps both as evidence.
      </p>
    </div>
  )
}

/** A newer page has been fetched; it takes over when this one is loaded again. */
export function UpdateNotice() {
  if (!newerVersionWaits.value) return null
  return (
    <div class="notice tone-wait" role="status" data-testid="update">
      <Icon name="wait" ringed />
      <p>A newer version of this page is ready. It takes over the next time the page is loaded.</p>
      <button type="button" class="quiet" onClick={() => location.reload()}>
        Load it now
      </button>
    </div>
  )
}

/** What a screen reader hears: changes of phase, never every frame. */
export function PhaseAnnouncer({ model }: { readonly model: PageModel }) {
  const state = model.state.value
  const head = model.head.value
  const [text, setText] = useState('')
  const before = useRef<string | null>(null)
  useEffect(() => {
    if (before.current === state.phase) return
    before.current = state.phase
    const words = phaseWords(state, head !== null)
    setText(`${words.title}. ${head === null ? '' : `Frame ${head.frame}. `}${words.reason}`)
  }, [state, head])
  return (
    <p class="visually-hidden" aria-live="polite" aria-atomic="true">
      {text}
    </p>
  )
}
