/** A js-libp2p host of the published packages: TCP, Noise, Yamux, identify, ping, Kademlia. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { Libp2pPeer } from '../peers/libp2p-peer.ts'

export async function startStockHost(kad: string): Promise<Libp2pPeer> {
  const node = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // Five a second by default: cases dial more often.
    connectionManager: { inboundConnectionThreshold: 1000 },
    services: {
      identify: identify(),
      ping: ping(),
      kademlia: kadDHT({ protocol: kad, clientMode: false, peerInfoMapper: passthroughMapper }),
    },
  })
  return Libp2pPeer.of(node)
}
