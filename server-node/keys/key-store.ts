/**
 * Keys of a node in Petal's own form (`core/identity/sealed-keys.ts`): one file, mode 0600, encrypted under a passphrase. Keys are added,
 * never replaced or removed; a private key is only given out after its public key was derived from it again.
 */
import { randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import {
  type DeriveKey,
  fileState,
  formatSealedFile,
  IdentityError,
  type Kdf,
  openKey,
  parseSealedFile,
  SEAL_NONCE_BYTES,
  type SealedFile,
  type SealedKey,
  sealFile,
  sealKey,
} from '@petal/core/identity/index.ts'
import { KeyStoreError } from './errors.ts'
import { createFile, ownerOnly, readText, replaceFile, requireAbsent } from './files.ts'
import { isKeyType, type KeyEngine, publicKeyOf, type StoredKey, wipe } from './key-types.ts'

const LOG2_N = 17
const MOST_MEMORY = 320 * 1024 * 1024
const scryptKey = promisify<string, Buffer, number, object, Buffer>(scrypt)

/** scrypt of Node, in its thread pool. */
export const deriveKey: DeriveKey = async (passphrase, { log2N, p, salt }) => {
  const options = { N: 2 ** log2N, r: 8, p, maxmem: MOST_MEMORY }
  return new Uint8Array(await scryptKey(passphrase, Buffer.from(salt, 'hex'), 32, options))
}

const nonce = (): Uint8Array => new Uint8Array(randomBytes(SEAL_NONCE_BYTES))

export interface KeyStoreOptions {
  /** Cost of a new file's key derivation; default 17 (128 MiB). */
  readonly log2N?: number
}

export class KeyStore {
  readonly path: string
  #wrappingKey: Uint8Array
  readonly #engine: KeyEngine
  #text: string
  #file: SealedFile

  private constructor(path: string, text: string, file: SealedFile, wrappingKey: Uint8Array, engine: KeyEngine) {
    this.path = path
    this.#text = text
    this.#file = file
    this.#wrappingKey = wrappingKey
    this.#engine = engine
  }

  /** Creates a file with these keys. Throws `KeyStoreError` `exists`, `passphrase` (empty), `mismatch`, `type`, `access`. */
  static async create(
    path: string,
    passphrase: string,
    keys: readonly StoredKey[],
    engine: KeyEngine,
    { log2N = LOG2_N }: KeyStoreOptions = {},
  ): Promise<KeyStore> {
    await requireAbsent(path) // before the slow part
    const { text, file, wrappingKey } = await sealedUnder(passphrase, keys, engine, log2N)
    await createFile(path, text)
    return new KeyStore(path, text, file, wrappingKey, engine)
  }

  /** Throws `KeyStoreError` `missing`, `form` (not such a file, or its list of keys was changed), `passphrase`, `access`. */
  static async open(path: string, passphrase: string, engine: KeyEngine): Promise<KeyStore> {
    const text = await readText(path)
    const file = parsed(path, text)
    const wrappingKey = await deriveKey(passphrase, file.kdf)
    const state = fileState(file, wrappingKey)
    if (state === 'passphrase') throw new KeyStoreError('passphrase', `the passphrase does not open ${path}`)
    if (state === 'changed')
      throw new KeyStoreError('form', `keys were added to or taken from ${path} by another program: restore a backup`)
    await ownerOnly(path)
    return new KeyStore(path, text, file, wrappingKey, engine)
  }

  /** Ids in the order in which they were added. */
  get ids(): readonly string[] {
    return this.#file.keys.map((key) => key.id)
  }

  /** A key in the clear. Throws `missing`, `form` (the entry does not open), `mismatch`. */
  get(id: string): StoredKey {
    const sealed = this.#file.keys.find((key) => key.id === id)
    if (sealed === undefined) throw new KeyStoreError('missing', `${this.path} has no key ${id}`)
    const privateKey = openKey(sealed, this.#wrappingKey)
    if (privateKey === null) throw new KeyStoreError('form', `the key ${id} in ${this.path} is damaged`)
    const key = { id, type: sealed.type, privateKey, publicKey: Uint8Array.from(Buffer.from(sealed.publicKey, 'hex')) }
    requireOwn(key, this.#engine)
    return key
  }

  /** Adds keys, all or none; durable when it resolves. Throws `exists`, `mismatch`, `type`, `form`, `access`. */
  async add(...keys: readonly StoredKey[]): Promise<void> {
    const sealed = [...this.#file.keys, ...sealAll(keys, this.ids, this.#wrappingKey, this.#engine)]
    const file = sealFile(this.#file.kdf, sealed, this.#wrappingKey, [nonce(), nonce()])
    const text = formatSealedFile(file)
    await replaceFile(this.path, this.#text, text)
    this.#file = file
    this.#text = text
  }

  /**
   * Puts all keys under another passphrase; durable when it resolves. The file before it stays as `PATH.bak`, under the old passphrase:
   * remove it when the new file was read back. Throws `passphrase` (empty), `form`, `mismatch`, `access`.
   */
  async changePassphrase(passphrase: string, { log2N = LOG2_N }: KeyStoreOptions = {}): Promise<void> {
    const keys: StoredKey[] = []
    try {
      for (const id of this.ids) keys.push(this.get(id))
      const { text, file, wrappingKey } = await sealedUnder(passphrase, keys, this.#engine, log2N)
      await replaceFile(this.path, this.#text, text)
      this.close()
      this.#file = file
      this.#text = text
      this.#wrappingKey = wrappingKey
    } finally {
      wipe(...keys)
    }
  }

  /** Forgets the key of the file; the store is not usable afterwards. */
  close(): void {
    this.#wrappingKey.fill(0)
  }
}

/** A new file of these keys. */
async function sealedUnder(
  passphrase: string,
  keys: readonly StoredKey[],
  engine: KeyEngine,
  log2N: number,
): Promise<{ readonly text: string; readonly file: SealedFile; readonly wrappingKey: Uint8Array }> {
  if (passphrase === '') throw new KeyStoreError('passphrase', 'keys are not stored under an empty passphrase')
  const kdf: Kdf = { name: 'scrypt', log2N, p: 1, salt: randomBytes(32).toString('hex') }
  const wrappingKey = await deriveKey(passphrase, kdf)
  const file = sealFile(kdf, sealAll(keys, [], wrappingKey, engine), wrappingKey, [nonce(), nonce()])
  return { text: formatSealedFile(file), file, wrappingKey }
}

function parsed(path: string, text: string): SealedFile {
  try {
    return parseSealedFile(text)
  } catch (error) {
    if (error instanceof IdentityError) throw new KeyStoreError('form', `${path}: ${error.message}`)
    throw error
  }
}

function sealAll(
  keys: readonly StoredKey[],
  present: readonly string[],
  wrappingKey: Uint8Array,
  engine: KeyEngine,
): SealedKey[] {
  const ids = new Set(present)
  return keys.map((key) => {
    if (ids.has(key.id)) throw new KeyStoreError('exists', `there is a key ${key.id}: it is not replaced`)
    ids.add(key.id)
    requireOwn(key, engine)
    return sealKey(key, wrappingKey, nonce())
  })
}

/** Both halves of a key belong together. Throws `type`, `mismatch`. */
function requireOwn(key: StoredKey, engine: KeyEngine): void {
  if (!isKeyType(key.type)) throw new KeyStoreError('type', `${key.id}: keys of type ${key.type} are not stored`)
  const derived = publicKeyOf(key.type, key.privateKey, engine)
  if (derived === null || Buffer.compare(derived, key.publicKey) !== 0)
    throw new KeyStoreError('mismatch', `the private key of ${key.id} does not belong to its public key`)
}
