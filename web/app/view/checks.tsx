import type { Check } from '../client.ts'
import { millis } from '../model/format.ts'
import { isTimeProof } from '../model/frames.ts'
import { checkWords } from '../model/words.ts'
import { Icon } from './icon.tsx'

export interface ChecksProps {
  readonly checks: readonly Check[]
  /** A time proof is still to come. */
  readonly awaiting: boolean
  readonly label: string
  /** Leaves out what each check means. */
  readonly terse?: boolean
}

/** A bar shorter than this part of the longest would be a speck. */
const LEAST_BAR = 40

/** Checks one by one, in the order they were made, each with its word, its reason when it refused, and its time. */
export function Checks({ checks, awaiting, label, terse = false }: ChecksProps) {
  const longest = Math.max(1, ...checks.map((check) => check.millis ?? 0))
  return (
    <ol class={`checks${terse ? ' checks-terse' : ''}`} aria-label={label}>
      {checks.map((check, index) => (
        // A name may come twice (a link to each neighbour); the order of the checks is fixed.
        <CheckLine key={`${index}-${check.name}`} check={check} longest={longest} terse={terse} />
      ))}
      {awaiting && !checks.some(isTimeProof) && (
        <li class="check check-wait">
          <Icon name="wait" ringed />
          <div class="check-text">
            <span class="check-title">{checkWords('vdf').title}</span>
            {!terse && <span class="check-meaning">Being recomputed by the workers of this tab.</span>}
          </div>
          <span class="check-time">checking</span>
        </li>
      )}
    </ol>
  )
}

function CheckLine({ check, longest, terse }: { check: Check; longest: number; terse: boolean }) {
  const words = checkWords(check.name)
  return (
    <li class={`check ${check.ok ? 'check-good' : 'check-bad'}`} data-check={check.name} data-ok={check.ok}>
      <Icon name={check.ok ? 'good' : 'bad'} ringed />
      <div class="check-text">
        <span class="check-title">
          {words.title}
          <span class="check-word">{check.ok ? ' passed' : ' refused'}</span>
        </span>
        {check.ok ? (
          !terse && <span class="check-meaning">{words.meaning}</span>
        ) : (
          <span class="check-reason">{check.reason}</span>
        )}
      </div>
      <span class="check-time">
        {check.millis === null ? '' : millis(check.millis)}
        {check.millis !== null && check.millis >= longest / LEAST_BAR && (
          <meter class="check-bar" min={0} max={longest} value={check.millis} aria-hidden="true" />
        )}
      </span>
    </li>
  )
}
