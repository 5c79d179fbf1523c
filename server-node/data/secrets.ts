/**
 * Short-lived secrets of a node in one file, `secrets.json`, mode 0600: keys of certificates, and what earlier versions kept here. The keys
 * of the node are elsewhere (`../keys`). With a passphrase (PETAL_PASSPHRASE) each entry is encrypted: scrypt (N = 2^17, r = 8, p = 1) makes the key, AES-256-GCM
 * encrypts, the entry's name is authenticated with it. Without a passphrase the entries are readable by the owner of the file, and
 * `encrypted` says so. Nothing here is ever logged.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NodeError } from '../errors.ts'
import { readFileIfPresent, SECRET_MODE, writeFileDurable } from './files.ts'

const SCRYPT = { N: 1 << 17, r: 8, p: 1, maxmem: 256 << 20 }
const derive = promisify<string, Buffer, number, typeof SCRYPT, Buffer>(scrypt)

export const SECRETS_FILE = 'secrets.json'

/** Values are base64; `nonce` and `tag` are there when the entry is encrypted. */
interface Entry {
  readonly value: string
  readonly nonce?: string
  readonly tag?: string
}

interface SecretsFile {
  readonly format: 1
  /** Salt of the passphrase, base64; null = not encrypted. */
  readonly salt: string | null
  readonly entries: Record<string, Entry>
}

type Value = readonly [name: string, value: Uint8Array]

const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

/** Entry that proves a passphrase right before anything is written under a wrong one. */
const CHECK = 'passphrase-check'

export class Secrets {
  readonly #path: string
  readonly #key: Buffer | undefined
  #file: SecretsFile

  private constructor(path: string, file: SecretsFile, key: Buffer | undefined) {
    this.#path = path
    this.#file = file
    this.#key = key
  }

  /**
   * Opens or creates the file. A passphrase on a file that has none encrypts it.
   * Throws `NodeError` `passphrase` (missing or wrong) or `corrupt`.
   */
  static async open(directory: string, passphrase?: string): Promise<Secrets> {
    const path = join(directory, SECRETS_FILE)
    const content = await readFileIfPresent(path)
    const file = content === undefined ? undefined : parse(path, content)
    if (file !== undefined) await chmod(path, SECRET_MODE)
    if (file?.salt != null && passphrase === undefined) {
      throw new NodeError('passphrase', `the secrets in ${path} are encrypted: set PETAL_PASSPHRASE`)
    }
    if (passphrase === undefined) {
      return new Secrets(path, file ?? { format: 1, salt: null, entries: {} }, undefined)
    }
    if (file?.salt == null) {
      const plain = Object.entries(file?.entries ?? {}).map(([name, { value }]) => [name, fromBase64(value)] as const)
      return Secrets.#encrypted(path, plain, passphrase)
    }
    const key = await derive(passphrase, Buffer.from(file.salt, 'base64'), 32, SCRYPT)
    const opened = new Secrets(path, file, key)
    opened.get(CHECK)
    return opened
  }

  /**
   * Puts the file under another passphrase; durable when it resolves, and nothing to do when it is under it already. `from`: undefined for
   * a file that is not encrypted. Throws as `open`.
   */
  static async changePassphrase(directory: string, from: string | undefined, to: string): Promise<void> {
    try {
      await Secrets.open(directory, to)
    } catch (error) {
      if (!(error instanceof NodeError && error.code === 'passphrase')) throw error
      const old = await Secrets.open(directory, from)
      const names = Object.keys(old.#file.entries).filter((name) => name !== CHECK)
      await Secrets.#encrypted(
        old.#path,
        names.map((name) => [name, old.get(name) ?? new Uint8Array(0)] as const),
        to,
      )
    }
  }

  /** A file of these values under a new salt, in the place of what is there. */
  static async #encrypted(path: string, values: readonly Value[], passphrase: string): Promise<Secrets> {
    const salt = randomBytes(32)
    const key = await derive(passphrase, salt, 32, SCRYPT)
    const secrets = new Secrets(path, { format: 1, salt: salt.toString('base64'), entries: {} }, key)
    await secrets.#write([[CHECK, Buffer.from('petal')], ...values])
    return secrets
  }

  get encrypted(): boolean {
    return this.#key !== undefined
  }

  /** Throws `NodeError` `passphrase` when the entry does not decrypt. */
  get(name: string): Uint8Array | undefined {
    const entry = Object.hasOwn(this.#file.entries, name) ? this.#file.entries[name] : undefined
    if (entry === undefined) return undefined
    const value = Buffer.from(entry.value, 'base64')
    return new Uint8Array(this.#key === undefined ? value : this.#decrypt(this.#key, name, entry, value))
  }

  /** Durable when it resolves. */
  put(name: string, value: Uint8Array): Promise<void> {
    return this.#write([[name, value]])
  }

  /** Takes entries out, those that are there; durable when it resolves. */
  async remove(names: readonly string[]): Promise<void> {
    const kept = Object.entries(this.#file.entries).filter(([name]) => !names.includes(name))
    await this.#replace(Object.fromEntries(kept))
  }

  async #write(values: readonly Value[]): Promise<void> {
    const entries = { ...this.#file.entries }
    for (const [name, value] of values) entries[name] = this.#encrypt(name, value)
    await this.#replace(entries)
  }

  async #replace(entries: Record<string, Entry>): Promise<void> {
    const file = { ...this.#file, entries }
    await writeFileDurable(this.#path, JSON.stringify(file, null, 1), SECRET_MODE)
    this.#file = file
  }

  #encrypt(name: string, value: Uint8Array): Entry {
    if (this.#key === undefined) return { value: Buffer.from(value).toString('base64') }
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(name))
    const encrypted = Buffer.concat([cipher.update(value), cipher.final()])
    return {
      value: encrypted.toString('base64'),
      nonce: nonce.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
    }
  }

  #decrypt(key: Buffer, name: string, entry: Entry, value: Buffer): Buffer {
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(entry.nonce ?? '', 'base64'), {
        authTagLength: 16,
      })
      decipher.setAAD(Buffer.from(name)).setAuthTag(Buffer.from(entry.tag ?? '', 'base64'))
      return Buffer.concat([decipher.update(value), decipher.final()])
    } catch {
      // No cause: it carries nothing more, and errors about secrets stay bare.
      throw new NodeError('passphrase', `PETAL_PASSPHRASE does not open ${this.#path}, or the file was changed`)
    }
  }
}

function parse(path: string, content: Buffer): SecretsFile {
  const broken = () => new NodeError('corrupt', `${path} is not a secrets file of this program`)
  let file: unknown
  try {
    file = JSON.parse(content.toString('utf8'))
  } catch {
    throw broken()
  }
  if (!isSecretsFile(file)) throw broken()
  return file
}

function isSecretsFile(file: unknown): file is SecretsFile {
  if (typeof file !== 'object' || file === null) return false
  const { format, salt, entries } = file as Partial<SecretsFile>
  if (format !== 1 || !(salt === null || typeof salt === 'string')) return false
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) return false
  return Object.values(entries).every((entry) => typeof entry?.value === 'string')
}
