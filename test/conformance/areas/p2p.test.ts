/** The runners of p2p follow rules: cases of the same form that no file has yet get the right verdict. Needs the built addon. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { expect, test } from 'vitest'
import {
  encodeMessage,
  encodeRpc,
  type MessageFields,
  messageDigest,
  peerIdOfKey,
  signingPayload,
} from '../../../core/gossip/index.ts'
import { providerCid, providerKey } from '../../../core/identity/index.ts'
import { concat, toHex } from '../fields.ts'
import { type Case, casesOf, problemsOf } from '../one-case.ts'

const read = (file: string) => casesOf(`p2p/${file}`)
const problems = (file: string, item: Case) => problemsOf(`p2p/${file}`, item)

test('a stored key of each size is read; what is written is always seed and key', () => {
  const [good] = read('peer_id')
  const [seed, key] = [String(good?.seed), String(good?.public_key)]
  for (const config of [seed, seed + key, seed + key + key])
    expect(problems('peer_id', { ...good, config_peer_priv_key: config })).toEqual([])
  expect(problems('peer_id', { name: '', config_peer_priv_key: `${seed}00`, valid: false })).toEqual([])
})

test('a case that must be refused may tell its seed', () => {
  for (const file of ['noise_payload', 'send_authentication']) {
    const [right, wrong] = read(file)
    expect(problems(file, { ...wrong, seed: right?.seed ?? '' })).toEqual([])
  }
})

test('a namespace is any text; those of networks are made again', () => {
  const made = (namespace: string) => ({
    namespace,
    provider_key: toHex(providerKey(namespace)),
    cid: toHex(providerCid(namespace)),
    valid: true,
  })
  for (const text of ['', 'other-network-5', 'quilibrium-2.0.2-dusk-network-7', 'quilibrium-2.0.2-dusk-network-007'])
    expect(problems('dht_namespace', made(text))).toEqual([])
  expect(problems('dht_namespace', { ...made('x'), cid: '00' })).toHaveLength(1)
})

test('messages by Ed25519 authors are verified, and what cannot be read is refused', () => {
  const secret = new Uint8Array(32).fill(7)
  const key = concat(Uint8Array.of(0x08, 0x01, 0x12, 0x20), ed25519.getPublicKey(secret))
  const [data, seqno, bitmask] = [new Uint8Array(5), new Uint8Array(8), new Uint8Array(2)]
  const unsigned = { from: peerIdOfKey(key), data, seqno, bitmask }
  const none = new Uint8Array()
  const message: MessageFields = { ...unsigned, key, signature: ed25519.sign(signingPayload(unsigned), secret) }
  const hex = Object.fromEntries(Object.entries(message).map(([name, value]) => [name, toHex(value)]))
  const bytes = encodeMessage(message)
  const item = {
    ...hex,
    unsigned_protobuf: toHex(encodeMessage({ ...unsigned, signature: none, key: none })),
    signing_payload: toHex(signingPayload(unsigned)),
    message_protobuf: toHex(bytes),
    rpc_frame: toHex(encodeRpc({ messages: [bytes] })),
    message_id: `01${messageDigest(data)}`,
    message_id_legacy: messageDigest(data),
    valid: true,
  }
  expect(problems('blossomsub_message', item)).toEqual([])
  for (const wrong of [bytes.subarray(0, -1), bytes.with(bytes.length - 40, 1), none])
    expect(problems('blossomsub_message', { message_protobuf: toHex(wrong), valid: false })).toEqual([])
})
