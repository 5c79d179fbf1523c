/**
 * The key file of other nodes, `keys.yml` (spec 53 section 4; OPS-03, OPS-04): AES-256-GCM under a raw key that stands in
 * `config.yml`. Nothing in it binds a ciphertext to its id, type or public key (hazard OPS-H3), so every entry is checked after it is
 * decrypted, and refused alone. Entries are added, never replaced (hazard OPS-H14).
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type Document, isMap, parseDocument, Scalar } from 'yaml'
import { KeyStoreError } from './errors.ts'
import { isKeyType, type KeyEngine, publicKeyOf, type StoredKey } from './key-types.ts'

const LONGEST_FILE = 4 * 1024 * 1024
const MOST_ENTRIES = 4096
const IV_BYTES = 12
const TAG_BYTES = 16

/** Why one entry is not usable; the others are. */
export type EntryRefusal =
  | 'form' // members are missing or no hex
  | 'id' // the id inside differs from the key of the map
  | 'type' // not a stored type
  | 'authentication' // wrong encryption key, or changed bytes
  | 'private key' // the plaintext is none of this type
  | 'public key' // the private key has another public key
  | 'identity' // `q-peer-key`, which stands in `config.yml` and never here

export type FileEntry =
  | ({ readonly usable: true } & StoredKey)
  | { readonly usable: false; readonly id: string; readonly reason: EntryRefusal }

/** `key.keyManagerFile.encryptionKey` of `config.yml`: 64 hex digits. Throws `encryptionKey`; an empty one is never zeros (hazard OPS-H7). */
export function encryptionKeyOf(hex: unknown): Uint8Array {
  if (typeof hex !== 'string' || !/^[0-9a-fA-F]{64}$/.test(hex))
    throw new KeyStoreError('encryptionKey', 'key.keyManagerFile.encryptionKey must be 64 hex digits')
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/** A parsed `keys.yml`. */
export class KeyFile {
  readonly #document: Document
  #entries: ReadonlyMap<string, unknown>

  private constructor(document: Document, entries: ReadonlyMap<string, unknown>) {
    this.#document = document
    this.#entries = entries
  }

  /** Throws `KeyStoreError` `form` when the text is no YAML map. Broken entries are no fault of the file. */
  static parse(text: string): KeyFile {
    if (text.length > LONGEST_FILE)
      throw new KeyStoreError('form', `keys.yml is longer than ${LONGEST_FILE} characters`)
    // Every scalar is text: hex of digits alone must not become a number.
    const document: Document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true, logLevel: 'error' })
    const problem = document.errors[0]
    if (problem !== undefined) throw new KeyStoreError('form', `keys.yml is no YAML: ${problem.code}`)
    if (isEmpty(document.contents)) document.contents = null
    else if (!isMap(document.contents)) throw new KeyStoreError('form', 'keys.yml is no map')
    return new KeyFile(document, entriesOf(document))
  }

  /** Ids of all entries, unusable ones included. */
  get ids(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** Decrypts and checks every entry, in the order of the file. */
  open(encryptionKey: Uint8Array, engine: KeyEngine): readonly FileEntry[] {
    return [...this.#entries].map(([id, entry]) => openEntry(id, entry, encryptionKey, engine))
  }

  /**
   * Adds an entry. `iv`: 12 fresh random bytes. Throws `exists` for an id that is there, usable or not; `mismatch`; `type`;
   * `encryptionKey` for a key of zeros.
   */
  add(key: StoredKey, encryptionKey: Uint8Array, iv: Uint8Array, engine: KeyEngine): void {
    if (this.#document.has(key.id))
      throw new KeyStoreError('exists', `keys.yml has a key ${key.id}: it is not replaced`)
    if (!isKeyType(key.type)) throw new KeyStoreError('type', `keys of type ${key.type} are not stored`)
    if (encryptionKey.every((byte) => byte === 0))
      throw new KeyStoreError('encryptionKey', 'nothing is encrypted under a key of zeros')
    const publicKey = publicKeyOf(key.type, key.privateKey, engine)
    if (publicKey === null || Buffer.compare(publicKey, key.publicKey) !== 0)
      throw new KeyStoreError('mismatch', `the private key of ${key.id} does not belong to its public key`)
    const privateKey = Buffer.concat([iv, encrypt(encryptionKey, iv, key.privateKey)]).toString('hex')
    const entry = new Map<string, string | Scalar<string>>([
      ['id', key.id],
      ['type', String(key.type)],
      ['publicKey', quoted(Buffer.from(publicKey).toString('hex'))],
      ['privateKey', quoted(privateKey)],
    ])
    this.#document.set(key.id, this.#document.createNode(entry))
    this.#entries = entriesOf(this.#document)
  }

  /** The text of the file; what it held before stays as it was, comments and unusable entries included. */
  toString(): string {
    return this.#document.toString({ lineWidth: 0 })
  }
}

/** Entries that older nodes write and nobody uses are left out: the key `null`, the empty id, values without content. */
function entriesOf(document: Document): Map<string, unknown> {
  const entries = new Map<string, unknown>()
  if (!isMap(document.contents)) return entries
  if (document.contents.items.length > MOST_ENTRIES)
    throw new KeyStoreError('form', `keys.yml has more than ${MOST_ENTRIES} entries`)
  const content = plain(document)
  for (const [id, entry] of content) if (id !== 'null' && id !== '' && entry !== '') entries.set(id, entry)
  return entries
}

/** A file without content, or with `null`. */
const isEmpty = (contents: unknown): boolean =>
  contents === null || (contents instanceof Scalar && ['', 'null', '~'].includes(contents.value as string))

/** Quoted, so that other readers do not take hex of digits alone for a number. */
function quoted(text: string): Scalar<string> {
  const scalar = new Scalar(text)
  scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

function plain(document: Document): Map<string, unknown> {
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: 0 }) as Map<string, unknown>
  } catch {
    throw new KeyStoreError('form', 'keys.yml uses aliases')
  }
}

function openEntry(id: string, entry: unknown, encryptionKey: Uint8Array, engine: KeyEngine): FileEntry {
  const refused = (reason: EntryRefusal): FileEntry => ({ usable: false, id, reason })
  if (!(entry instanceof Map)) return refused('form')
  const type = /^\d{1,4}$/.test(entry.get('type')) ? Number(entry.get('type')) : undefined
  const [publicKey, sealed] = [hexBytes(entry.get('publicKey')), hexBytes(entry.get('privateKey'))]
  if (publicKey === null || sealed === null || sealed.length < IV_BYTES + TAG_BYTES) return refused('form')
  if (entry.get('id') !== id) return refused('id')
  if (!isKeyType(type)) return refused('type')
  const privateKey = decrypt(encryptionKey, sealed)
  if (privateKey === null) return refused('authentication')
  const derived = publicKeyOf(type, privateKey, engine)
  if (derived !== null && Buffer.compare(derived, publicKey) === 0)
    return { usable: true, id, type, privateKey, publicKey }
  privateKey.fill(0)
  return refused(derived === null ? 'private key' : 'public key')
}

function hexBytes(value: unknown): Uint8Array | null {
  if (typeof value !== 'string' || !/^([0-9a-fA-F]{2})+$/.test(value)) return null
  return Uint8Array.from(Buffer.from(value, 'hex'))
}

function encrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  const body = sealed.subarray(IV_BYTES, sealed.length - TAG_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  try {
    return Uint8Array.from(Buffer.concat([decipher.update(body), decipher.final()]))
  } catch {
    return null
  }
}
