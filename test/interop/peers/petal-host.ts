/** A host with the keys and the gater of Petal, in this process. */
import { generateEd448KeyPair, generateKeyPair } from '@libp2p/crypto/keys'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import type { Side } from '../cases/links.ts'
import { LIBP2P_SAYS, type Libp2pPeer, startLibp2pPeer } from './libp2p-peer.ts'
import type { KeyKind } from './peer.ts'

export async function petalSide(key: KeyKind, kad: string): Promise<Side> {
  return { name: 'Petal', key, peer: await startPetalHost(key, kad), ...LIBP2P_SAYS }
}

async function startPetalHost(key: KeyKind, kad: string): Promise<Libp2pPeer> {
  const privateKey = await (key === 'Ed448' ? generateEd448KeyPair() : generateKeyPair('Ed25519'))
  return startLibp2pPeer({ privateKey, kad, gater: pinPeerIds({ denyDialMultiaddr: () => false }) })
}
