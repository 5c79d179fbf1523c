/** Types of stored keys: what the private plaintext looks like and which public key follows from it (spec 53 section 4). */
import type { FullEngine } from '@petal/core/platform/engine.ts'

/** The calls that derive public keys. */
export type KeyEngine = Pick<
  FullEngine,
  'ed448PublicKey' | 'agreementPublicKey' | 'blsPublicKey' | 'decafMultiplyGenerator'
>

export const KEY_TYPES = { ed448: 0, agreement: 1, blsG1: 2, blsG2: 3, decaf448: 4 } as const

/** Id of the identity, in Petal's own form; in that of other nodes it stands in `config.yml`. */
export const PEER_KEY_ID = 'q-peer-key'
export const PROVER_KEY_ID = 'q-prover-key'

/** Ids that nodes of the network know. `q-peer-key` stands in `config.yml` and never in `keys.yml`. */
export const WELL_KNOWN_IDS: ReadonlyMap<string, number> = new Map([
  [PEER_KEY_ID, KEY_TYPES.ed448],
  [PROVER_KEY_ID, KEY_TYPES.blsG1],
  ['q-onion-key', KEY_TYPES.agreement],
  ['q-view-key', KEY_TYPES.decaf448],
  ['q-spend-key', KEY_TYPES.decaf448],
  ['q-device-key', KEY_TYPES.decaf448],
  ['q-device-pre-key', KEY_TYPES.decaf448],
])

type Derive = (plaintext: Uint8Array, engine: KeyEngine) => Uint8Array

/** A seed, or a seed with its public key (older nodes), which must then be its own. */
const ed448: Derive = (seed, engine) => engine.ed448PublicKey(seed)
const ed448Both: Derive = (both, engine) => halvesAgree(both, 57, engine.ed448PublicKey(both.subarray(0, 57)))

/** 56 bytes are a scalar (older nodes), 57 an Ed448 seed: the length tells, nothing is reinterpreted (hazard OPS-H4). */
const agreement: Derive = (scalar, engine) => engine.agreementPublicKey(scalar)
const bls: Derive = (scalar, engine) => engine.blsPublicKey(scalar)

/** A scalar and one zero byte, or a scalar with its point. */
const decaf: Derive = (padded, engine) => {
  if (padded[56] !== 0) throw new RangeError('the last byte of a Decaf448 key is zero')
  return engine.decafMultiplyGenerator(padded.subarray(0, 56))
}
const decafBoth: Derive = (both, engine) => halvesAgree(both, 56, engine.decafMultiplyGenerator(both.subarray(0, 56)))

function halvesAgree(both: Uint8Array, at: number, derived: Uint8Array): Uint8Array {
  if (Buffer.compare(both.subarray(at), derived) !== 0) throw new RangeError('the halves of the key disagree')
  return derived
}

/** By type, then by length of the plaintext. */
const DERIVATIONS: ReadonlyMap<number, ReadonlyMap<number, Derive>> = new Map([
  [
    KEY_TYPES.ed448,
    new Map([
      [57, ed448],
      [114, ed448Both],
    ]),
  ],
  [
    KEY_TYPES.agreement,
    new Map([
      [56, agreement],
      [57, ed448],
    ]),
  ],
  [KEY_TYPES.blsG1, new Map([[73, bls]])],
  [KEY_TYPES.blsG2, new Map([[73, bls]])],
  [
    KEY_TYPES.decaf448,
    new Map([
      [57, decaf],
      [112, decafBoth],
    ]),
  ],
])

export const isKeyType = (type: unknown): type is number => typeof type === 'number' && DERIVATIONS.has(type)

/** The public key of a private plaintext; null when the type does not allow these bytes. Never throws. */
export function publicKeyOf(type: number, plaintext: Uint8Array, engine: KeyEngine): Uint8Array | null {
  const derive = DERIVATIONS.get(type)?.get(plaintext.length)
  if (derive === undefined) return null
  try {
    return Uint8Array.from(derive(plaintext, engine))
  } catch {
    return null // zero scalars, halves that disagree
  }
}

/** A key in the clear. `privateKey` is secret: `wipe` it after use. */
export interface StoredKey {
  readonly id: string
  readonly type: number
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** Overwrites the private halves. */
export function wipe(...keys: readonly StoredKey[]): void {
  for (const key of keys) key.privateKey.fill(0)
}
