/** Which frame to look at next while bisecting (spec 11 section 8.4 step 5). */

/**
 * The frame nearest to the middle between `low` and `upper` that was not tried, the lower of two; after these the lowest one up to `target`:
 * more may have signed a later frame than an earlier one. Null when all were tried.
 */
export function nextPivot(low: bigint, upper: bigint, target: bigint, tried: ReadonlySet<bigint>): bigint | null {
  const middle = (low + upper) / 2n
  for (let distance = 0n; middle - distance > low || middle + distance < upper; distance++) {
    for (const pivot of [middle - distance, middle + distance])
      if (pivot > low && pivot < upper && !tried.has(pivot)) return pivot
  }
  for (let pivot = low + 1n; pivot < target; pivot++) if (!tried.has(pivot)) return pivot
  return null
}
