/** Alerts as an embedder sees them (docs/embed). */
import type { KeptAlert } from '@petal/core/light/alert-types.ts'
import { ArgumentsError } from './errors.ts'

/** A message of the network's operators, signed by the alert key that the anchors name. It has no date of its own: it may be an old one. */
export interface NetworkAlert {
  /** Names its text: SHA-256, hex. */
  readonly digest: string
  /** Plain text of at most 1000 bytes, written by whoever holds the key. */
  readonly message: string
  /** Ed448 key that signed it, hex. */
  readonly alertKey: string
  /** When this browser first heard of it, milliseconds since the epoch. */
  readonly firstSeenAt: number
  /** It was put away by `dismissAlert`, here or in another tab. */
  readonly dismissed: boolean
}

export interface AlertReads {
  /** Alerts that this browser has seen, newest first, at most 1,000. Waits until the network description was read. */
  alerts(): Promise<readonly NetworkAlert[]>
  /** Puts an alert away, in all tabs and for ever; rejects with `notFound` for one that is not known. */
  dismissAlert(digest: string): Promise<void>
}

export const networkAlert = (
  { digest, message, firstSeenAt, dismissed }: KeptAlert,
  alertKey: string,
): NetworkAlert => ({
  digest,
  message,
  alertKey,
  firstSeenAt,
  dismissed,
})

/** Throws `ArgumentsError` for what names no alert. */
export function checkDigest(digest: string): void {
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest))
    throw new ArgumentsError('dismissAlert: give the digest of an alert, 64 hex digits')
}
