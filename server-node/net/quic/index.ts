/** QUIC and WebTransport of one libp2p node: what listens on the same address shares one UDP port, and dials leave from there. */
import type { PrivateKey, Transport } from '@libp2p/interface'
import type { NetLimits } from '../limits.ts'
import type { Certificates } from '../webtransport/certificates.ts'
import { WebTransportListen } from '../webtransport/transport.ts'
import type { QuicAddon, QuicIdentity, QuicLimits } from './addon.ts'
import { Endpoints } from './endpoints.ts'
import { signIdentity } from './host-key.ts'
import type { UdpListenerInit } from './listener.ts'
import { Quic } from './transport.ts'

/** Streams of any protocol that a QUIC peer opens at one time in one connection. */
export const QUIC_STREAMS = 256
/** Sessions of each kind that wait for libp2p. */
const BACKLOG = 16

export interface UdpTransportsInit {
  readonly addon: QuicAddon
  readonly certificates: Certificates
  readonly limits: NetLimits
  /** Milliseconds since the epoch, for the rotation of certificates. */
  readonly now?: () => number
}

type Components = UdpListenerInit['components'] & { readonly privateKey: PrivateKey }

/** Both for the `transports` of the same node. */
export interface UdpTransports {
  /** Listens on and dials `/ip4|ip6/../udp/../quic-v1`; dials `/dns..` too. */
  readonly quic: (components: Components) => Transport
  /** Listens on `/ip4|ip6/../udp/../quic-v1/webtransport`. */
  readonly webTransport: (components: Components) => Transport
}

export function udpTransports({ addon, certificates, limits, now = Date.now }: UdpTransportsInit): UdpTransports {
  let endpoints: Endpoints | undefined
  const shared = ({ privateKey }: Components) => {
    let identity: Promise<QuicIdentity> | undefined
    endpoints ??= new Endpoints({
      addon,
      identity: () => {
        identity ??= signIdentity(addon, privateKey)
        return identity
      },
      limits: quicLimits(limits),
    })
    return endpoints
  }
  return {
    quic: (components) => new Quic({ endpoints: shared(components), limits }, components),
    webTransport: (components) =>
      new WebTransportListen({ endpoints: shared(components), limits, certificates, now }, components),
  }
}

function quicLimits(limits: NetLimits): QuicLimits {
  return {
    inbound: limits.inboundConnections,
    outbound: limits.outboundConnections,
    handshakes: limits.pendingConnections,
    backlog: BACKLOG,
    streams: QUIC_STREAMS,
    webStreams: limits.webTransportStreams,
    handshakeMillis: limits.handshakeMillis,
    idleMillis: limits.idleSocketMillis,
  }
}
