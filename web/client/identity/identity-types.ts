/** Public types of the identity of this browser (docs/embed, docs/decisions/0012-tab-identity.md). */

/** The Ed448 identity of all tabs of one origin. */
export interface TabIdentity {
  /** `Qm...`. */
  readonly peerId: string
  /** Hex. */
  readonly publicKey: string
  /**
   * What keeps the key: one of this browser that scripts can use but not read, or a passkey that a person is asked for; `memory`: nothing does,
   * the identity ends with this tab.
   */
  readonly protection: Protection
  /** Milliseconds since the epoch. */
  readonly created: number
}

export type Protection = 'browser' | 'passkey' | 'memory'

/** What unlocks a stored key. A passkey gives the wrapping key anew each time it is asked with the same salt. */
export type Lock =
  | { readonly kind: 'browser'; readonly key: CryptoKey }
  | { readonly kind: 'passkey'; readonly credential: Uint8Array; readonly salt: Uint8Array }

export type PasskeyLock = Extract<Lock, { kind: 'passkey' }>

/** The identity as IndexedDB keeps it. Of the key there is only ciphertext; `lock.key` cannot be exported. */
export interface StoredIdentity {
  readonly version: 1
  readonly id: string
  /** Type of the key as in files of keys: 0 is Ed448. */
  readonly type: number
  readonly publicKey: Uint8Array
  readonly created: number
  readonly lock: Lock
  /** 12 bytes. */
  readonly nonce: Uint8Array
  /** AES-GCM of the seed, with its tag. */
  readonly box: Uint8Array
}

/** A key in the clear. `seed` is the receiver's to wipe. */
export interface OpenIdentity {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
}
