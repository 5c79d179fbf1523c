/**
 * Headers that wait for a verdict. One stage after the other: facts, place in the chain, certificate. Newest frames first; memory is
 * bounded, and what goes over board first is what only fills holes.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { CertificateVerdict, Check, HeaderFacts } from '../platform/crypto.ts'
import type { PeerKey } from './events.ts'
import { MOST_CANDIDATE_BYTES, MOST_CANDIDATES } from './policy.ts'

/** Why a header is looked at. */
export type Purpose =
  | 'head' // a peer offers it as its newest
  | 'range' // asked for, to fill holes or to step over frames below quorum
  | 'probe' // asked for because a newer one does not link to what is held
  | 'query' // a caller wants it
  | 'stored' // from the own store
  | 'import' // from a checkpoint file
  | 'hint' // gossip brought it
  | 'check' // only to be judged

export interface Candidate {
  readonly bytes: Uint8Array
  readonly digest: string
  readonly purpose: Purpose
  readonly peer: PeerKey | null
  /** Address of that peer, `the store`, `the caller` or `gossip`. */
  readonly from: string
  /** Numbers that were asked for; null when any will do. */
  readonly range: { readonly first: bigint; readonly last: bigint } | null
  readonly query: number | null
  /** Wants the time proof too, whatever the policy says. */
  readonly timeProof: boolean
  /** The time proof was checked in an earlier session. */
  readonly timeProofKnown: boolean
  facts: HeaderFacts | null
  links: readonly Check[]
  certificate: CertificateVerdict | null
}

export type NewCandidate = Omit<Candidate, 'digest' | 'facts' | 'links' | 'certificate'>

/** Names bytes, so that the same header is verified once. */
export function digestOf(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes))
}

export class Candidates {
  /** Not inspected yet, in order of arrival. */
  #arrived: Candidate[] = []
  /** Inspected, waiting for the certificate. */
  #placed: Candidate[] = []

  add(candidate: NewCandidate): Candidate {
    // A header is often a piece of a long answer: kept as that piece, it would hold the whole answer, and carry it along to the page.
    const bytes = candidate.bytes.slice()
    const added = { ...candidate, bytes, digest: digestOf(bytes), facts: null, links: [], certificate: null }
    this.#arrived.push(added)
    return added
  }

  /** Over the bounds: the oldest that only fill holes go first, then the oldest heads; what a caller waits for stays. */
  shed(): readonly Candidate[] {
    const gone: Candidate[] = []
    const over = () => {
      const all = [...this.#arrived, ...this.#placed]
      return all.length > MOST_CANDIDATES || all.reduce((sum, c) => sum + c.bytes.length, 0) > MOST_CANDIDATE_BYTES
    }
    while (over()) {
      const all = [...this.#placed, ...this.#arrived]
      const victim = all.find((c) => c.purpose === 'range') ?? all.find((c) => c.query === null)
      if (victim === undefined) break
      this.drop((c) => c === victim)
      gone.push(victim)
    }
    return gone
  }

  nextArrived(): Candidate | undefined {
    const urgent = this.#arrived.findIndex((c) => c.query !== null)
    return this.#arrived.splice(Math.max(0, urgent), 1)[0]
  }

  placed(candidate: Candidate): void {
    this.#placed.push(candidate)
  }

  /** The most urgent one: what a caller waits for, then the highest number. */
  nextPlaced(): Candidate | undefined {
    let best: Candidate | undefined
    for (const candidate of this.#placed) if (best === undefined || before(candidate, best)) best = candidate
    this.#placed = this.#placed.filter((c) => c !== best)
    return best
  }

  drop(matches: (candidate: Candidate) => boolean): readonly Candidate[] {
    const gone = [...this.#arrived, ...this.#placed].filter(matches)
    this.#arrived = this.#arrived.filter((c) => !matches(c))
    this.#placed = this.#placed.filter((c) => !matches(c))
    return gone
  }

  some(matches: (candidate: Candidate) => boolean): boolean {
    return this.#arrived.some(matches) || this.#placed.some(matches)
  }

  get size(): number {
    return this.#arrived.length + this.#placed.length
  }
}

function before(a: Candidate, b: Candidate): boolean {
  if ((a.query !== null) !== (b.query !== null)) return a.query !== null
  return (a.facts?.number ?? 0n) > (b.facts?.number ?? 0n)
}

interface RefusedBefore {
  readonly lie: boolean
  readonly reason: string
  readonly facts: HeaderFacts | null
}

/** Digests of headers that were refused, so that they are not verified again; the oldest are forgotten. */
export class Refused {
  readonly #digests = new Map<string, RefusedBefore>()

  add(digest: string, verdict: RefusedBefore): void {
    this.#digests.delete(digest)
    this.#digests.set(digest, verdict)
    for (const oldest of this.#digests.keys()) {
      if (this.#digests.size <= 256) break
      this.#digests.delete(oldest)
    }
  }

  get(digest: string): RefusedBefore | undefined {
    return this.#digests.get(digest)
  }
}
