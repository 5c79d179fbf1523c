/**
 * How alerts that were seen are kept in a `Store`: the text with the time of the first sight, and beside it, as a record of its own, that a
 * person has dismissed it, so that a tab that writes the first never takes back what another tab wrote as the second. Keys name the
 * network and the alert key: under another key an alert is not the operators' word.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Store, StoreOperation } from '../platform/store.ts'
import type { KeptAlert } from './alert-types.ts'
import { MOST_ALERTS_KEPT } from './policy.ts'

const VERSION = 1
const ALERT = 0x61 // 'a'
const DISMISSED = 0x64 // 'd'
const DIGEST_BYTES = 32
/** A text of 1000 bytes in JSON, each of them escaped, with what stands around it. */
const MOST_BYTES = 6 * 1000 + 200

/** Beginning of the keys of one network and alert key. `prefix`: `storePrefix`. */
export class AlertKeys {
  readonly #prefix: Uint8Array
  readonly #tag: Uint8Array

  constructor(prefix: Uint8Array, alertKey: Uint8Array) {
    this.#prefix = prefix
    this.#tag = sha256(alertKey).subarray(0, 8)
  }

  seen(digest: string): Uint8Array {
    return concatBytes(this.#start(ALERT), hexToBytes(digest))
  }

  dismissed(digest: string): Uint8Array {
    return concatBytes(this.#start(DISMISSED), hexToBytes(digest))
  }

  range(kind: 'seen' | 'dismissed') {
    const from = this.#start(kind === 'seen' ? ALERT : DISMISSED)
    return { from, to: concatBytes(from, new Uint8Array(DIGEST_BYTES + 1).fill(0xff)), limit: MOST_ALERTS_KEPT }
  }

  #start(kind: number): Uint8Array {
    return concatBytes(this.#prefix, Uint8Array.of(kind), this.#tag)
  }
}

export function putAlert(keys: AlertKeys, { digest, message, firstSeenAt }: KeptAlert): StoreOperation {
  const text = JSON.stringify({ version: VERSION, message, firstSeenAt })
  return { kind: 'put', key: keys.seen(digest), value: utf8ToBytes(text) }
}

export const putDismissed = (keys: AlertKeys, digest: string): StoreOperation => ({
  kind: 'put',
  key: keys.dismissed(digest),
  value: Uint8Array.of(VERSION),
})

export const deleteAlert = (keys: AlertKeys, digest: string): readonly StoreOperation[] =>
  [keys.seen(digest), keys.dismissed(digest)].map((key) => ({ kind: 'delete', key }))

/** All that can be read. Rejects with `StoreError`. */
export async function loadAlerts(store: Store, keys: AlertKeys): Promise<readonly KeptAlert[]> {
  const dismissed = new Set<string>()
  for await (const { key } of store.range(keys.range('dismissed'))) dismissed.add(digestOf(key))
  const alerts: KeptAlert[] = []
  for await (const { key, value } of store.range(keys.range('seen'))) {
    const digest = digestOf(key)
    const alert = readAlertRecord(value, digest, dismissed.has(digest))
    if (alert !== null) alerts.push(alert)
  }
  return alerts
}

/** The alert of that digest, or null when there is none that can be read. Rejects with `StoreError`. */
export async function loadAlert(store: Store, keys: AlertKeys, digest: string): Promise<KeptAlert | null> {
  const value = await store.get(keys.seen(digest))
  if (value === undefined) return null
  return readAlertRecord(value, digest, (await store.get(keys.dismissed(digest))) !== undefined)
}

const digestOf = (key: Uint8Array): string => bytesToHex(key.slice(-DIGEST_BYTES))

function readAlertRecord(value: Uint8Array, digest: string, dismissed: boolean): KeptAlert | null {
  if (value.length > MOST_BYTES) return null
  try {
    const { version, message, firstSeenAt } = JSON.parse(new TextDecoder().decode(value)) as Record<string, unknown>
    if (version !== VERSION || typeof message !== 'string') return null
    if (typeof firstSeenAt !== 'number' || !Number.isSafeInteger(firstSeenAt)) return null
    return { digest, message, firstSeenAt, dismissed }
  } catch {
    return null
  }
}
