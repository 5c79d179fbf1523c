/** Judges headers as a node of the network does: place in the chain, certificate of the pinned committee, time proof (spec 11 section 4.4). */
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { type CommitteeHandle, type Crypto, CryptoError, type HeaderFacts } from '@petal/core/platform/crypto.ts'
import type { EngineRules } from '@petal/core/platform/engine.ts'

/** What a header is held against. */
export type Parent = Pick<HeaderFacts, 'number' | 'rank' | 'timestamp' | 'identity'>

export interface VerifiedHeader {
  /** Protobuf bytes. */
  readonly bytes: Uint8Array
  readonly facts: HeaderFacts
  /** Committee indices that voted. */
  readonly signers: readonly number[]
}

/** A timestamp may lie this far ahead of our clock (spec 11 section 4: leaders set now + 10 s). */
export const MAX_AHEAD_MILLIS = 60_000n

export type Judgement = { readonly header: VerifiedHeader } | { readonly reason: string }

export class HeaderVerifier {
  readonly #crypto: Crypto
  readonly #committee: CommitteeHandle
  readonly #rules: EngineRules
  readonly #now: () => number

  constructor(crypto: Crypto, committee: CommitteeHandle, rules: EngineRules, now: () => number = Date.now) {
    this.#crypto = crypto
    this.#committee = committee
    this.#rules = rules
    this.#now = now
  }

  /** Facts of a header, nothing verified; undefined for bytes that are none. */
  async inspect(bytes: Uint8Array, signal?: AbortSignal): Promise<HeaderFacts | undefined> {
    return (await decodeAsUndefined(this.#crypto.inspectHeader(bytes, jobOf(signal)))) ?? undefined
  }

  /** Whether the header is dated later than anything that can be judged now. */
  isAhead({ timestamp }: HeaderFacts): boolean {
    return timestamp > BigInt(this.#now()) + MAX_AHEAD_MILLIS
  }

  /** Certificate first: it is cheap, and only the committee can make the rest cost anything. Rejects with `CryptoError` when no verdict is possible. */
  async judge(bytes: Uint8Array, facts: HeaderFacts, signal?: AbortSignal): Promise<Judgement> {
    const verdict = await decodeAsUndefined(
      this.#crypto.verifyCertificate(bytes, this.#committee, this.#rules, jobOf(signal)),
    )
    if (verdict === undefined) return { reason: 'it has no certificate that can be read' }
    const refused = verdict.checks.find(({ ok }) => !ok)
    if (!verdict.valid || refused !== undefined) {
      return { reason: `${refused?.name ?? 'certificate'}: ${refused?.reason ?? 'refused'}` }
    }
    const proof = await decodeAsUndefined(this.#crypto.verifyTimeProof(bytes, jobOf(signal)))
    if (proof?.ok !== true) return { reason: `time proof: ${proof?.reason ?? 'cannot be read'}` }
    return { header: { bytes, facts, signers: verdict.signers } }
  }
}

/** Why a header is not the child of its parent (spec 11 section 4.4 step 11); null when it is. */
export function unlinked(facts: HeaderFacts, parent: Parent): string | null {
  if (facts.number !== parent.number + 1n) return `frame ${facts.number} does not follow frame ${parent.number}`
  if (!sameBytes(facts.parentSelector, parent.identity)) return `frame ${facts.number} follows another frame`
  if (facts.rank <= parent.rank) return `rank ${facts.rank} is not above ${parent.rank}`
  if (facts.timestamp <= parent.timestamp) return `frame ${facts.number} is not later than its parent`
  return null
}

const jobOf = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal })

async function decodeAsUndefined<T>(job: Promise<T>): Promise<T | undefined> {
  try {
    return await job
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'decode') return undefined
    throw error
  }
}
