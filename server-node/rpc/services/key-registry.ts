/**
 * KeyRegistryService for this node itself (spec 51 sections 3, 5). A registry is put in parts - both keys, then both cross signatures - and kept
 * only when the whole verifies. Answers tell in `error` what is wrong.
 */
import { fromBinary } from '@bufbuild/protobuf'
import { bytesToHex } from '@noble/hashes/utils.js'
import { keys } from '@petal/core/codec/index.ts'
import { toProtobuf } from '@petal/core/codec/protobuf.ts'
import { KeyRegistryService } from '@petal/core/gen/node/global_service_pb.js'
import { type KeyRegistry as KeyRegistryMessage, KeyRegistrySchema } from '@petal/core/gen/node/keys_pb.js'
import { type BoundKeys, ED448_PUBLIC_BYTES, type KeyRegistry, peerIdOf } from '@petal/core/identity/index.ts'
import { sameBytes } from '@petal/core/platform/bytes.ts'
import type { FullEngine } from '@petal/core/platform/engine.ts'
import type { KeyRegistryBook } from '../../peers/key-registry-book.ts'
import { define } from './define.ts'
import type { ServedService } from './served.ts'

export interface KeyRegistryContent {
  readonly book: KeyRegistryBook
  readonly engine: Pick<FullEngine, 'blsVerifyPossession' | 'poseidonHashBytes'>
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** Keys of registries that are not whole yet. */
const WAITING_KEYS = 64
const PROVER_KEY_BYTES = 585
const NO_REGISTRY = 'no such registry here'
const NO_KEY = 'no such key here'

export function keyRegistryService({ book, engine, now = Date.now }: KeyRegistryContent): ServedService {
  const identities = new WaitingKeys()
  const provers = new WaitingKeys()
  const answer = (bound: BoundKeys | undefined) =>
    bound === undefined ? { error: NO_REGISTRY } : { registry: messageOf(bound.registry) }
  const proverKeyOf = ({ registry }: BoundKeys) => ({
    publicKey: { keyValue: registry.prover_key?.key_value ?? NOTHING },
  })
  return define(KeyRegistryService, {
    getKeyRegistry: ({ identityKeyAddress }) => answer(book.byPeer(identityKeyAddress)),
    getKeyRegistryByProver: ({ proverKeyAddress }) => answer(book.byProver(proverKeyAddress)),
    putIdentityKey({ address, identityKey }) {
      const key = identityKey?.keyValue
      if (key?.length !== ED448_PUBLIC_BYTES || !sameBytes(address, peerIdOf(key)))
        return { error: 'the address is not the peer id of the key' }
      identities.put(address, key)
      return {}
    },
    putProvingKey({ provingKey }) {
      const key = provingKey?.publicKey?.keyValue
      if (key?.length !== PROVER_KEY_BYTES || !engine.blsVerifyPossession(key, provingKey?.popSignature ?? NOTHING))
        return { error: 'no proof of possession of the key' }
      provers.put(engine.poseidonHashBytes(key), key)
      return {}
    },
    putCrossSignature(request) {
      const identityKey =
        identities.get(request.identityKeyAddress) ??
        book.byPeer(request.identityKeyAddress)?.registry.identity_key?.key_value
      const proverKey =
        provers.get(request.provingKeyAddress) ??
        book.byProver(request.provingKeyAddress)?.registry.prover_key?.key_value
      if (identityKey === undefined || proverKey === undefined) return { error: 'put both keys first' }
      const verdict = book.keepOwn({
        identity_key: { key_value: identityKey },
        prover_key: { key_value: proverKey },
        identity_to_prover: { public_key: null, signature: request.identityKeySignatureOfProvingKey },
        prover_to_identity: { public_key: null, signature: request.provingKeySignatureOfIdentityKey },
        keys_by_purpose: new Map(),
        last_updated: BigInt(now()),
      })
      return verdict.verdict === 'accept' ? {} : { error: verdict.reason }
    },
    getIdentityKey({ address }) {
      const key = book.byPeer(address)?.registry.identity_key?.key_value
      return key === undefined ? { error: NO_KEY } : { key: { keyValue: key } }
    },
    getProvingKey({ address }) {
      const bound = book.byProver(address)
      return bound === undefined ? { error: NO_KEY } : { key: proverKeyOf(bound) }
    },
    getSignedKeysByParent: ({ parentKeyAddress, keyPurpose }) => ({
      keys: subKeys(book, parentKeyAddress, keyPurpose),
    }),
    async *rangeProvingKeys() {
      for (const bound of book.all()) yield { key: proverKeyOf(bound) }
    },
    async *rangeIdentityKeys() {
      for (const { registry } of book.all()) yield { key: { keyValue: registry.identity_key?.key_value ?? NOTHING } }
    },
    async *rangeSignedKeys({ parentKeyAddress, keyPurpose }) {
      for (const key of subKeys(book, parentKeyAddress, keyPurpose)) yield { key }
    },
  })
}

const NOTHING = new Uint8Array(0)

const messageOf = (registry: KeyRegistry): KeyRegistryMessage =>
  fromBinary(KeyRegistrySchema, toProtobuf(keys.KeyRegistry, registry))

/** Agreement keys signed by a parent; of every purpose when none is named. */
function subKeys(book: KeyRegistryBook, parent: Uint8Array, purpose: string) {
  const bound = book.byPeer(parent) ?? book.byProver(parent)
  if (bound === undefined) return []
  const collections = Object.values(messageOf(bound.registry).keysByPurpose)
  return collections
    .filter(({ keyPurpose }) => purpose === '' || keyPurpose === purpose)
    .flatMap(({ x448Keys }) => x448Keys)
    .filter(({ parentKeyAddress }) => sameBytes(parentKeyAddress, parent))
}

class WaitingKeys {
  readonly #keys = new Map<string, Uint8Array>()

  put(address: Uint8Array, key: Uint8Array): void {
    const [oldest] = this.#keys.keys()
    if (this.#keys.size >= WAITING_KEYS && oldest !== undefined) this.#keys.delete(oldest)
    this.#keys.set(bytesToHex(address), key)
  }

  get(address: Uint8Array): Uint8Array | undefined {
    return this.#keys.get(bytesToHex(address))
  }
}
