/** The libp2p node of a tab that gossips: dials by what workers have, shows an Ed448 key, speaks BlossomSub. */
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webTransport } from '@libp2p/webtransport'
import { yamux } from '@libp2p/yamux'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import { dialledWebSockets } from '@petal/p2p/websocket.ts'
import { createLibp2p } from 'libp2p'

const MOST_CONNECTIONS = 16

/** Private addresses are dialled as any other: a person's own node is often one. */
export async function createTabNode(privateKey: PrivateKey): Promise<Libp2p> {
  const transports = 'WebTransport' in globalThis ? [dialledWebSockets(), webTransport()] : [dialledWebSockets()]
  return await createLibp2p({
    privateKey,
    addresses: { listen: [] },
    transports,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: pinPeerIds({ denyDialMultiaddr: () => false }),
    connectionManager: { maxConnections: MOST_CONNECTIONS },
    services: { identify: identify() },
  })
}
