import type { AlertRefusal, UnverifiedAlert } from '../identity/global-alert.ts'
import type { Refusal } from '../identity/verdict.ts'
import type { Millis } from '../platform/machine.ts'

/** A verified alert of the network's operators, as this client remembers it (spec 53 section 8). It has no date of its own. */
export interface KeptAlert {
  /** Names its text: SHA-256, hex. */
  readonly digest: string
  readonly message: string
  /** When this store first heard of it. */
  readonly firstSeenAt: Millis
  /** A person has read it and put it away. */
  readonly dismissed: boolean
}

/** Decodes and verifies alerts. Handed in, because nothing else of a light client needs Ed448 or the canonical encoding. */
export interface AlertReader {
  /** Never throws. */
  decode(bytes: Uint8Array): UnverifiedAlert | Refusal<AlertRefusal>
  /** Whether the signature is of that Ed448 key. Never throws. */
  verify(alertKey: Uint8Array, alert: UnverifiedAlert): boolean | Promise<boolean>
}
