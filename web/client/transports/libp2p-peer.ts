/** One js-libp2p node dials with one transport. */
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import type { LightPeer } from '@petal/core/platform/network.ts'
import { dialLightPeer, type Greeting } from '@petal/p2p/light-peer.ts'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { BuiltIn } from './kinds.ts'

type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

export interface Libp2pDialer {
  dial(address: string, greeting: Greeting, signal: AbortSignal): Promise<LightPeer>
  stop(): Promise<void>
}

/** A node that only dials. Private addresses are dialled as any other: a person's own node is often one. */
export async function createDialer(kind: BuiltIn, transport: TransportFactory): Promise<Libp2pDialer> {
  const node = await createLibp2p({
    addresses: { listen: [] },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: pinPeerIds({ denyDialMultiaddr: () => false }),
    connectionMonitor: { enabled: false },
  })
  return {
    dial: (address, greeting, signal) => dialLightPeer(node, kind, address, greeting, signal),
    stop: async () => await node.stop(),
  }
}
