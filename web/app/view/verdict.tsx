import type { Verdict } from '../client.ts'
import { millis } from '../model/format.ts'
import { verdictWords } from '../model/verdict.ts'
import { Checks } from './checks.tsx'
import { Icon } from './icon.tsx'

/** What became of one header that a person handed in, check by check. */
export function VerdictCard({ about, verdict }: { readonly about: string; readonly verdict: Verdict }) {
  const words = verdictWords(verdict)
  const failed = verdict.checks.filter((check) => !check.ok).map((check) => check.name)
  return (
    <div
      class={`verdict tone-${words.tone}`}
      data-verdict={verdict.verified === false ? 'refused' : verdict.verified}
      data-failed={failed.join(',')}
    >
      <p class="verdict-title">
        <Icon name={words.tone} ringed />
        <strong>{words.title}</strong>
        <span class="verdict-time">{millis(verdict.millis)}</span>
      </p>
      <p class="verdict-about">{about}</p>
      {words.reason !== null && <p class="verdict-reason">{words.reason}</p>}
      <Checks checks={verdict.checks} awaiting={false} label="Checks of this header" terse />
    </div>
  )
}
