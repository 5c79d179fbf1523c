/**
 * The keys that stand in another node's `config.yml` (spec 53 sections 2 and 3; hazards OPS-H2, OPS-H7, P2P-01): the identity in clear, and
 * the key of `keys.yml`; and whom it knows of its network. Everything else in the file is kept as it is.
 */
import { type Identity, IdentityError, identityFromConfig, identityToConfig } from '@petal/core/identity/index.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import { type Document, isMap, isScalar, isSeq, parseDocument, Scalar } from 'yaml'
import { KeyStoreError } from './errors.ts'
import { encryptionKeyOf } from './key-file.ts'
import { PROVER_KEY_ID } from './key-types.ts'

const LONGEST_FILE = 1024 * 1024
const PEER_KEY = ['p2p', 'peerPrivKey']
const KEY_FILE = ['key', 'keyManagerFile']

/** Numbers of networks are 32 bits at most. */
const MOST_NETWORK = 0xffff_ffff

/** The number of a network as people write it; null when it is none. */
export function networkNumber(text: string): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= MOST_NETWORK ? Number(text) : null
}

export class ConfigFile {
  readonly #document: Document

  private constructor(document: Document) {
    this.#document = document
  }

  /** Throws `KeyStoreError` `form` when the text is no YAML map. */
  static parse(text: string): ConfigFile {
    if (text.length > LONGEST_FILE)
      throw new KeyStoreError('form', `config.yml is longer than ${LONGEST_FILE} characters`)
    // Every scalar is text: hex of digits alone must not become a number.
    const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true, logLevel: 'error' })
    const problem = document.errors[0]
    if (problem !== undefined) throw new KeyStoreError('form', `config.yml is no YAML: ${problem.code}`)
    if (!isMap(document.contents)) throw new KeyStoreError('form', 'config.yml is no map')
    return new ConfigFile(document)
  }

  /** A new file with a key for `keys.yml` (32 random bytes) and an identity. `keyFilePath`: where `keys.yml` will be. */
  static create(encryptionKey: Uint8Array, identity: Identity, keyFilePath: string): ConfigFile {
    const config = ConfigFile.parse('key: {}\n')
    config.#document.setIn(['key', 'keyManagerType'], 'file')
    config.#document.setIn(
      KEY_FILE,
      config.#document.createNode(
        new Map<string, unknown>([
          ['path', keyFilePath],
          ['createIfMissing', 'true'],
          ['encryptionKey', hexScalar(encryptionKey)],
        ]),
      ),
    )
    config.setIdentity(identity)
    return config
  }

  /** The identity, or null when none was made yet. Throws `KeyStoreError` `form` (no hex, other length), `mismatch`. */
  identity(engine: Pick<FullEngine, 'ed448PublicKey' | 'ed448Sign'>): Identity | null {
    const hex = this.#text(PEER_KEY)
    if (hex === '') return null
    if (!/^([0-9a-fA-F]{2})+$/.test(hex)) throw new KeyStoreError('form', 'p2p.peerPrivKey is no hex')
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    try {
      return identityFromConfig(bytes, engine)
    } catch (error) {
      if (error instanceof IdentityError)
        throw new KeyStoreError(error.code === 'mismatch' ? 'mismatch' : 'form', error.message)
      throw error
    } finally {
      bytes.fill(0)
    }
  }

  /** Writes the identity. Throws `exists` when there is one, `form` when `p2p` is no map. */
  setIdentity(identity: Identity): void {
    const section = this.#document.getIn(['p2p'], true)
    if (section !== undefined && !isMap(section)) throw new KeyStoreError('form', 'config.yml: p2p is no map')
    if (this.#text(PEER_KEY) !== '')
      throw new KeyStoreError('exists', 'config.yml has an identity (p2p.peerPrivKey): it is not replaced')
    this.#document.setIn(PEER_KEY, hexScalar(identityToConfig(identity)))
  }

  /** Key of `keys.yml`. Throws `encryptionKey` when it is empty or no 64 hex digits; empty is never taken for zeros. */
  encryptionKey(): Uint8Array {
    return encryptionKeyOf(this.#text([...KEY_FILE, 'encryptionKey']))
  }

  /** Path of `keys.yml` as written, or undefined for the default beside `config.yml`. */
  keyFilePath(): string | undefined {
    return this.#text([...KEY_FILE, 'path']) || undefined
  }

  /** Id of the key that proves; older files name it differently from newer ones. */
  provingKeyId(): string {
    return this.#text(['engine', 'provingKeyId']) || PROVER_KEY_ID
  }

  /** `p2p.network`; null when it is not there. Throws `KeyStoreError` `form` when it is no number of a network. */
  network(): number | null {
    const text = this.#text(['p2p', 'network'])
    if (text === '') return null
    const number = networkNumber(text)
    if (number === null) throw new KeyStoreError('form', 'p2p.network is no number of a network')
    return number
  }

  /** `p2p.bootstrapPeers` as written; empty when it is not there. Throws `KeyStoreError` `form`. */
  bootstrapPeers(): readonly string[] {
    return this.#list(['p2p', 'bootstrapPeers'])
  }

  /** `engine.archiveEndpoints` as written; empty when it is not there. Throws `KeyStoreError` `form`. */
  archiveEndpoints(): readonly string[] {
    return this.#list(['engine', 'archiveEndpoints'])
  }

  toString(): string {
    return this.#document.toString({ lineWidth: 0 })
  }

  /** A scalar's text; '' when it is absent, null or no scalar. */
  #text(path: readonly string[]): string {
    const value = this.#document.getIn(path)
    return typeof value === 'string' && value !== 'null' && value !== '~' ? value : ''
  }

  /** A list of texts; empty when it is absent or null. */
  #list(path: readonly string[]): readonly string[] {
    const node = this.#document.getIn(path, true)
    if (isSeq(node)) {
      const items = node.items.map((item) => (isScalar(item) ? item.value : undefined))
      if (items.every((item) => typeof item === 'string')) return items
    } else if (node === undefined || (isScalar(node) && this.#text(path) === '')) return []
    throw new KeyStoreError('form', `${path.join('.')} is no list of texts`)
  }
}

/** Quoted, so that other readers do not take hex of digits alone for a number. */
function hexScalar(bytes: Uint8Array): Scalar<string> {
  const scalar = new Scalar(Buffer.from(bytes).toString('hex'))
  scalar.type = 'QUOTE_DOUBLE'
  return scalar
}
