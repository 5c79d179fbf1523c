/** Hashes for rules that want them at once, from an engine that answers with a promise. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Crypto } from '../platform/crypto.ts'
import type { HashBytes } from '../state/schema-values.ts'

/** Jobs given to the engine at one time. */
const AT_ONCE = 256
/** Of a message that was not hashed beforehand: no message is known to have this hash. */
const NO_HASH = new Uint8Array(32)

/** A function that knows the hashes of these messages. Rejects with `CryptoError`, also when the signal fires. */
export async function knownHashes(
  crypto: Pick<Crypto, 'hashBytes'>,
  messages: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<HashBytes> {
  const known = new Map<string, Uint8Array>()
  for (let from = 0; from < messages.length; from += AT_ONCE) {
    const some = messages.slice(from, from + AT_ONCE)
    await Promise.all(
      some.map(async (message) => known.set(bytesToHex(message), await crypto.hashBytes(message, { signal }))),
    )
  }
  return (message) => known.get(bytesToHex(message)) ?? NO_HASH
}
