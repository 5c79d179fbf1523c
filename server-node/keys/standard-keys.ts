/** Keys that a node of the network makes when it does not have them yet (spec 53 section 4). */
import type { EngineKeyPair, FullEngine } from '@petal/core/platform/engine.ts'
import { KeyStoreError } from './errors.ts'
import { KEY_TYPES, type KeyEngine, publicKeyOf, type StoredKey, WELL_KNOWN_IDS } from './key-types.ts'

/** The calls that make keys. */
export type MakingEngine = KeyEngine & Pick<FullEngine, 'blsGenerateKey' | 'decafScalar'>

/** Random bytes of that number, fresh at each call. */
export type Randomness = (count: number) => Uint8Array

const ONE = Uint8Array.of(1, ...new Uint8Array(55))

/** Private plaintexts in the form of the current release, by type. */
const FRESH: ReadonlyMap<number, (random: Randomness, engine: MakingEngine) => Uint8Array> = new Map([
  [KEY_TYPES.ed448, (random) => random(57)],
  [KEY_TYPES.agreement, (random) => random(57)],
  [KEY_TYPES.blsG1, (random, engine) => blsSecret(random(64), engine)],
  // A product is reduced; a zero byte follows the scalar.
  [KEY_TYPES.decaf448, (random, engine) => Uint8Array.of(...engine.decafScalar('mul', random(56), ONE), 0)],
])

function blsSecret(material: Uint8Array, engine: MakingEngine): Uint8Array {
  const { secretKey } = JSON.parse(engine.blsGenerateKey(material)) as EngineKeyPair
  material.fill(0)
  return Uint8Array.from(Buffer.from(secretKey, 'hex'))
}

/** A new key. Throws `KeyStoreError` `type` for a type of which none are made. */
export function newKey(id: string, type: number, random: Randomness, engine: MakingEngine): StoredKey {
  const privateKey = FRESH.get(type)?.(random, engine)
  const publicKey = privateKey && publicKeyOf(type, privateKey, engine)
  if (!privateKey || !publicKey) throw new KeyStoreError('type', `no key of type ${type} can be made for ${id}`)
  return { id, type, privateKey, publicKey }
}

/** The key that follows from key material of at least 32 bytes, which is overwritten. */
export function blsKeyOf(id: string, material: Uint8Array, engine: MakingEngine): StoredKey {
  const privateKey = blsSecret(material, engine)
  return { id, type: KEY_TYPES.blsG1, privateKey, publicKey: Uint8Array.from(engine.blsPublicKey(privateKey)) }
}

/**
 * New keys for the well-known ids that are not among `present`. An id that is there and cannot be opened counts as present: it is
 * never made anew (hazard OPS-H14).
 */
export function missingStandardKeys(present: Iterable<string>, random: Randomness, engine: MakingEngine): StoredKey[] {
  const ids = new Set(present)
  return [...WELL_KNOWN_IDS].filter(([id]) => !ids.has(id)).map(([id, type]) => newKey(id, type, random, engine))
}
