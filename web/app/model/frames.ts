/** The last frames as rows: what was verified, what was stepped over, newest first. */
import type { Check, Head, Refusal } from '../client.ts'

/** `proved`: certificate and time proof. `certified`: certificate only, so far. `skipped`: signed, but below quorum. */
export type Outcome = 'proved' | 'certified' | 'skipped' | 'refused'

export interface FrameRow {
  readonly number: bigint
  readonly identity: string | null
  readonly outcome: Outcome
  readonly checks: readonly Check[]
  readonly reason: string | null
  /** Time of all checks of the certificate, and of the time proof; null = not made or not timed. */
  readonly certificateMillis: number | null
  readonly timeProofMillis: number | null
}

export const ROWS = 20

export const isTimeProof = (check: Check): boolean => check.name === 'vdf'

const sum = (checks: readonly Check[]): number | null =>
  checks.reduce<number | null>((total, check) => (check.millis === null ? total : (total ?? 0) + check.millis), null)

type Times = Pick<FrameRow, 'certificateMillis' | 'timeProofMillis'>

const times = (checks: readonly Check[]): Times => ({
  certificateMillis: sum(checks.filter((check) => !isTimeProof(check))),
  timeProofMillis: sum(checks.filter(isTimeProof)),
})

/** The certificate's checks may be timed together: then what the time proof did not take is theirs. */
function timesOf(head: Head): Times {
  const { certificateMillis, timeProofMillis } = times(head.value.checks)
  return { timeProofMillis, certificateMillis: certificateMillis ?? head.millis - (timeProofMillis ?? 0) }
}

export function rowOfHead(head: Head): FrameRow {
  const outcome = head.verified === 'full' ? 'proved' : head.verified === 'certificate' ? 'certified' : 'refused'
  const { identity, checks } = head.value
  return { number: head.frame, identity, outcome, checks, reason: head.reason, ...timesOf(head) }
}

/** Checks that fail for want of signers alone: a header that lacks a quorum has to meet the rules of one without certificate. */
const isWeight = (name: string): boolean => name === 'quorum' || name === 'difficulty'

/** A refusal without a frame number (bytes that could not be read) has no row. */
export function rowOfRefusal(refusal: Refusal): FrameRow | null {
  if (refusal.frame === null) return null
  const failed = refusal.checks.filter((check) => !check.ok).map((check) => check.name)
  const outcome = failed.includes('quorum') && failed.every(isWeight) ? 'skipped' : 'refused'
  return {
    number: refusal.frame,
    identity: null,
    outcome,
    reason: refusal.reason,
    checks: refusal.checks,
    ...times(refusal.checks),
  }
}

const RANK: Readonly<Record<Outcome, number>> = { refused: 0, skipped: 1, certified: 2, proved: 3 }

/** Whether a refusal may concern a frame that is shown as certified: its time proof is false. */
export function isTakenBack(rows: readonly FrameRow[], refused: FrameRow): boolean {
  const shown = rows.find(({ number }) => number === refused.number)
  return shown?.outcome === 'certified' && refused.checks.some((check) => isTimeProof(check) && !check.ok)
}

/** Adds a row. A frame that was verified is never replaced by a refusal of another copy of it. */
export function withRow(rows: readonly FrameRow[], row: FrameRow): readonly FrameRow[] {
  const same = rows.find((other) => other.number === row.number)
  if (same !== undefined && RANK[same.outcome] > RANK[row.outcome]) return rows
  return [...rows.filter((other) => other !== same), row]
    .sort((a, b) => (a.number < b.number ? 1 : a.number > b.number ? -1 : 0))
    .slice(0, ROWS)
}

/** Names of the checks that passed; `certificate` stands for all of them but the time proof. */
export function passedNames(head: Head): readonly string[] {
  const passed = head.value.checks.filter((check) => check.ok).map((check) => check.name)
  return [...new Set(head.verified === false ? passed : ['certificate', ...passed])]
}
