/** The host key of libp2p. */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { hostKeyOfSeed } from '@petal/p2p/host-keys.ts'
import type { Secrets } from '../data/secrets.ts'
import { NodeError } from '../errors.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { PEER_KEY_ID } from '../keys/key-types.ts'
import { ED25519_IDENTITY } from '../keys/old-secrets.ts'

/** `ed448` is what nodes of the network have; `ed25519` is for stock libp2p peers, which do not know key type 4. */
export type IdentityKind = 'ed448' | 'ed25519'

const SEED_BYTES = 57

/** Throws `NodeError` `corrupt`, `passphrase`. */
export async function openIdentity(
  kind: IdentityKind,
  ring: KeyRing,
  secrets: Secrets | undefined,
): Promise<PrivateKey> {
  return kind === 'ed448' ? hostKeyOfSeed(ring.get(PEER_KEY_ID).privateKey.subarray(0, SEED_BYTES)) : ed25519(secrets)
}

/** Without secrets the key lasts as long as the process. */
async function ed25519(secrets: Secrets | undefined): Promise<PrivateKey> {
  const stored = secrets?.get(ED25519_IDENTITY)
  if (stored === undefined) {
    const key = await generateKeyPair('Ed25519')
    await secrets?.put(ED25519_IDENTITY, privateKeyToProtobuf(key))
    return key
  }
  try {
    return privateKeyFromProtobuf(stored)
  } catch {
    throw new NodeError('corrupt', 'the peer identity in secrets.json is not a key')
  }
}
