import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { KeyKind } from '../peers/peer.ts'

/** Peer id of nobody. */
export async function strangerId(key: KeyKind): Promise<string> {
  const privateKey = await (key === 'Ed448' ? generateEd448KeyPair() : generateKeyPair('Ed25519'))
  return peerIdFromPrivateKey(privateKey).toString()
}
