/**
 * KeyRegistry: binds an Ed448 identity to a BLS48-581 prover key by signatures both ways, and lists signed sub-keys
 * (spec 51 section 3, spec 40 section 3.1; RPC-06, hazard RPC-H4).
 */
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { CodecError, keys, type MessageValue } from '../codec/index.ts'
import { validate } from '../codec/validation.ts'
import { sameBytes } from '../platform/bytes.ts'
import type { IdentityVerifier, RegistrySigner } from './engine.ts'
import { type Identity, peerIdOf } from './peer-id.ts'
import { type Refusal, refuse } from './verdict.ts'

export type KeyRegistry = MessageValue<typeof keys.KeyRegistry>
type SignedX448Key = MessageValue<typeof keys.SignedX448Key>
type SignedDecaf448Key = MessageValue<typeof keys.SignedDecaf448Key>

const DOMAIN = utf8ToBytes('KEY_REGISTRY')

/** What an Ed448 identity signs: domain and key, without the key's type prefix. */
const identitySigned = (rawKey: Uint8Array): Uint8Array => concatBytes(DOMAIN, rawKey)

export type KeyRegistryRefusal =
  | 'encoding' // not the canonical bytes of a KeyRegistry
  | 'structure' // a rule of spec 40 section 4, or a key or cross signature is absent
  | 'limit' // valid or not: more sub-keys than anybody needs
  | 'identity signature' // the identity did not sign the prover key
  | 'prover signature' // the prover did not sign the identity key
  | 'sub-key' // a sub-key's parent or signature

/** An accepted registry with the two addresses it binds. */
export interface BoundKeys {
  readonly valid: true
  readonly registry: KeyRegistry
  readonly peerId: Uint8Array
  /** Poseidon of the prover key, 32 bytes. */
  readonly proverAddress: Uint8Array
}

export type KeyRegistryVerdict = BoundKeys | Refusal<KeyRegistryRefusal>

/** Decodes and verifies received bytes; time is a separate rule. Never throws on any bytes. */
export function readKeyRegistry(bytes: Uint8Array, engine: IdentityVerifier): KeyRegistryVerdict {
  try {
    return verifyKeyRegistry(keys.KeyRegistry.decode(bytes), engine)
  } catch (error) {
    if (error instanceof CodecError) return refuse('encoding', error.message)
    throw error
  }
}

/**
 * Sub-keys of a registry, and those that its prover signed: verifying one takes half a millisecond, or twenty. The format has room for 800, nodes
 * of the network publish three.
 */
const MOST_SUB_KEYS = 64
const MOST_PROVER_SIGNED = 4

/** The same for a decoded registry: structure, both cross signatures, every sub-key. One bad sub-key refuses the whole. */
export function verifyKeyRegistry(registry: KeyRegistry, engine: IdentityVerifier): KeyRegistryVerdict {
  const identityKey = registry.identity_key?.key_value
  const proverKey = registry.prover_key?.key_value
  const { identity_to_prover: toProver, prover_to_identity: toIdentity } = registry
  if (identityKey === undefined || proverKey === undefined || toProver === null || toIdentity === null)
    return refuse('structure', 'a key or a cross signature is absent')
  const fault = validate('KeyRegistry', registry, { verifyEd448: () => false, isMultiaddr: () => false })
  if (fault !== null) return refuse('structure', fault)
  const surplus = keyRegistrySurplus(registry)
  if (surplus !== null) return refuse('limit', surplus)
  if (!engine.ed448Verify(identityKey, identitySigned(proverKey), toProver.signature))
    return refuse('identity signature', 'the identity did not sign the prover key')
  if (!engine.blsVerify(proverKey, toIdentity.signature, identityKey, DOMAIN))
    return refuse('prover signature', 'the prover did not sign the identity key')
  const peerId = peerIdOf(identityKey)
  const proverAddress = Uint8Array.from(engine.poseidonHashBytes(proverKey))
  const parents: Parents = { identityKey, proverKey, peerId, proverAddress }
  const unsigned = subKeysOf(registry).find(({ key }) => !subKeyIsSigned(key, parents, engine))
  if (unsigned !== undefined)
    return refuse('sub-key', `a key of the purpose ${JSON.stringify(unsigned.purpose)} is not signed by its parent`)
  return { valid: true, registry, peerId, proverAddress }
}

/** What there is more of than is verified here, for a person, or null. */
export function keyRegistrySurplus(registry: KeyRegistry): string | null {
  const subKeys = subKeysOf(registry).length
  const proverSigned = proverSignatures(registry) - 1
  if (subKeys <= MOST_SUB_KEYS && proverSigned <= MOST_PROVER_SIGNED) return null
  return `${subKeys} sub-keys, ${proverSigned} of them signed by the prover`
}

/** Signatures of the prover in a registry, each of which takes twenty milliseconds to verify. */
export const proverSignatures = (registry: KeyRegistry): number =>
  1 + subKeysOf(registry).filter(({ key }) => key.bls_signature !== undefined).length

const subKeysOf = ({ keys_by_purpose }: KeyRegistry) =>
  [...keys_by_purpose].flatMap(([purpose, { x448_keys, decaf448_keys }]) =>
    [...x448_keys, ...decaf448_keys].map((key) => ({ purpose, key })),
  )

interface Parents {
  readonly identityKey: Uint8Array
  readonly proverKey: Uint8Array
  readonly peerId: Uint8Array
  readonly proverAddress: Uint8Array
}

/** A key embedded in the signature, dates and purposes decide nothing. Decaf signatures and missing ones are refused. */
function subKeyIsSigned(key: SignedX448Key | SignedDecaf448Key, parents: Parents, engine: IdentityVerifier): boolean {
  const raw = key.key?.key_value
  if (raw === undefined) return false
  if (key.ed448_signature !== undefined)
    return (
      sameBytes(key.parent_key_address, parents.peerId) &&
      engine.ed448Verify(parents.identityKey, identitySigned(raw), key.ed448_signature.signature)
    )
  if (key.bls_signature !== undefined)
    return (
      sameBytes(key.parent_key_address, parents.proverAddress) &&
      engine.blsVerify(parents.proverKey, key.bls_signature.signature, raw, DOMAIN)
    )
  return false
}

/** A sub-key before it is signed. Times are Unix milliseconds; `expiresAt` 0 is never. */
export interface SubKey {
  readonly type: 'x448' | 'decaf448'
  /** 57 bytes (x448) or 56 (decaf448). */
  readonly publicKey: Uint8Array
  readonly createdAt: bigint
  readonly expiresAt: bigint
}

/** Purposes of the network's own sub-keys. */
export const SUB_KEY_PURPOSES = { onion: 'ONION_ROUTING', view: 'view', spend: 'spend' } as const

export interface RegistryContent {
  readonly identity: Identity
  /** 73-byte BLS48-581 secret of the prover. */
  readonly proverSecret: Uint8Array
  /** At most 20 purposes of at most 32 bytes, with at most 20 keys of each type. */
  readonly subKeys: ReadonlyMap<string, readonly SubKey[]>
  /** Unix milliseconds. */
  readonly lastUpdated: bigint
}

/** Makes and signs a registry; sub-keys are signed by the identity. Encoding it throws `CodecError` where the content exceeds a limit. */
export function signKeyRegistry(content: RegistryContent, engine: RegistrySigner): KeyRegistry {
  const { identity, proverSecret, subKeys, lastUpdated } = content
  const proverKey = engine.blsPublicKey(proverSecret)
  const collections = [...subKeys].map(
    ([purpose, list]) => [purpose, collectionOf(purpose, list, identity, engine)] as const,
  )
  return {
    identity_key: { key_value: identity.publicKey },
    prover_key: { key_value: proverKey },
    identity_to_prover: {
      public_key: null,
      signature: engine.ed448Sign(identity.seed, identitySigned(proverKey)),
    },
    prover_to_identity: { public_key: null, signature: engine.blsSign(proverSecret, identity.publicKey, DOMAIN) },
    keys_by_purpose: new Map(collections),
    last_updated: lastUpdated,
  }
}

function collectionOf(
  purpose: string,
  list: readonly SubKey[],
  identity: Identity,
  engine: RegistrySigner,
): MessageValue<typeof keys.KeyCollection> {
  const signed = (type: SubKey['type']) =>
    list
      .filter((key) => key.type === type)
      .map((key) => ({
        key: { key_value: key.publicKey },
        parent_key_address: identity.peerId,
        ed448_signature: {
          public_key: null,
          signature: engine.ed448Sign(identity.seed, identitySigned(key.publicKey)),
        },
        created_at: key.createdAt,
        expires_at: key.expiresAt,
        key_purpose: purpose,
      }))
  return { key_purpose: purpose, x448_keys: signed('x448'), decaf448_keys: signed('decaf448') }
}

/** How old a registry may be, in milliseconds: asked for, or arriving by gossip (spec 51 section 3). */
const OLDEST = { request: 60_000n, gossip: 1_000n } as const
const FUTURE = 5_000n

/** Whether a registry's time is acceptable by the local clock, and newer than the one held (`heldMillis`, null if none). */
export function keyRegistryIsTimely(
  registry: KeyRegistry,
  nowMillis: bigint,
  heldMillis: bigint | null,
  source: 'request' | 'gossip',
): boolean {
  const age = nowMillis - registry.last_updated
  return age <= OLDEST[source] && age >= -FUTURE && (heldMillis === null || registry.last_updated > heldMillis)
}
