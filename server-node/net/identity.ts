/** The node's libp2p identity: an Ed25519 key, kept in the secrets of the data directory. */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import type { Secrets } from '../data/secrets.ts'
import { NodeError } from '../errors.ts'

const SECRET = 'peer-identity'

/** Without secrets the identity lasts as long as the process. */
export async function openIdentity(secrets: Secrets | undefined): Promise<PrivateKey> {
  const stored = secrets?.get(SECRET)
  if (stored === undefined) {
    const key = await generateKeyPair('Ed25519')
    await secrets?.put(SECRET, privateKeyToProtobuf(key))
    return key
  }
  try {
    return privateKeyFromProtobuf(stored)
  } catch {
    throw new NodeError('corrupt', 'the peer identity in secrets.json is not a key')
  }
}
