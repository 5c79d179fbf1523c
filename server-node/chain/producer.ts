/**
 * Makes frames one after the other. A frame's timestamp is the moment it is due (spec 11 section 4: the leader sets now + 10 s, the
 * interval); the time proof is solved at once, the frame is announced when it is due. After a start the first frame comes as soon as it
 * is solved.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeaderFacts } from '@petal/core/platform/crypto.ts'
import { NodeError } from '../errors.ts'
import type { FrameMaker, MadeFrame } from './frame-maker.ts'
import type { StateRoots } from './ledger.ts'
import { LOCAL } from './local-profile.ts'

/** The chain as the producer sees it. */
export interface GrowingChain {
  readonly headFacts: HeaderFacts
  /** State that the header of the next frame commits to; the same until that frame is appended. */
  nextRoots(): Promise<StateRoots>
  append(header: Uint8Array, facts: HeaderFacts): Promise<void>
}

export interface ProducerOptions {
  readonly chain: GrowingChain
  readonly maker: Pick<FrameMaker, 'make'>
  readonly difficulty: number
  readonly frameIntervalMillis: number
  readonly onFrame: (frame: MadeFrame) => void
  /** A frame could not be made; `final` = no more are tried. */
  readonly onFailure: (error: unknown, final: boolean) => void
  readonly now?: () => number
}

/** Tries at one frame, and the pause before the second; each later pause is twice as long. */
const TRIES = 5
const FIRST_PAUSE_MILLIS = 1_000

/** Produces until the signal fires (resolves) or a failure is final (resolves after `onFailure`). */
export async function produce(options: ProducerOptions, signal: AbortSignal): Promise<void> {
  let failures = 0
  for (let first = true; !signal.aborted; first = false) {
    try {
      await produceOne(options, first, signal)
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      failures++
      // What was made wrong or cannot be stored does not get better by trying again.
      const final = failures >= TRIES || error instanceof NodeError
      options.onFailure(error, final)
      if (final) return
      await sleep(FIRST_PAUSE_MILLIS * 2 ** (failures - 1), undefined, { signal }).catch(() => undefined)
    }
  }
}

async function produceOne(options: ProducerOptions, first: boolean, signal: AbortSignal): Promise<void> {
  const { chain, frameIntervalMillis } = options
  const now = options.now ?? Date.now
  const parent = chain.headFacts
  const due = dueAt(now(), Number(parent.timestamp), frameIntervalMillis, first)
  const timestamp = BigInt(Math.max(due, Number(parent.timestamp) + 1))
  const frame = await options.maker.make(parent, await chain.nextRoots(), timestamp, options.difficulty, signal)
  const wait = due - now()
  if (wait > 0) await sleep(wait, undefined, { signal })
  await chain.append(frame.header, frame.facts)
  options.onFrame(frame)
}

/**
 * When the next frame is due: one interval after its parent, never before it can be solved and never more than an interval from
 * now, so that a clock that was set back does not stop the chain.
 */
export function dueAt(now: number, parentTimestamp: number, intervalMillis: number, first: boolean): number {
  const earliest = now + Math.round(intervalMillis * LOCAL.solveShare)
  if (first) return earliest
  return Math.min(Math.max(earliest, parentTimestamp + intervalMillis), now + intervalMillis)
}
