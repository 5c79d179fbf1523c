/** Numbers as people read them. Pure; no clock of its own. */

const WHOLE = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })

/** `244213` -> `244,213`. */
export const count = (value: bigint | number): string => WHOLE.format(value)

/** Milliseconds of work: `<0.1 ms`, `0.4 ms`, `12 ms`, `1.35 s`. */
export function millis(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–'
  if (value < 0.05) return '<0.1 ms'
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`
  return value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`
}

const AGES: readonly (readonly [limitMillis: number, unitMillis: number, name: string])[] = [
  [90_000, 1000, 'second'],
  [90 * 60_000, 60_000, 'minute'],
  [36 * 3_600_000, 3_600_000, 'hour'],
  [60 * 86_400_000, 86_400_000, 'day'],
  [730 * 86_400_000, 30.44 * 86_400_000, 'month'],
  [Number.POSITIVE_INFINITY, 365.25 * 86_400_000, 'year'],
]

/** Time passed: `just now`, `12 seconds ago`, `3 minutes ago`; a moment ahead is `in the future`. */
export function age(then: number, now: number): string {
  const passed = now - then
  if (passed < -5000) return 'in the future'
  if (passed < 2000) return 'just now'
  for (const [limit, unit, name] of AGES) {
    if (passed >= limit) continue
    const whole = Math.max(1, Math.round(passed / unit))
    return `${whole} ${name}${whole === 1 ? '' : 's'} ago`
  }
  return 'long ago'
}

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

/** A time of this device's clock and time zone: `26 Nov 2026, 04:10`. */
export const moment = (time: number): string => MOMENT.format(time)

/** Bytes of traffic or storage: `812 B`, `36.1 kB`, `2.40 MB`, `1.07 GB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`
  if (value < 1_000_000) return `${(value / 1000).toFixed(1)} kB`
  if (value < 1_000_000_000) return `${(value / 1_000_000).toFixed(2)} MB`
  return value < 1e12 ? `${(value / 1e9).toFixed(2)} GB` : `${count(value / 1e12)} TB`
}

/** Hex in groups of eight, for reading aloud and wrapping. */
export const groups = (hex: string): readonly string[] => hex.match(/.{1,8}/g) ?? []

/** First and last digits of a long hex string. */
export const brief = (hex: string): string => (hex.length <= 16 ? hex : `${hex.slice(0, 8)}…${hex.slice(-6)}`)

/** `a3` of one byte. */
export const hexByte = (value: number): string => value.toString(16).padStart(2, '0')

/** Middle of a list of numbers; null for none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  const below = sorted[sorted.length / 2 - 1]
  if (middle === undefined) return null
  return sorted.length % 2 === 0 && below !== undefined ? (middle + below) / 2 : middle
}

/** Lower-case hex of bytes. */
export const hexOf = (content: Uint8Array): string => Array.from(content, hexByte).join('')
