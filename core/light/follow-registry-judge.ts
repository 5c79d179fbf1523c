/** Whether a header may follow a trusted one (spec 11 section 8.4 steps 2 to 5, docs/decisions/0010-following-the-registry.md). */
import { bytesToHex } from '@noble/hashes/utils.js'
import { sameBytes } from '../platform/bytes.ts'
import { CryptoError, type HeaderFacts } from '../platform/crypto.ts'
import type { EngineRules } from '../platform/engine.ts'
import { isLessThanThird, isMoreThanTwoThirds, overlapWeight, sameCommittee } from './follow-registry-committee.ts'
import {
  type Candidate,
  type Judged,
  type KnownRegistry,
  NOTHING_FOUND,
  refused,
  type Trusted,
} from './follow-registry-judged.ts'
import {
  engineCommittee,
  type FollowCrypto,
  FollowError,
  NO_ROOT,
  type RegistrySource,
} from './follow-registry-types.ts'

/** Lengths of a root: of at most one leaf, of more (spec 20 section 8.1). */
const ROOT_BYTES: readonly number[] = [64, 74]

export interface JudgeParts {
  readonly crypto: FollowCrypto
  /** With bitmasks over the committee of the header itself: its indices never shift. */
  readonly rules: EngineRules
  readonly trusted: Trusted
  readonly signal: AbortSignal
  /** Rejects with `FollowError`. */
  registryOf(root: Uint8Array): Promise<{ readonly registry: KnownRegistry; readonly source: RegistrySource }>
}

/** The cheap checks first, the time proof last. Rejects with `FollowError` `limit`, `CryptoError` or the reason of the signal. */
export async function judgeHeader(parts: JudgeParts, { facts, bytes, from }: Candidate): Promise<Judged> {
  const { crypto, rules, trusted, signal } = parts
  const wrong = misplaced(facts, trusted)
  if (wrong !== null) return refused('refused', wrong, true)
  const root = rootOf(facts)
  if (root === null) return refused('noRoot', NO_ROOT, false)
  if (!ROOT_BYTES.includes(root.length)) return refused('refused', `a registry root of ${root.length} bytes`, true)
  let registry: KnownRegistry
  let source: RegistrySource
  try {
    ;({ registry, source } = await parts.registryOf(root))
  } catch (error) {
    if (!(error instanceof FollowError) || error.code === 'limit') throw error
    return refused(error.code, error.message, false)
  }
  const { committee } = registry
  const before = trusted.registry.committee
  const named = { ...NOTHING_FOUND, registry: source, members: committee.members.length }
  if (committee.totalWeight === 0n)
    return refused('committee', 'its registry names no committee with weight', true, named)
  let verdict: Awaited<ReturnType<typeof crypto.verifyCertificate>>
  try {
    const handle = await crypto.openCommittee(engineCommittee(committee), { signal })
    verdict = await crypto
      .verifyCertificate(bytes, handle, rules, { signal })
      .finally(() => crypto.closeCommittee(handle))
  } catch (error) {
    if (!(error instanceof CryptoError) || (error.code !== 'arguments' && error.code !== 'decode')) throw error
    return refused('committee', `its registry names no usable committee: ${error.message}`, true, named)
  }
  const signed = { weight: verdict.signedWeight, of: committee.totalWeight }
  const overlap = { weight: overlapWeight(before, committee, verdict.signers), of: before.totalWeight }
  const found = { ...named, signed, overlap }
  const failed = verdict.checks.filter(({ ok }) => !ok)
  if (!verdict.valid) {
    const reason = failed.map((check) => `${check.name}: ${check.reason}`).join('; ')
    const few = failed.length > 0 && failed.every(({ name }) => name === 'quorum')
    return refused(few ? 'quorum' : 'refused', reason, !few, found)
  }
  const same = sameCommittee(before, committee)
  if (!same && !isMoreThanTwoThirds(overlap.weight, overlap.of)) {
    const share = `signed by ${overlap.weight} of the ${overlap.of} that frame ${trusted.facts.number} trusts`
    const reason = isLessThanThird(overlap.weight, overlap.of) ? `${share}, less than a third` : share
    return { outcome: 'far', code: 'overlap', reason, lie: false, ...found }
  }
  const proof = await crypto.verifyTimeProof(bytes, { signal })
  if (!proof.ok) return refused('refused', proof.reason ?? 'its time proof is wrong', true, found)
  const header = { bytes, from: from.address }
  return {
    outcome: 'adopted',
    rule: same ? 'sameCommittee' : 'twoThirds',
    trusted: { facts, header, registry },
    ...found,
  }
}

/** Why that header cannot follow the trusted one; null when it can. */
function misplaced({ number, rank, parentSelector }: HeaderFacts, { facts }: Trusted): string | null {
  if (rank <= facts.rank) return `rank ${rank} is not above rank ${facts.rank} of frame ${facts.number}`
  if (number === facts.number + 1n && !sameBytes(parentSelector, facts.identity))
    return `its parent is ${bytesToHex(parentSelector)}, frame ${facts.number} is ${bytesToHex(facts.identity)}`
  return null
}

/** Null for the form without commitments (Impl-R leaders). */
export function rootOf({ proverTreeCommitment }: Pick<HeaderFacts, 'proverTreeCommitment'>): Uint8Array | null {
  return proverTreeCommitment.length === 0 ? null : proverTreeCommitment
}
