import type { CertificateVerdict, HeaderFacts } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import type { Frame } from './chain.ts'
import type { StoredEvidence } from './events.ts'

/** The second of two certified headers that cannot both be honest. */
export interface Rival {
  readonly bytes: Uint8Array
  readonly facts: HeaderFacts
  readonly certificate: CertificateVerdict
}

/**
 * Two certified headers of one number or rank with different identities (spec 11 section 8.3). Both certificates were verified here
 * against the same committee, and where only the number is the same both time proofs too, so whoever signed both broke the rules of voting.
 */
export function equivocation(frame: Frame, rival: Rival, now: Millis): StoredEvidence {
  const both = frame.certificate.signers.filter((signer) => rival.certificate.signers.includes(signer))
  const same = frame.number === rival.facts.number ? `number ${frame.number}` : `rank ${frame.facts.rank}`
  const who =
    both.length === 0
      ? 'No member signed both: the pinned threshold is too low to exclude two chains'
      : `Committee members ${both.join(', ')} signed both`
  return {
    frame: frame.number,
    first: frame.bytes,
    second: rival.bytes,
    reason: `Two different certified frames of ${same}. ${who}.`,
    at: now,
  }
}
