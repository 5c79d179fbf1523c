import { describe, expect, test } from 'vitest'
import { loadNativeEngine } from '../../test/engines/native.ts'
import { keys, node } from '../codec/index.ts'
import {
  type KeyRegistry,
  keyRegistryIsTimely,
  readKeyRegistry,
  signKeyRegistry,
  verifyKeyRegistry,
} from './key-registry.ts'
import { noisePayload, verifyNoisePayload } from './noise-payload.ts'
import { identityOfSeed } from './peer-id.ts'
import {
  CAPABILITIES,
  hasCapability,
  type PeerInfo,
  peerInfoDigest,
  peerInfoFault,
  peerInfoIsTimely,
  readPeerInfo,
  signPeerInfo,
} from './peer-info.ts'
import { authenticateSend, verifySend } from './send-authentication.ts'

const engine = loadNativeEngine()
const identity = identityOfSeed(new Uint8Array(57).fill(7), engine)
const other = identityOfSeed(new Uint8Array(57).fill(8), engine)
const NOW = 1_760_000_000_000n

const changed = (bytes: Uint8Array, index: number): Uint8Array =>
  bytes.map((byte, at) => (at === index ? byte ^ 1 : byte))

describe('PeerInfo', () => {
  const content = {
    reachability: [
      { filter: new Uint8Array(32).fill(255), pubsub_multiaddrs: ['/ip4/1.2.3.4'], stream_multiaddrs: [] },
    ],
    timestamp: NOW,
    version: Uint8Array.of(2, 1, 0),
    patch_number: Uint8Array.of(24),
    capabilities: [{ protocol_identifier: CAPABILITIES.archive, additional_metadata: new Uint8Array() }],
    last_received_frame: 5n,
    last_global_head_frame: 6n,
  }
  const info = signPeerInfo(content, identity, engine)
  const bytes = node.PeerInfo.encode(info)

  test('RPC-04 what is signed verifies, and no changed byte does', () => {
    expect(readPeerInfo(bytes, engine)).toMatchObject({ valid: true })
    for (let index = 0; index < bytes.length; index += 7)
      expect(readPeerInfo(changed(bytes, index), engine).valid).toBe(false)
    for (let length = 0; length < bytes.length - 16; length += 5)
      expect(readPeerInfo(bytes.subarray(0, length), engine)).toMatchObject({ valid: false, reason: 'encoding' })
  })

  test('RPC-05, RPC-H5 a signed record that claims the id of another peer is refused', () => {
    const foreign: PeerInfo = { ...info, peer_id: other.peerId, signature: new Uint8Array() }
    const signature = engine.ed448Sign(identity.seed, node.PeerInfo.encode(foreign))
    expect(readPeerInfo(node.PeerInfo.encode({ ...foreign, signature }), engine)).toMatchObject({ reason: 'peer id' })
  })

  test('a head frame without a received frame is not announced', () => {
    const alone = signPeerInfo({ ...content, last_received_frame: 0n }, identity, engine)
    const read = readPeerInfo(node.PeerInfo.encode(alone), engine)
    expect(read).toMatchObject({ valid: true, info: { last_received_frame: 0n, last_global_head_frame: 0n } })
  })

  test.each([
    [0n, true],
    [1_000n, true],
    [1_001n, false],
    [60_001n, false],
    [-5_000n, true],
    [-5_001n, false],
    [-300_001n, false],
  ] as const)('RPC-05 a record %s ms old is timely: %s', (age, expected) => {
    expect(peerInfoIsTimely(info, NOW + age)).toBe(expected)
  })

  test('records that differ in time alone have one digest, and capabilities are found', () => {
    const later = signPeerInfo({ ...content, timestamp: NOW + 1n }, identity, engine)
    expect(peerInfoDigest(later)).toEqual(peerInfoDigest(info))
    expect(hasCapability(info, CAPABILITIES.archive)).toBe(true)
    expect(hasCapability(info, CAPABILITIES.token)).toBe(false)
  })

  test('structure is judged with the caller’s idea of an address', () => {
    expect(peerInfoFault(info, () => true)).toBeNull()
    expect(peerInfoFault(info, () => false)).toContain('multiaddr')
  })
})

describe('KeyRegistry', () => {
  const x448 = { type: 'x448', publicKey: other.publicKey, createdAt: 1n, expiresAt: 0n } as const
  const view = { type: 'decaf448', publicKey: engine.decafGenerator('second'), createdAt: 1n, expiresAt: 0n } as const
  const registry = signKeyRegistry(
    {
      identity,
      proverSecret: new Uint8Array(73).fill(3, 40),
      subKeys: new Map([
        ['ONION_ROUTING', [x448]],
        ['view', [view]],
      ]),
      lastUpdated: NOW,
    },
    engine,
  )

  test('RPC-06 a made registry is read with the two addresses it binds', () => {
    const verdict = readKeyRegistry(keys.KeyRegistry.encode(registry), engine)
    expect(verdict).toMatchObject({ valid: true, peerId: identity.peerId })
  })

  test.each([
    ['structure', { identity_key: null }],
    ['structure', { prover_to_identity: null }],
    ['identity signature', { identity_key: { key_value: other.publicKey } }],
    ['identity signature', { identity_to_prover: { public_key: null, signature: new Uint8Array(114) } }],
    ['identity signature', { identity_to_prover: { public_key: null, signature: new Uint8Array() } }],
    ['prover signature', { prover_to_identity: { public_key: null, signature: new Uint8Array(74) } }],
  ] as const)('RPC-H4 refused for its %s: %o', (reason, change) => {
    expect(verifyKeyRegistry({ ...registry, ...change } as KeyRegistry, engine)).toMatchObject({ valid: false, reason })
  })

  test('RPC-06 one sub-key that its parent did not sign refuses the whole', () => {
    const collection = registry.keys_by_purpose.get('ONION_ROUTING')
    const key = collection?.x448_keys[0]
    if (collection === undefined || key === undefined) throw new Error('the registry has an onion key')
    const moved = { ...collection, x448_keys: [{ ...key, key: { key_value: identity.publicKey } }] }
    const keys_by_purpose = new Map([...registry.keys_by_purpose, ['ONION_ROUTING', moved] as const])
    expect(verifyKeyRegistry({ ...registry, keys_by_purpose }, engine)).toMatchObject({ reason: 'sub-key' })
  })

  test('any cut is refused without an exception', () => {
    const bytes = keys.KeyRegistry.encode(registry)
    for (let length = 0; length < bytes.length; length += 11)
      expect(readKeyRegistry(bytes.subarray(0, length), engine).valid).toBe(false)
  })

  test.each([
    [60_000n, null, 'request', true],
    [60_001n, null, 'request', false],
    [1_000n, null, 'gossip', true],
    [1_001n, null, 'gossip', false],
    [-5_000n, null, 'gossip', true],
    [-5_001n, null, 'request', false],
    [0n, NOW, 'request', false],
    [0n, NOW - 1n, 'request', true],
  ] as const)('%s ms old, held %s, by %s: %s', (age, held, source, timely) => {
    expect(keyRegistryIsTimely(registry, NOW + age, held, source)).toBe(timely)
  })

  test('RPC-06 more sub-keys than a node has time for are refused before any signature is looked at', () => {
    const [subKey] = registry.keys_by_purpose.get('view')?.decaf448_keys ?? []
    if (subKey === undefined) throw new Error('no sub-key')
    const { ed448_signature, ...unsigned } = subKey
    const bls = { ...unsigned, bls_signature: { public_key: null, signature: new Uint8Array(74) } }
    let looks = 0
    const counting = {
      ed448Verify: () => ++looks > 0,
      blsVerify: () => ++looks > 0,
      poseidonHashBytes: () => new Uint8Array(32),
    }
    const verdictOn = (signed: number, byProver: number) => {
      const list = [...Array<typeof subKey>(signed).fill(subKey), ...Array<typeof subKey>(byProver).fill(bls)]
      const collections = Array.from({ length: 20 }, (_, at) => {
        const purpose = `purpose ${at}`
        const decaf448_keys = list.slice(20 * at, 20 * at + 20)
        return [purpose, { key_purpose: purpose, x448_keys: [], decaf448_keys }] as const
      })
      looks = 0
      return verifyKeyRegistry({ ...registry, keys_by_purpose: new Map(collections) }, counting)
    }
    for (const [signed, byProver] of [
      [65, 0],
      [0, 5],
      [400, 0],
      [61, 4],
    ] as const) {
      expect(verdictOn(signed, byProver)).toMatchObject({ valid: false, reason: 'limit' })
      expect(looks).toBe(0)
    }
    for (const [signed, byProver] of [
      [64, 0],
      [60, 4],
    ] as const)
      expect(verdictOn(signed, byProver)).not.toMatchObject({ reason: 'limit' })
  })
})

describe('Noise payload', () => {
  const staticKey = new Uint8Array(32).fill(5)
  const payload = noisePayload(identity, staticKey, engine)

  test('P2P-02 proves its identity for one static key, whatever extensions come with it', () => {
    expect(verifyNoisePayload(payload, staticKey, engine)?.peerId).toEqual(identity.peerId)
    const extended = Uint8Array.of(...payload, 0x22, 2, 0x0a, 0)
    expect(verifyNoisePayload(extended, staticKey, engine)?.peerId).toEqual(identity.peerId)
    expect(verifyNoisePayload(payload, changed(staticKey, 0), engine)).toBeNull()
    expect(verifyNoisePayload(payload, staticKey.subarray(1), engine)).toBeNull()
  })

  test('P2P-02 no changed or cut payload proves anything, and none throws', () => {
    for (let index = 0; index < payload.length; index++)
      expect(verifyNoisePayload(changed(payload, index), staticKey, engine)).toBeNull()
    for (let length = 0; length < payload.length; length++)
      expect(verifyNoisePayload(payload.subarray(0, length), staticKey, engine)).toBeNull()
    expect(verifyNoisePayload(new Uint8Array(70_000), staticKey, engine)).toBeNull()
  })
})

test('RPC-08 a call of Send is bound to its domain and payload, and never empty', () => {
  const [domain, payload] = [new Uint8Array(32).fill(255), Uint8Array.of(1, 2, 3)]
  const authentication = authenticateSend(identity, domain, payload, engine)
  expect(verifySend(identity.publicKey, domain, payload, authentication, engine)).toBe(true)
  expect(verifySend(other.publicKey, domain, payload, authentication, engine)).toBe(false)
  expect(verifySend(identity.publicKey, changed(domain, 0), payload, authentication, engine)).toBe(false)
  expect(verifySend(identity.publicKey, domain, changed(payload, 0), authentication, engine)).toBe(false)
  const nothing = new Uint8Array()
  const signedEmpty = engine.ed448Sign(
    identity.seed,
    Uint8Array.of(...new TextEncoder().encode('NODE_AUTHENTICATION'), ...domain),
  )
  expect(verifySend(identity.publicKey, domain, nothing, signedEmpty, engine)).toBe(false)
  expect(() => authenticateSend(identity, domain, nothing, engine)).toThrow(expect.objectContaining({ code: 'length' }))
})
