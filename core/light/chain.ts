/**
 * The verified frames that a light client holds: a window of the newest ones above the anchors, possibly with holes, since skipping
 * needs no frames in between (spec 11 section 8.3).
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { CertificateVerdict, Check, HeaderFacts } from '../platform/crypto.ts'
import type { Millis } from '../platform/machine.ts'
import type { Checkpoint } from './anchors.ts'
import type { Finding, PeerKey } from './events.ts'

const LINK_SECTION = '11 section 8.3'

/** A frame whose certificate was verified here. */
export interface Frame {
  readonly number: bigint
  readonly identity: string
  readonly facts: HeaderFacts
  readonly bytes: Uint8Array
  readonly certificate: CertificateVerdict
  /** Checks of its place in the chain. */
  readonly links: readonly Check[]
  readonly from: string | null
  /** Connection that it came from, null for the own store and callers. */
  readonly peer: PeerKey | null
  readonly verifiedAt: Millis
  /** null until the time proof was checked; `known` when it was checked in an earlier session. */
  timeProof: Check | 'known' | null
  /** Told to the outside, once it is on disk. */
  announced: boolean
}

/**
 * What two frames have in common that exclude each other. A certificate covers identity and rank only (spec 11 section 4.3), so `rank` is decided by
 * certificates; number and links are covered by the time proof, so `number` and `identity` are decided by that.
 */
export type Grounds = 'number' | 'rank' | 'identity'

/** Where a header belongs. */
export type Place =
  | { readonly kind: 'known'; readonly frame: Frame } // the same frame is held already
  | { readonly kind: 'conflict'; readonly frame: Frame; readonly grounds: Grounds } // it excludes a frame that is held
  | { readonly kind: 'ahead' } // newer than everything verified
  | { readonly kind: 'between' } // above the anchors, below the newest
  | { readonly kind: 'old' } // at or below the checkpoint, or below a full window

interface Point {
  readonly number: bigint
  readonly rank: bigint
  readonly identity: string
}

export class Chain {
  readonly checkpoint: Point
  readonly #most: { readonly headers: number; readonly bytes: number }
  /** By number, ascending. */
  #frames: Frame[] = []
  #bytes = 0

  constructor(checkpoint: Checkpoint, most: { readonly headers: number; readonly bytes: number }) {
    this.checkpoint = {
      number: BigInt(checkpoint.number),
      rank: BigInt(checkpoint.rank),
      identity: checkpoint.identity,
    }
    this.#most = most
  }

  /** The newest verified frame; null before the first. */
  get newest(): Frame | null {
    return this.#frames.at(-1) ?? null
  }

  /** The newest verified number, that of the checkpoint before the first frame. */
  get height(): bigint {
    return this.newest?.number ?? this.checkpoint.number
  }

  get size(): { readonly headers: number; readonly bytes: number } {
    return { headers: this.#frames.length, bytes: this.#bytes }
  }

  get(number: bigint): Frame | undefined {
    return this.#frames.find((frame) => frame.number === number)
  }

  /** Newest first. */
  recent(count: number): readonly Frame[] {
    return this.#frames.slice(Math.max(0, this.#frames.length - count)).reverse()
  }

  place(facts: HeaderFacts): Place {
    const identity = bytesToHex(facts.identity)
    const same = this.get(facts.number)
    if (same?.identity === identity) return { kind: 'known', frame: same }
    if (same) return { kind: 'conflict', frame: same, grounds: 'number' }
    const twin = this.#frames.find((frame) => frame.identity === identity)
    if (twin) return { kind: 'conflict', frame: twin, grounds: 'identity' }
    const rival = this.#frames.find((frame) => frame.facts.rank === facts.rank)
    if (rival) return { kind: 'conflict', frame: rival, grounds: 'rank' }
    if (facts.number <= this.checkpoint.number || this.#isBelowWindow(facts.number)) return { kind: 'old' }
    return { kind: facts.number > this.height ? 'ahead' : 'between' }
  }

  /**
   * Checks of a header against its neighbours: `link` where a direct neighbour is held, `rank` always. None for a header at or
   * below the checkpoint, except that the frame of the checkpoint must be that frame.
   */
  links(facts: HeaderFacts): readonly Check[] {
    const { checkpoint } = this
    if (facts.number < checkpoint.number) return []
    if (facts.number === checkpoint.number) {
      const wrong = `frame ${facts.number} has identity ${bytesToHex(facts.identity)}, the checkpoint says ${checkpoint.identity}`
      return [link(bytesToHex(facts.identity) === checkpoint.identity, wrong)]
    }
    const lower = this.#below(facts.number)
    const upper = this.#frames.find((frame) => frame.number > facts.number)
    const checks: Check[] = []
    if (lower.number === facts.number - 1n) {
      const parent = bytesToHex(facts.parentSelector)
      checks.push(link(parent === lower.identity, `parent is ${parent}, frame ${lower.number} is ${lower.identity}`))
    }
    if (upper?.number === facts.number + 1n) {
      const child = bytesToHex(upper.facts.parentSelector)
      const identity = bytesToHex(facts.identity)
      checks.push(link(child === identity, `identity is ${identity}, frame ${upper.number} follows ${child}`))
    }
    const ordered = facts.rank > lower.rank && (upper === undefined || facts.rank < upper.facts.rank)
    const bounds = `above ${lower.rank}${upper === undefined ? '' : ` and below ${upper.facts.rank}`}`
    checks.push({
      name: 'rank',
      ok: ordered,
      reason: ordered ? null : `rank ${facts.rank} is not ${bounds}`,
      section: LINK_SECTION,
      millis: null,
    })
    return checks
  }

  /** Held frames whose number or links speak against that header, and whose time proof was not checked yet: they may be the wrong ones. */
  unprovenOpponents(facts: HeaderFacts): readonly Frame[] {
    const place = this.place(facts)
    const opponents = place.kind === 'conflict' ? [place.frame] : []
    if (this.links(facts).some((check) => !check.ok)) {
      const lower = this.#frames.findLast((frame) => frame.number < facts.number)
      const upper = this.#frames.find((frame) => frame.number > facts.number)
      for (const neighbour of [lower, upper]) if (neighbour) opponents.push(neighbour)
    }
    return opponents.filter((frame) => frame.timeProof === null)
  }

  /** Adds a verified frame; the oldest ones go when there are too many. */
  add(frame: Frame): void {
    const at = this.#frames.findIndex((other) => other.number >= frame.number)
    if (at === -1) this.#frames.push(frame)
    else this.#frames.splice(at, this.#frames[at]?.number === frame.number ? 1 : 0, frame)
    this.#count()
    while (this.#frames.length > this.#most.headers || (this.#bytes > this.#most.bytes && this.#frames.length > 1)) {
      this.#frames.shift()
      this.#count()
    }
  }

  remove(number: bigint): void {
    this.#frames = this.#frames.filter((frame) => frame.number !== number)
    this.#count()
  }

  #isBelowWindow(number: bigint): boolean {
    const oldest = this.#frames[0]
    const full = this.#frames.length >= this.#most.headers || this.#bytes > this.#most.bytes - (64 << 10)
    return full && oldest !== undefined && number < oldest.number
  }

  #count(): void {
    this.#bytes = this.#frames.reduce((sum, frame) => sum + frame.bytes.length, 0)
  }

  #below(number: bigint): Point {
    const frame = this.#frames.findLast((other) => other.number < number)
    return frame ? { number: frame.number, rank: frame.facts.rank, identity: frame.identity } : this.checkpoint
  }
}

/** What the outside sees of a frame. */
export function findingOf(frame: Frame): Finding {
  const timeProof = frame.timeProof
  const checks = [...frame.links, ...frame.certificate.checks]
  if (timeProof !== null) checks.push(timeProof === 'known' ? KNOWN_TIME_PROOF : timeProof)
  return {
    bytes: frame.bytes,
    facts: frame.facts,
    checks,
    verified: timeProof === null ? 'certificate' : 'full',
    reason: null,
    millis: frame.certificate.millis + (timeProof === null || timeProof === 'known' ? 0 : (timeProof.millis ?? 0)),
    from: frame.from,
    verifiedAt: frame.verifiedAt,
  }
}

/** Stands for a time proof that this client checked before it was started again. */
export const KNOWN_TIME_PROOF: Check = {
  name: 'vdf',
  ok: true,
  reason: null,
  section: '11 section 4.4 step 6',
  millis: null,
}

function link(ok: boolean, wrong: string): Check {
  return { name: 'link', ok, reason: ok ? null : wrong, section: LINK_SECTION, millis: null }
}
