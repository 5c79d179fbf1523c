/** Payload of the libp2p Noise handshake with an Ed448 identity (spec 50 section 2; P2P-02). */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { type NoiseHandshakePayload, NoiseHandshakePayloadSchema } from '../gen/p2p/noise_pb.js'
import { sameBytes } from '../platform/bytes.ts'
import type { Ed448Signer, Ed448Verifier } from './engine.ts'
import { IdentityError } from './errors.ts'
import { type Identity, peerIdOf, publicKeyOfRecord, publicKeyRecord } from './peer-id.ts'

const X25519_BYTES = 32
/** A payload travels in one Noise message of at most 65,535 bytes. */
const LONGEST_PAYLOAD = 65535

const signedBytes = (staticKey: Uint8Array): Uint8Array =>
  concatBytes(utf8ToBytes('noise-libp2p-static-key:'), staticKey)

/** The payload that proves `identity` to the other side. `staticKey`: own X25519 public key. Throws `IdentityError` `length`. */
export function noisePayload(identity: Identity, staticKey: Uint8Array, engine: Ed448Signer): Uint8Array {
  if (staticKey.length !== X25519_BYTES)
    throw new IdentityError('length', `Noise static key of ${staticKey.length} bytes, ${X25519_BYTES} wanted`)
  const payload = create(NoiseHandshakePayloadSchema, {
    identityKey: publicKeyRecord(identity.publicKey),
    identitySig: engine.ed448Sign(identity.seed, signedBytes(staticKey)),
  })
  return toBinary(NoiseHandshakePayloadSchema, payload)
}

/** Who a peer proved to be. */
export interface NoisePeer {
  readonly publicKey: Uint8Array
  readonly peerId: Uint8Array
}

/** Reads a peer's payload; null when it does not prove an Ed448 identity for this static key. Never throws. */
export function verifyNoisePayload(
  payload: Uint8Array,
  staticKey: Uint8Array,
  engine: Ed448Verifier,
): NoisePeer | null {
  if (payload.length > LONGEST_PAYLOAD || staticKey.length !== X25519_BYTES) return null
  const message = decode(payload)
  const publicKey = message === null ? null : publicKeyOfRecord(message.identityKey)
  if (message === null || publicKey === null) return null
  if (!engine.ed448Verify(publicKey, signedBytes(staticKey), message.identitySig)) return null
  return { publicKey, peerId: peerIdOf(publicKey) }
}

/** Only the encoding that every libp2p writes, fields in order: the decoder of the library also reads fields of a wrong wire type. */
function decode(payload: Uint8Array): NoiseHandshakePayload | null {
  try {
    const message = fromBinary(NoiseHandshakePayloadSchema, payload)
    return sameBytes(toBinary(NoiseHandshakePayloadSchema, message), payload) ? message : null
  } catch {
    return null // ill-formed protobuf
  }
}
