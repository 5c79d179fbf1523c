/** A verdict in one sentence. */
import type { Verdict } from '../client.ts'
import type { Tone } from './words.ts'
import { checkWords } from './words.ts'

export interface VerdictWords {
  readonly tone: Tone
  readonly title: string
  readonly reason: string | null
}

/** Names what refused; a header that passes every check made is said to hold, with what was not proved. */
export function verdictWords(verdict: Verdict): VerdictWords {
  const failed = verdict.checks.filter((check) => !check.ok)
  const first = failed[0]
  if (first !== undefined) {
    const others = failed.slice(1).map((check) => checkWords(check.name).title)
    return {
      tone: 'bad',
      title: `Refused by: ${[checkWords(first.name).title, ...others].join(', ')}`,
      // The list of checks beside it gives each reason.
      reason: first.reason === null ? verdict.reason : null,
    }
  }
  if (verdict.verified === 'full') {
    return { tone: 'good', title: 'Holds: certificate and time proof', reason: verdict.reason }
  }
  if (verdict.verified === 'certificate') {
    return { tone: 'warn', title: 'The certificate holds; the time proof was not checked', reason: verdict.reason }
  }
  return { tone: 'bad', title: 'Refused', reason: verdict.reason }
}
