/** Where the identity is kept: one record in a database of its own, shared by all tabs of an origin. */
import { sameBytes } from '@petal/core/platform/bytes.ts'
import { type IDBPDatabase, openDB } from 'idb'
import { clientError } from '../errors.ts'
import type { StoredIdentity } from './identity-types.ts'
import { ED448_KEY_BYTES, NONCE_BYTES } from './wrapping.ts'

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
    // Nobody waits for a read, and a read for nobody else's.
    get: () => opened(async (db) => readRecord(await db.get(NAME, KEY))),
    add: (made) => changed((held) => (held === null ? { put: made, answer: made } : { answer: held })),
    replace: (made, expected) =>
      changed((held) => {
        const same = held === null ? expected === null : expected !== null && sameBytes(held.publicKey, expected)
        return same ? { put: made, answer: true } : { answer: false }
      }),
  }
}

interface Change<T> {
  /** Undefined: nothing is written; null: the record is deleted. */
  readonly put?: StoredIdentity | null
  readonly answer: T
}

/** Reads and writes in one transaction: tabs do not step on each other. */
function changed<T>(decide: (held: StoredIdentity | null) => Change<T>): Promise<T> {
  return opened(async (db) => {
    const transaction = db.transaction(NAME, 'readwrite', { durability: 'strict' })
    const { store } = transaction
    const { put, answer } = decide(readRecord(await store.get(KEY)))
    if (put === null) await store.delete(KEY)
    else if (put !== undefined) await store.put(put, KEY)
    await transaction.done
    return answer
  })
}

async function opened<T>(work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
  try {
    const db = await openDB(DATABASE, VERSION, { upgrade: (fresh) => void fresh.createObjectStore(NAME) })
    try {
      return await work(db)
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
  const record = value as StoredIdentity
  if (record.publicKey.length !== ED448_KEY_BYTES || record.nonce.length !== NONCE_BYTES)
    throw new Error('what is stored has a public key or a nonce of a wrong length')
  return record
}
