/** Keys of every stored type, for tests. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAddon } from '../crypto/addon.ts'
import type { KeyRing } from './key-ring.ts'
import { KEY_TYPES, PEER_KEY_ID, publicKeyOf, type StoredKey } from './key-types.ts'
import { openRing, type RingOptions } from './open-ring.ts'

export const engine = loadAddon()
/** The least cost of key derivation that is read. */
export const CHEAP = { log2N: 10 }

export function stored(id: string, type: number, privateKey: Uint8Array): StoredKey {
  const publicKey = publicKeyOf(type, privateKey, engine)
  if (publicKey === null) throw new Error(`${id} is no key`)
  return { id, type, privateKey, publicKey }
}

export const ids = (keys: readonly { readonly id: string }[]): string[] => keys.map((key) => key.id)

export const all = (ring: KeyRing): StoredKey[] => ring.ids.map((id) => ring.get(id))

/** A data directory, whose keys are opened as a start opens them, only cheaply. */
export class RingDirectory {
  readonly root: string
  readonly path: string
  /** What a person was told. */
  readonly notices: string[] = []

  private constructor(root: string, path: string) {
    this.root = root
    this.path = path
  }

  static async make(): Promise<RingDirectory> {
    const root = await mkdtemp(join(tmpdir(), 'petal-ring-'))
    return new RingDirectory(root, await mkdtemp(join(root, 'data-')))
  }

  async open(options: Partial<RingOptions> = {}): Promise<KeyRing> {
    const notice = (message: string) => void this.notices.push(message)
    const given = { directory: this.path, committee: true, engine, notice, ...CHEAP, ...options }
    return (await openRing(given)).keys
  }

  file(name: string): string {
    return join(this.path, name)
  }

  content(name: string): Promise<string> {
    return readFile(this.file(name), 'utf8')
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true })
  }
}

/** The keys of a data directory as a start without a passphrase opens them, or makes them. */
export async function ringOf(directory: string): Promise<KeyRing> {
  return (await openRing({ directory, committee: true, engine, notice: () => undefined })).keys
}

/** Five keys: identity, prover, both kinds of agreement key, view key. */
export const fresh = (): StoredKey[] => [
  stored(PEER_KEY_ID, KEY_TYPES.ed448, new Uint8Array(57).fill(1)),
  stored('q-prover-key', KEY_TYPES.blsG1, new Uint8Array(73).fill(2, 40)),
  stored('q-onion-key', KEY_TYPES.agreement, new Uint8Array(57).fill(3)),
  stored('q-old-onion-key', KEY_TYPES.agreement, new Uint8Array(56).fill(3)),
  stored('q-view-key', KEY_TYPES.decaf448, new Uint8Array(57).fill(4, 0, 56)),
]
