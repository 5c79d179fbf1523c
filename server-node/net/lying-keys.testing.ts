/** Host keys that are not what they say, for the handshakes of every transport: nobody who shows one is let in (P2P-01, P2P-02). */
import { Ed448PrivateKey, generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { ed448 as ed448Curve } from '@noble/curves/ed448.js'

export interface LyingKey {
  readonly key: PrivateKey
  /** From now on it lies. Until then a libp2p node can be made with it. */
  lie(): void
}

type Changes = { readonly public?: Record<string, unknown>; readonly private?: Record<string, unknown> }

async function lying(key: PrivateKey, changes: Changes): Promise<LyingKey> {
  const lie = () => {
    Object.assign(key.publicKey, changes.public)
    Object.assign(key, changes.private)
  }
  return { key, lie }
}

const ed448 = async (changes: Changes) => lying((await generateEd448KeyPair()) as unknown as PrivateKey, changes)
/** An Ed25519 key that says it is of another type: its 32 bytes are no key of that. */
const calledOther = async (type: string) => lying(await generateKeyPair('Ed25519'), { public: { type } })

/** Well-formed and its signatures hold, but of a type that no peer id is made of. */
async function ecdsa(): Promise<LyingKey> {
  const [key, other] = [await generateKeyPair('Ed25519'), await generateKeyPair('ECDSA')]
  return lying(key, { private: { publicKey: other.publicKey, sign: (data: Uint8Array) => other.sign(data) } })
}

const otherSigner = new Ed448PrivateKey(new Uint8Array(57).fill(9))

/** By what is wrong with it. */
export const LYING_KEYS: Readonly<Record<string, () => Promise<LyingKey>>> = {
  'a signature of zeros': () => ed448({ private: { sign: () => new Uint8Array(114) } }),
  'a signature of one byte': () => ed448({ private: { sign: () => new Uint8Array(1) } }),
  'a signature by another key': () => ed448({ private: { sign: (data: Uint8Array) => otherSigner.sign(data) } }),
  'a key of 56 bytes': () => ed448({ public: { raw: new Uint8Array(56).fill(3) } }),
  'a key of no bytes': () => ed448({ public: { raw: new Uint8Array(0) } }),
  // The neutral element as key and as R, and S = 0: the equation holds for every message.
  'a key of order 1, with a signature that fits the equation for every message': () =>
    ed448({
      public: { raw: Uint8Array.of(1, ...new Uint8Array(56)) },
      private: { sign: () => Uint8Array.of(1, ...new Uint8Array(113)) },
    }),
  // R is the base point, and S = 1.
  'a key of order 4, with a signature that holds for every message': () =>
    ed448({
      public: { raw: new Uint8Array(57) },
      private: { sign: () => Uint8Array.of(...ed448Curve.Point.BASE.toBytes(), 1, ...new Uint8Array(56)) },
    }),
  'an Ed25519 key that is called secp256k1': () => calledOther('secp256k1'),
  'an Ed25519 key that is called RSA': () => calledOther('RSA'),
  'an ECDSA key, which no peer has,': ecdsa,
}
