/**
 * The identity of this browser inside the client's worker: made once by the browser's randomness, kept wrapped, opened for as long as gossip or an
 * export needs it. The seed never leaves the worker and is never logged.
 */

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { peerIdOf, peerIdText } from '@petal/core/identity/peer-id.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import { clientError } from '../errors.ts'
import type { IdentityStore } from './identity-store.ts'
import type { Lock, OpenIdentity, PasskeyLock, Protection, StoredIdentity, TabIdentity } from './identity-types.ts'
import { ED448_KEY_BYTES, ED448_KEY_TYPE, IDENTITY_ID, newBrowserKey, unwrapSeed, wrapSeed } from './wrapping.ts'

export type IdentityEngine = Pick<FullEngine, 'ed448PublicKey' | 'ed448Sign' | 'ed448Verify'>

/** An identity that nothing keeps. */
interface InMemory extends OpenIdentity {
  readonly created: number
}

export class IdentityKeeper {
  readonly #store: IdentityStore | null
  readonly #engine: () => Promise<IdentityEngine>
  readonly #now: () => number
  #memory: InMemory | null = null
  #hadOne = false
  /** Wrapping key that a passkey gave, for as long as this client runs, and the nonce of the wrapping that it opens: another tab may make another. */
  #unlocked: { readonly key: CryptoKey; readonly nonce: string } | null = null

  /** `store` null: the identity is kept in memory. `engine` is loaded when a key is made or opened. */
  constructor(store: IdentityStore | null, engine: () => Promise<IdentityEngine>, now: () => number) {
    this.#store = store
    this.#engine = engine
    this.#now = now
  }

  /** Null when none was made yet, or when it was forgotten. */
  async current(): Promise<TabIdentity | null> {
    const held = await this.#held()
    const memory = this.#memory && shown(this.#memory.publicKey, 'memory', this.#memory.created)
    const current = held === null ? memory : shown(held.publicKey, held.lock.kind, held.created)
    this.#hadOne ||= current !== null
    return current
  }

  /** There was an identity while this client ran, and there is none any more. */
  async forgotten(): Promise<boolean> {
    return (await this.current()) === null && this.#hadOne
  }

  /** Whether a passkey has to be asked before the key can be used: what to ask it with. */
  async lock(): Promise<PasskeyLock | null> {
    const held = await this.#held()
    if (held?.lock.kind !== 'passkey' || this.#unlockedKey(held) !== null) return null
    return held.lock
  }

  /** The identity; made when there is none. */
  async identity(): Promise<TabIdentity> {
    const current = await this.current()
    if (current !== null) return current
    const engine = await this.#engine()
    const seed = crypto.getRandomValues(new Uint8Array(ED448_KEY_BYTES))
    return await this.#keep(engine.ed448PublicKey(seed), seed, async (made) => (await this.#store?.add(made)) ?? made)
  }

  /**
   * The key in the clear; made when there never was one. Throws `ClientError` `locked`, or `identity`: it does not open, or it was forgotten, here or
   * in another tab. Only `identity` and `take` make another one then.
   */
  async open(): Promise<OpenIdentity> {
    if (!this.#hadOne) await this.identity()
    const held = await this.#held()
    if (held === null) {
      if (this.#memory === null) throw forgottenError()
      return { seed: this.#memory.seed.slice(), publicKey: this.#memory.publicKey }
    }
    const { lock, publicKey } = held
    const key = lock.kind === 'browser' ? lock.key : this.#unlockedKey(held)
    if (key === null) throw clientError('locked', 'The identity is behind a passkey: unlock it first.')
    const seed = await unwrapSeed(key, held)
    if (seed === null) throw clientError('identity', 'The stored identity is damaged: import a copy, or forget it.')
    try {
      const wrong = await this.#wrongOf({ seed, publicKey })
      if (wrong !== null) throw clientError('identity', `The stored identity: ${wrong}. Import a copy, or forget it.`)
    } catch (error) {
      seed.fill(0)
      throw error
    }
    return { seed, publicKey: publicKey.slice() }
  }

  /** Remembers the wrapping key of a passkey. Throws `ClientError` `passkey` when it does not open the identity. */
  async unlock(key: CryptoKey): Promise<TabIdentity> {
    const held = await this.#held()
    if (held?.lock.kind !== 'passkey') throw clientError('arguments', 'The identity is behind no passkey.')
    const seed = await unwrapSeed(key, held)
    if (seed === null) throw clientError('passkey', 'That passkey does not open the identity of this browser.')
    seed.fill(0)
    this.#unlocked = { key, nonce: bytesToHex(held.nonce) }
    return shown(held.publicKey, 'passkey', held.created)
  }

  /** Wraps the same identity anew: under a passkey's key, or (null) under a key of this browser. */
  async protect(passkey: { readonly key: CryptoKey; readonly lock: PasskeyLock } | null) {
    const { seed, publicKey } = await this.open()
    try {
      const held = await this.#held()
      if (held === null)
        throw clientError('identity', 'This browser keeps nothing for this page: there is nothing to protect.')
      const key = passkey?.key ?? (await newBrowserKey())
      const lock: Lock = passkey?.lock ?? { kind: 'browser', key }
      const made = await wrapped(seed, publicKey, held.created, key, lock)
      if ((await this.#store?.replace(made, publicKey)) !== true) throw gone()
      this.#unlocked = passkey === null ? null : { key, nonce: bytesToHex(made.nonce) }
      return shown(publicKey, lock.kind, held.created)
    } finally {
      seed.fill(0)
    }
  }

  /**
   * Takes another identity. `seed` is wiped. Throws `ClientError` `import` when the halves of the key disagree, `exists` when there is another
   * one and `replace` is false: what is replaced cannot be had back.
   */
  async take({ seed, publicKey }: OpenIdentity, replace: boolean): Promise<TabIdentity> {
    try {
      const wrong = await this.#wrongOf({ seed, publicKey })
      if (wrong !== null) throw clientError('import', `The peer key in this file: ${wrong}. Use another copy.`)
      const current = await this.current()
      if (current?.publicKey === bytesToHex(publicKey)) return current
      if (current !== null && !replace)
        throw clientError(
          'exists',
          `This browser has the identity ${current.peerId} already: export it, then forget or replace it.`,
        )
      // Only what was looked at is given up: another tab may have made one meanwhile.
      const before = current && hexToBytes(current.publicKey)
      return await this.#keep(publicKey, seed, async (made) => {
        if ((await this.#store?.replace(made, before)) !== true) throw gone()
        return made
      })
    } finally {
      seed.fill(0)
    }
  }

  /** Deletes the identity for good. `peerId` names it, so that nobody deletes another one. */
  async forget(peerId: string): Promise<void> {
    const current = await this.current()
    if (current === null) return
    if (current.peerId !== peerId)
      throw clientError('arguments', `forgetIdentity: the identity of this browser is ${current.peerId}`)
    const held = await this.#held()
    if (held !== null && (await this.#store?.replace(null, held.publicKey)) !== true) throw gone()
    this.close()
  }

  /** Wipes what this tab holds of the key. */
  close(): void {
    this.#memory?.seed.fill(0)
    this.#memory = null
    this.#unlocked = null
  }

  #unlockedKey({ nonce }: StoredIdentity): CryptoKey | null {
    return this.#unlocked?.nonce === bytesToHex(nonce) ? this.#unlocked.key : null
  }

  /** What is wrong with the halves of a key; null for nothing. */
  async #wrongOf({ seed, publicKey }: OpenIdentity): Promise<string | null> {
    if (seed.length !== ED448_KEY_BYTES)
      return `its private key has ${seed.length} bytes where ${ED448_KEY_BYTES} belong`
    if (publicKey.length !== ED448_KEY_BYTES)
      return `its public key has ${publicKey.length} bytes where ${ED448_KEY_BYTES} belong`
    const engine = await this.#engine()
    const same = bytesToHex(engine.ed448PublicKey(seed)) === bytesToHex(publicKey)
    return same ? null : 'its private key does not belong to its public key'
  }

  async #held(): Promise<StoredIdentity | null> {
    return (await this.#store?.get()) ?? null
  }

  /** Keeps a fresh identity where it is kept; `seed` is wiped unless only memory keeps it. */
  async #keep(
    publicKey: Uint8Array,
    seed: Uint8Array,
    write: (made: StoredIdentity) => Promise<StoredIdentity>,
  ): Promise<TabIdentity> {
    const created = this.#now()
    if (this.#store === null) {
      this.close()
      this.#memory = { seed: seed.slice(), publicKey, created }
      this.#hadOne = true
      seed.fill(0)
      return shown(publicKey, 'memory', created)
    }
    try {
      const key = await newBrowserKey()
      const made = await wrapped(seed, publicKey, created, key, { kind: 'browser', key })
      const kept = await write(made)
      this.#hadOne = true
      return shown(kept.publicKey, kept.lock.kind, kept.created)
    } finally {
      seed.fill(0)
    }
  }
}

async function wrapped(
  seed: Uint8Array,
  publicKey: Uint8Array,
  created: number,
  key: CryptoKey,
  lock: Lock,
): Promise<StoredIdentity> {
  const head = { version: 1, id: IDENTITY_ID, type: ED448_KEY_TYPE, publicKey: publicKey.slice() } as const
  return { ...head, created, lock, ...(await wrapSeed(key, head, seed)) }
}

function shown(publicKey: Uint8Array, protection: Protection, created: number): TabIdentity {
  return { peerId: peerIdText(peerIdOf(publicKey)), publicKey: bytesToHex(publicKey), protection, created }
}

function gone(): Error {
  return clientError('identity', 'Another tab changed the identity meanwhile: try again.')
}

export const forgottenError = (): Error =>
  clientError(
    'identity',
    'The identity of this browser was forgotten, here or in another tab: make or import another one first.',
  )
