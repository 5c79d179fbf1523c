/**
 * Petal's own form of stored keys, in a file of the node and in an export of the tab: a passphrase makes a key (scrypt), and each
 * private key is encrypted by XChaCha20-Poly1305 with its id, type and public key authenticated beside it, so that no entry can be
 * swapped, renamed or given another public key (hazard OPS-H3). A seal over the list of entries shows when one was taken out.
 * Randomness and the slow derivation are handed in.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { IdentityError } from './errors.ts'

const FORMAT = 'petal-keys'
const VERSION = 1
export const SEAL_NONCE_BYTES = 24
const TAG_BYTES = 16
const SALT_BYTES = 32
const LONGEST_FILE = 4 * 1024 * 1024
const MOST_KEYS = 4096
const LONGEST_ID = 64
const LONGEST_KEY = 1024

/** Parameters of scrypt with r = 8: memory is 1 KiB shifted left by `log2N`. */
export interface Kdf {
  readonly name: 'scrypt'
  /** 10 to 18; new files use 17 (128 MiB). */
  readonly log2N: number
  /** 1 to 4. */
  readonly p: number
  /** 32 bytes, hex. */
  readonly salt: string
}

/** Key of 32 bytes by scrypt over the UTF-8 of the passphrase: N = 2^log2N, r = 8. */
export type DeriveKey = (passphrase: string, kdf: Kdf) => Promise<Uint8Array>

/** Nonce and ciphertext with tag, hex. */
export interface Box {
  readonly nonce: string
  readonly box: string
}

export interface SealedKey extends Box {
  readonly id: string
  readonly type: number
  /** Lower-case hex. */
  readonly publicKey: string
}

export interface SealedFile {
  readonly format: typeof FORMAT
  readonly version: typeof VERSION
  readonly kdf: Kdf
  /** Opens under the right passphrase, whatever the keys are. */
  readonly check: Box
  /** Authenticates the list of keys. */
  readonly seal: Box
  readonly keys: readonly SealedKey[]
}

const NOTHING = new Uint8Array()

function encrypt(wrappingKey: Uint8Array, nonce: Uint8Array, about: readonly unknown[], plaintext: Uint8Array): Box {
  if (nonce.length !== SEAL_NONCE_BYTES) throw new IdentityError('length', `nonce of ${nonce.length} bytes`)
  const box = xchacha20poly1305(wrappingKey, nonce, associated(about)).encrypt(plaintext)
  return { nonce: bytesToHex(nonce), box: bytesToHex(box) }
}

function decrypt(wrappingKey: Uint8Array, { nonce, box }: Box, about: readonly unknown[]): Uint8Array | null {
  try {
    return xchacha20poly1305(wrappingKey, hexToBytes(nonce), associated(about)).decrypt(hexToBytes(box))
  } catch {
    return null
  }
}

const associated = (about: readonly unknown[]): Uint8Array => utf8ToBytes(JSON.stringify([FORMAT, VERSION, ...about]))

const aboutKey = (key: Pick<SealedKey, 'id' | 'type' | 'publicKey'>) => ['key', key.id, key.type, key.publicKey]
const aboutList = (keys: readonly SealedKey[]) => {
  const list = keys.map(({ id, type, publicKey, nonce, box }) => [id, type, publicKey, nonce, box])
  return ['list', bytesToHex(sha256(utf8ToBytes(JSON.stringify(list))))]
}

/** Encrypts one key. `nonce`: 24 fresh random bytes. Throws `IdentityError` `decode` for an id or length that no file holds. */
export function sealKey(
  key: { readonly id: string; readonly type: number; readonly publicKey: Uint8Array; readonly privateKey: Uint8Array },
  wrappingKey: Uint8Array,
  nonce: Uint8Array,
): SealedKey {
  const head = { id: key.id, type: key.type, publicKey: bytesToHex(key.publicKey) }
  const sealed = { ...head, ...encrypt(wrappingKey, nonce, aboutKey(head), key.privateKey) }
  if (!isSealedKey(sealed)) throw new IdentityError('decode', `the key ${JSON.stringify(key.id)} cannot be stored`)
  return sealed
}

/** The private key of an entry; null under another key, or when anything of the entry was changed. */
export const openKey = (key: SealedKey, wrappingKey: Uint8Array): Uint8Array | null =>
  decrypt(wrappingKey, key, aboutKey(key))

/** A whole file. `nonces`: two fresh ones. */
export function sealFile(
  kdf: Kdf,
  keys: readonly SealedKey[],
  wrappingKey: Uint8Array,
  nonces: readonly [Uint8Array, Uint8Array],
): SealedFile {
  const check = encrypt(wrappingKey, nonces[0], ['check'], NOTHING)
  const seal = encrypt(wrappingKey, nonces[1], aboutList(keys), NOTHING)
  return { format: FORMAT, version: VERSION, kdf, check, seal, keys }
}

/** `passphrase`: the key is of another passphrase. `changed`: the list of keys is not what was written. */
export function fileState(file: SealedFile, wrappingKey: Uint8Array): 'good' | 'passphrase' | 'changed' {
  if (decrypt(wrappingKey, file.check, ['check']) === null) return 'passphrase'
  return decrypt(wrappingKey, file.seal, aboutList(file.keys)) === null ? 'changed' : 'good'
}

export const formatSealedFile = (file: SealedFile): string => `${JSON.stringify(file, null, 1)}\n`

/** Throws `IdentityError` `decode` for anything that this module does not write, costs of derivation beyond the limits included. */
export function parseSealedFile(text: string): SealedFile {
  const file = text.length <= LONGEST_FILE ? parseJson(text) : undefined
  if (!isSealedFile(file)) throw new IdentityError('decode', 'not a file of keys of this program')
  if (new Set(file.keys.map((key) => key.id)).size !== file.keys.length)
    throw new IdentityError('decode', 'a key stands twice')
  return file
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Unchecked<T> = { readonly [K in keyof T]?: unknown }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isHex = (value: unknown, least: number, most = least): boolean =>
  typeof value === 'string' &&
  value.length >= 2 * least &&
  value.length <= 2 * most &&
  value.length % 2 === 0 &&
  /^[0-9a-f]*$/.test(value)

const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most

const isBox = (value: unknown, least: number, most: number): boolean =>
  isObject(value) && isHex(value.nonce, SEAL_NONCE_BYTES) && isHex(value.box, least + TAG_BYTES, most + TAG_BYTES)

const isKdf = (value: unknown): value is Kdf =>
  isObject(value) &&
  value.name === 'scrypt' &&
  isWhole(value.log2N, 10, 18) &&
  isWhole(value.p, 1, 4) &&
  isHex(value.salt, SALT_BYTES)

const isSealedKey = (value: unknown): value is SealedKey =>
  isObject(value) &&
  typeof value.id === 'string' &&
  value.id.length >= 1 &&
  value.id.length <= LONGEST_ID &&
  value.id.isWellFormed() &&
  isWhole(value.type, 0, 0xffff) &&
  isHex(value.publicKey, 1, LONGEST_KEY) &&
  isBox(value, 1, LONGEST_KEY)

function isSealedFile(value: unknown): value is SealedFile {
  if (!isObject(value)) return false
  const { format, version, kdf, check, seal, keys }: Unchecked<SealedFile> = value
  if (format !== FORMAT || version !== VERSION || !isKdf(kdf)) return false
  if (!isBox(check, 0, 0) || !isBox(seal, 0, 0)) return false
  return Array.isArray(keys) && keys.length <= MOST_KEYS && keys.every(isSealedKey)
}
