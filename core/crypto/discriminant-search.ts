/**
 * One search for a discriminant, shared by several workers (spec 11 section 1.1). The answer is the smallest index whose candidate is prime, so
 * ranges are handed out in ascending order and a find counts once every lower range is done.
 */
import { CryptoError } from '../platform/crypto.ts'

/** Candidates of one range: short enough that a search stops within some tens of milliseconds. */
export const RANGE_CANDIDATES = 24
/** Far above any real gap between primes of 2048 bits: a search that gets here is over something else. */
const MOST_CANDIDATES = 1 << 20

/** Smallest index in [from, from + count) whose candidate is prime, or -1. Rejects when `signal` fires, or late. */
export type TestRange = (from: number, count: number, signal: AbortSignal) => Promise<number>

/**
 * Runs one lane for each of `lanes` at the same time. Rejects with the first error of a lane, and with `cancelled` when `signal` fires;
 * all ranges that run are cancelled then.
 */
export async function searchDiscriminant(
  lanes: readonly TestRange[],
  signal?: AbortSignal,
  rangeCandidates: number = RANGE_CANDIDATES,
): Promise<number> {
  let next = 0
  let found = Number.POSITIVE_INFINITY
  const running = new Map<number, AbortController>()
  const cancel = (above: number) => {
    for (const [from, controller] of running) if (from >= above) controller.abort()
  }

  const run = async (testRange: TestRange): Promise<void> => {
    while (next < found && !signal?.aborted) {
      const from = next
      next += rangeCandidates
      if (from >= MOST_CANDIDATES) throw new CryptoError('decode', 'no discriminant among the first million candidates')
      const controller = new AbortController()
      running.set(from, controller)
      try {
        const index = await testRange(from, rangeCandidates, controller.signal)
        if (index >= 0 && index < found) {
          found = index
          cancel(found)
        }
      } catch (error) {
        // A range above the find was cancelled because of it.
        if (from < found) throw error
      } finally {
        running.delete(from)
      }
    }
  }

  const onAbort = () => cancel(0)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.all(lanes.map(run))
  } catch (error) {
    found = -1
    cancel(0)
    if (!signal?.aborted) throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
  if (signal?.aborted) throw new CryptoError('cancelled', 'the search was cancelled', { cause: signal.reason })
  return found
}
