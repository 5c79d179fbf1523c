/** `@libp2p/crypto/keys`: the only door through which libp2p reads and writes keys, taught key type 4. */
import type { PrivateKey, PublicKey } from '@libp2p/interface'
import * as stock from 'libp2p-crypto-stock/keys'
import type { Digest } from 'multiformats/hashes/digest'
import {
  asPrivateKey,
  asPublicKey,
  Ed448PrivateKey,
  Ed448PublicKey,
  isEd448,
  privateKeyOfRecord,
  publicKeyOfRecord,
  recordOf,
} from './ed448.ts'

// Names declared below win over these.
export * from 'libp2p-crypto-stock/keys'
export {
  type Ed448Claim,
  Ed448PrivateKey,
  Ed448PublicKey,
  ed448KeyOfRecord,
  generateEd448KeyPair,
  isEd448,
  useEd448,
  verifyEd448Claims,
  wipePrivateKey,
} from './ed448.ts'
export type { Ed448Provider, Ed448Signer } from './provider.ts'

export function publicKeyFromProtobuf(record: Uint8Array, digest?: Digest<18, number>): PublicKey {
  return publicKeyOfRecord(record) ?? stock.publicKeyFromProtobuf(record, digest)
}

export function privateKeyFromProtobuf(record: Uint8Array): PrivateKey {
  return privateKeyOfRecord(record) ?? stock.privateKeyFromProtobuf(record)
}

export function publicKeyToProtobuf(key: PublicKey): Uint8Array {
  return isEd448(key) ? recordOf(key.raw) : stock.publicKeyToProtobuf(key)
}

export function privateKeyToProtobuf(key: PrivateKey): Uint8Array {
  return isEd448(key) ? recordOf(key.raw) : stock.privateKeyToProtobuf(key)
}

export function publicKeyFromRaw(bytes: Uint8Array): PublicKey {
  return bytes.length === 57 ? asPublicKey(new Ed448PublicKey(bytes)) : stock.publicKeyFromRaw(bytes)
}

export function privateKeyFromRaw(bytes: Uint8Array): PrivateKey {
  const ours = bytes.length === 57 || bytes.length === 114
  return ours ? asPrivateKey(new Ed448PrivateKey(bytes)) : stock.privateKeyFromRaw(bytes)
}
