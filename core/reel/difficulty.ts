/**
 * The difficulty a frame should carry: ASERTi3-2d against a fixed anchor (spec 31 section 3).
 *
 * The target halves or doubles for every two hours that the chain is behind or ahead of one frame in ten
 * seconds. Arithmetic is that of 64-bit machine words and wraps like them, because far-off times reach the
 * wrap and the result must be equal to the last bit (hazard T-7); callers clamp the time they pass in.
 */

/** Where the schedule starts: frame `frame` was due ten seconds after `parentTimeMillis`, at `difficulty`. */
export interface DifficultyAnchor {
  readonly frame: bigint
  /** Time of the anchor's parent, milliseconds since the epoch. */
  readonly parentTimeMillis: bigint
  /** Squarings; 0 means that there is no anchor, and every target is the floor. */
  readonly difficulty: bigint
}

/** Least target: below it a proof shows no work (spec 11 hazard VH-3). */
export const DIFFICULTY_FLOOR = 50_000n
const IDEAL_FRAME_MILLIS = 10_000n
const HALF_LIFE_MILLIS = 7_200_000n
/** Fixed-point one: exponent and factor carry 16 fractional bits. */
const RADIX = 65_536n
const U64_MAX = 2n ** 64n - 1n

const i64 = (value: bigint): bigint => BigInt.asIntN(64, value)
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)

/** The anchor of every node (spec 31 section 3). `genesisNumber`: 244200 on mainnet, otherwise 0. */
export const nodeAnchor = (genesisNumber: bigint): DifficultyAnchor => ({
  frame: genesisNumber,
  parentTimeMillis: 1_762_862_400_000n,
  difficulty: 80_000n,
})

/**
 * Target for frame `frame` at `timeMillis`, as u64. A header carries its low 32 bits (`headerDifficulty`).
 * Frame numbers and times outside 64 bits wrap.
 */
export function nextDifficulty(anchor: DifficultyAnchor, frame: bigint, timeMillis: bigint): bigint {
  if (anchor.difficulty === 0n) return DIFFICULTY_FLOOR
  const exponent = scheduleExponent(anchor, frame, timeMillis)
  const shift = exponent >> 16n
  const scaled = shiftWord(u64(u64(anchor.difficulty) * powerOfTwo(exponent & 0xffffn)), shift)
  if (scaled === undefined) return U64_MAX
  const target = scaled >> 16n
  return target < DIFFICULTY_FLOOR ? DIFFICULTY_FLOOR : target
}

/** The low 32 bits of a target, which is what a header has room for (spec 31 section 3). */
export const headerDifficulty = (target: bigint): number => Number(BigInt.asUintN(32, target))

/** How far the chain is ahead of its schedule, in half-lives with 16 fractional bits (step 2; every step wraps). */
function scheduleExponent(anchor: DifficultyAnchor, frame: bigint, timeMillis: bigint): bigint {
  const elapsed = i64(timeMillis - anchor.parentTimeMillis)
  const frames = i64(i64(frame - anchor.frame) + 1n)
  const late = i64(elapsed - i64(IDEAL_FRAME_MILLIS * frames))
  return i64(-i64(late * RADIX)) / HALF_LIFE_MILLIS
}

/** 2^(fraction / 65536) with 16 fractional bits, by the cubic of ASERTi3-2d (step 4). `fraction` < 65536. */
function powerOfTwo(fraction: bigint): bigint {
  const cubic = 195_766_423_245_049n * fraction + 971_821_376n * fraction ** 2n + 5_127n * fraction ** 3n + 2n ** 47n
  return RADIX + (u64(cubic) >> 48n)
}

/** `value` shifted as a 64-bit word, left when `shift` is positive; undefined = beyond the largest target (step 6). */
function shiftWord(value: bigint, shift: bigint): bigint | undefined {
  if (shift < 0n) return shift <= -64n ? 0n : value >> -shift
  return shift > 48n ? undefined : u64(value << shift)
}
