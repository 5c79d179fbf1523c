import type { Check } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import type { Candidate } from './candidates.ts'
import { KNOWN_TIME_PROOF } from './chain.ts'
import type { Finding } from './events.ts'

/** The check of a time proof that could not even be read. */
export function failedTimeProof(reason: string): Check {
  return { ...KNOWN_TIME_PROOF, ok: false, reason }
}

/** What is known of a candidate so far; `last`: its time proof, or what refused it. */
export function findingOfCandidate(candidate: Candidate, last: Check | null, now: Millis): Finding {
  const checks = [...candidate.links, ...(candidate.certificate?.checks ?? [])]
  if (last !== null) checks.push(last)
  else if (candidate.timeProofKnown) checks.push(KNOWN_TIME_PROOF)
  const failed = checks.find((check) => !check.ok)
  const proved = checks.some((check) => check.name === 'vdf')
  return {
    bytes: candidate.bytes,
    facts: candidate.facts,
    checks,
    verified: failed || candidate.certificate === null ? false : proved ? 'full' : 'certificate',
    reason: failed?.reason ?? null,
    millis: (candidate.certificate?.millis ?? 0) + (last?.millis ?? 0),
    from: candidate.peer === null ? null : candidate.from,
    verifiedAt: now,
  }
}
