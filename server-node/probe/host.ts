/** A libp2p host that dials and does nothing else: it listens nowhere, provides nothing, keeps nothing, and lasts for one peer. */
import { type Identify, identify } from '@libp2p/identify'
import type { Libp2p, PeerId, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { DEFAULT_NET_LIMITS } from '../net/limits.ts'
import { AGENT } from '../net/node.ts'
import type { QuicAddon } from '../net/quic/addon.ts'
import { udpTransports } from '../net/quic/index.ts'
import { boundedWebSockets } from '../net/websocket.ts'
import type { Certificates } from '../net/webtransport/certificates.ts'
import { MOST_ADDRESSES } from './reach.ts'

export interface ProbeHostOptions {
  readonly identity: PrivateKey
  readonly addon: QuicAddon
  /** Never shown to anybody: a host that does not listen serves no browsers. */
  readonly certificates: Certificates
  /** Nothing of the host takes longer. */
  readonly millis: number
  /** Told who answers, before anything is said to it. False refuses. */
  readonly accepts: (peer: PeerId) => boolean
}

export type ProbeHost = Libp2p<{ identify: Identify }>

export function openHost({ identity, addon, certificates, millis, accepts }: ProbeHostOptions): Promise<ProbeHost> {
  // A QUIC handshake that was given up counts until its own time is over.
  const limits = { ...DEFAULT_NET_LIMITS, handshakeMillis: millis, connections: 1, outboundConnections: MOST_ADDRESSES }
  return createLibp2p({
    privateKey: identity,
    nodeInfo: { userAgent: AGENT },
    addresses: { listen: [] },
    transports: [tcp(), boundedWebSockets(limits), udpTransports({ addon, certificates, limits }).quic],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxInboundStreams: limits.webTransportStreams, maxEarlyStreams: 4 })],
    services: { identify: identify({ runOnConnectionOpen: false }) },
    connectionGater: {
      // The operator named the address, loopback included.
      denyDialMultiaddr: () => false,
      denyOutboundEncryptedConnection: (peer) => !accepts(peer),
    },
    connectionManager: {
      maxConnections: 1,
      dialTimeout: millis,
      addressDialTimeout: millis,
      outboundStreamProtocolNegotiationTimeout: millis,
      reconnectRetries: 0,
    },
  })
}
