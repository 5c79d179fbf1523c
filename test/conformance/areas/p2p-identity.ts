import {
  dhtNamespace,
  type Identity,
  IdentityError,
  identityFromConfig,
  identityOfSeed,
  identityToConfig,
  noisePayload,
  peerIdFromText,
  peerIdOf,
  peerIdText,
  providerCid,
  providerKey,
  publicKeyOfRecord,
  publicKeyRecord,
  verifyNoisePayload,
  workerIdentity,
} from '../../../core/identity/index.ts'
import type { FullEngine } from '../../../core/platform/engine.ts'
import { toHex } from '../fields.ts'
import { type CoreRunner, eachCase } from '../runner.ts'

/** The identity of a stored key; null when it is refused with an error of the room. */
function configured(bytes: Uint8Array, engine: FullEngine): Identity | null {
  try {
    return identityFromConfig(bytes, engine)
  } catch (thrown) {
    if (thrown instanceof IdentityError) return null
    throw thrown
  }
}

/** `p2p/peer_id.json`, `p2p/peer_id_edge.json`: records, ids and stored keys (spec 50 section 1, P2P-01). */
export const peerId = eachCase((engine, fields, check) => {
  const config = fields.bytes('config_peer_priv_key')
  const expected = fields.requiredVerdict() ? fields.hex('peer_id') : 'refused'
  check.gives('peer_id', expected, () => configured(config, engine)?.peerId ?? 'refused')
  if (!fields.requiredVerdict() || !fields.has('seed')) return
  const key = fields.bytes('public_key')
  const record = fields.bytes('public_key_protobuf')
  const text = fields.text('peer_id_base58')
  check.gives('public_key', toHex(key), () => identityOfSeed(fields.bytes('seed'), engine).publicKey)
  check.gives('public_key_protobuf', toHex(record), () => publicKeyRecord(key))
  check.gives('public_key_protobuf read', toHex(key), () => publicKeyOfRecord(record) ?? 'refused')
  check.gives('peer_id of the key', fields.hex('peer_id'), () => peerIdOf(key))
  check.gives('peer_id_base58', text, () => peerIdText(fields.bytes('peer_id')))
  check.gives('peer_id_base58 read', fields.hex('peer_id'), () => peerIdFromText(text))
  const written = fields.hex('seed') + toHex(key)
  check.gives('config_peer_priv_key', written, () => identityToConfig(identityFromConfig(config, engine)))
})

/** `p2p/noise_payload.json`: verdicts; with a seed the payload itself (spec 50 section 2, P2P-02). */
export const noise = eachCase((engine, fields, check) => {
  const payload = fields.bytes('payload')
  const staticKey = fields.bytes('x25519_static_public')
  const proven = () => verifyNoisePayload(payload, staticKey, engine)
  check.gives('valid', fields.requiredVerdict(), () => proven() !== null)
  if (!fields.requiredVerdict()) return
  if (fields.has('public_key'))
    check.gives('public_key', fields.hex('public_key'), () => proven()?.publicKey ?? 'refused')
  if (fields.has('seed'))
    check.gives('payload made', toHex(payload), () =>
      noisePayload(identityOfSeed(fields.bytes('seed'), engine), staticKey, engine),
    )
})

/** `p2p/worker_identity.json`: both derivations (spec 50 section 1, P2P-14, OPS-06). */
export const worker = eachCase((engine, fields, check) => {
  const node = identityOfSeed(fields.bytes('seed'), engine)
  const coreId = fields.u32('core_id')
  check.values(fields, (each) => {
    for (const [prefix, derivation] of [
      ['worker', 'seed'],
      ['legacy_worker', 'seed-and-public-key'],
    ] as const) {
      const made = () => workerIdentity(node, coreId, engine, derivation)
      each.gives(`${prefix}_seed`, fields.hex(`${prefix}_seed`), () => made().seed)
      each.gives(`${prefix}_public_key`, fields.hex(`${prefix}_public_key`), () => made().publicKey)
      each.gives(`${prefix}_peer_id`, fields.hex(`${prefix}_peer_id`), () => made().peerId)
    }
  })
})

/** The network whose namespace a text is; null for other texts. */
function networkOf(namespace: string): number | null {
  const named = [0, 1].find((network) => dhtNamespace(network) === namespace)
  const number = /^quilibrium-2\.0\.2-dusk-network-([2-9]|[1-9]\d{1,8})$/.exec(namespace)?.[1]
  return named ?? (number === undefined ? null : Number(number))
}

/** `p2p/dht_namespace.json`: provider key and CID (spec 50 section 3, P2P-07). */
export const namespace: CoreRunner = {
  backing: 'core',
  open: () => (fields, check) => {
    const text = fields.text('namespace')
    check.values(fields, (each) => {
      each.gives('provider_key', fields.hex('provider_key'), () => providerKey(text))
      each.gives('cid', fields.hex('cid'), () => providerCid(text))
      const network = networkOf(text)
      if (network !== null) each.gives('namespace of the network', text, () => dhtNamespace(network))
    })
  },
}
