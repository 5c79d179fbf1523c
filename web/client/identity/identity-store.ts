/** Where the identity is kept: one record in a database of its own, shared by all tabs of an origin. */
import { openDB } from 'idb'
import { clientError } from '../errors.ts'
import type { StoredIdentity } from './identity-types.ts'

const DATABASE = 'petal-identity'
const VERSION = 1
const NAME = 'identity'
const KEY = 'own'

/** Rejects with `ClientError` `identity` when the storage fails. */
export interface IdentityStore {
  get(): Promise<StoredIdentity | null>
  /** Keeps `made` unless there is one; answers the one that is kept. */
  add(made: StoredIdentity): Promise<StoredIdentity>
  /** In one step. `expected`: public key of the record that is replaced, null where there must be none; false when it is another by now. */
  replace(made: StoredIdentity | null, expected: Uint8Array | null): Promise<boolean>
}

/** Null where this browser keeps nothing, or has no cryptography (a page that is not from a secure origin). */
export function browserIdentityStore(): IdentityStore | null {
  if (typeof indexedDB === 'undefined' || typeof crypto.subtle === 'undefined') return null
  return {
    get: () => changed((held) => ({ held })).then(({ held }) => held),
    add: (made) => changed((held) => ({ held: held ?? made, put: held ?? made })).then(({ held }) => held ?? made),
    replace: async (made, expected) => {
      const { done } = await changed((held) => {
        const same = held === null ? expected === null : expected !== null && sameKey(held.publicKey, expected)
        return same ? { held, put: made, done: true } : { held, done: false }
      })
      return done === true
    },
  }
}

interface Change {
  readonly held: StoredIdentity | null
  /** Undefined: nothing is written; null: the record is deleted. */
  readonly put?: StoredIdentity | null
  readonly done?: boolean
}

/** Reads and writes in one transaction: tabs do not step on each other. */
async function changed(decide: (held: StoredIdentity | null) => Change): Promise<Change> {
  try {
    const db = await openDB(DATABASE, VERSION, { upgrade: (fresh) => void fresh.createObjectStore(NAME) })
    try {
      const transaction = db.transaction(NAME, 'readwrite', { durability: 'strict' })
      const { store } = transaction
      const change = decide(readRecord(await store.get(KEY)))
      if (change.put === null) await store.delete(KEY)
      else if (change.put !== undefined) await store.put(change.put, KEY)
      await transaction.done
      return change
    } finally {
      db.close()
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw clientError('identity', `The identity of this browser cannot be read or kept: ${why}.`, { cause })
  }
}

/** Null for nothing. Throws for what this release does not write. */
function readRecord(value: unknown): StoredIdentity | null {
  if (value === undefined) return null
  const { version, id, type, publicKey, created, nonce, box, lock } = value as {
    readonly [K in keyof StoredIdentity]?: unknown
  }
  const bytes = [publicKey, nonce, box].every((part) => part instanceof Uint8Array)
  const known = version === 1 && typeof id === 'string' && typeof type === 'number' && typeof created === 'number'
  if (!known || !bytes || typeof lock !== 'object' || lock === null) throw new Error('what is stored is no identity')
  return value as StoredIdentity
}

function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
