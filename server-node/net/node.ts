/** The libp2p node: what browsers dial (WebSocket, WebRTC-direct, WebTransport) and what nodes dial (TCP); the light protocol, and gossip. */

import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webRTCDirect } from '@libp2p/webrtc'
import { yamux } from '@libp2p/yamux'
import { GossipService, hostIdentity } from '@petal/p2p/gossip/index.ts'
import { pinPeerIds } from '@petal/p2p/pin.ts'
import { createLibp2p } from 'libp2p'
import type { FrameSource } from '../chain/source.ts'
import { messageOf, NodeError } from '../errors.ts'
import { LightService } from './light-service.ts'
import type { NetLimits } from './limits.ts'
import type { Ports } from './ports.ts'
import type { TransportName } from './transports.ts'
import { boundedWebSockets } from './websocket.ts'
import type { WebTransportAddon } from './webtransport/addon.ts'
import type { Certificates } from './webtransport/certificates.ts'
import { webTransportListen } from './webtransport/transport.ts'

export interface PeerNodeOptions {
  readonly identity: PrivateKey
  /** Number of the network in the names of protocols (docs/protocol/50-p2p.md section 5): 0 is mainnet. */
  readonly networkNumber: number
  /** IP address to listen on. */
  readonly host: string
  /** Ports to take; a transport without one takes any that is free. */
  readonly ports?: Ports
  readonly transports: readonly TransportName[]
  readonly limits: NetLimits
  /** Needed by the transport `webtransport` only. */
  readonly webTransport?: { readonly addon: WebTransportAddon; readonly certificates: Certificates }
}

export interface PeerNode {
  readonly libp2p: Libp2p
  readonly gossip: GossipService
  /** Multiaddrs with the peer id, as they are now: certificates in them change. */
  addresses(): readonly string[]
  /** Answers the light protocol from a source from now on. Once. */
  serve(source: FrameSource): Promise<void>
  /** Number of open connections. */
  connections(): number
  stop(): Promise<void>
}

const IDLE_CHECK_MILLIS = 15_000
const CLOSE_MILLIS = 2_000

/** Throws `NodeError` `busyPort` when it cannot listen. */
export async function startPeerNode(options: PeerNodeOptions): Promise<PeerNode> {
  const { limits } = options
  const node = await createLibp2p({
    privateKey: options.identity,
    start: false,
    addresses: {
      listen: options.transports.map((name) => listenAddress(name, options.host, options.ports?.[name] ?? 0)),
    },
    transports: options.transports.map((name) => transport(name, options)),
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxInboundStreams: limits.webTransportStreams, maxEarlyStreams: 4 })],
    services: { identify: identify(), ping: ping({ maxInboundStreams: 1 }) },
    connectionGater: pinPeerIds({ denyDialMultiaddr: () => false }),
    connectionManager: {
      maxConnections: limits.connections,
      maxIncomingPendingConnections: limits.pendingConnections,
      inboundConnectionThreshold: limits.connectionsPerSecond,
      inboundUpgradeTimeout: limits.handshakeMillis,
      inboundStreamProtocolNegotiationTimeout: limits.handshakeMillis,
    },
  })
  const gossip = new GossipService({ network: options.networkNumber, identity: hostIdentity(options.identity) })
  await gossip.start(node)
  try {
    await node.start()
  } catch (error) {
    await node.stop()
    throw new NodeError('busyPort', `cannot listen for peers on ${options.host}: ${messageOf(error)}`, { cause: error })
  }
  let service: LightService | undefined
  const reaper = setInterval(() => closeIdle(node, service, gossip, limits), IDLE_CHECK_MILLIS).unref()
  return {
    libp2p: node,
    gossip,
    serve: async (source) => {
      const serving = new LightService(source, limits)
      service = serving
      node.addEventListener('connection:close', ({ detail }) => serving.forget(detail.id))
      await serving.register(node)
    },
    addresses: () => node.getMultiaddrs().map(String),
    connections: () => node.getConnections().length,
    stop: async () => {
      clearInterval(reaper)
      await gossip.stop()
      await service?.stop()
      await node.stop()
    },
  }
}

function listenAddress(name: TransportName, host: string, port: number): string {
  const ip = `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}`
  switch (name) {
    case 'tcp':
      return `${ip}/tcp/${port}`
    case 'websocket':
      return `${ip}/tcp/${port}/ws`
    case 'webrtc-direct':
      return `${ip}/udp/${port}/webrtc-direct`
    case 'webtransport':
      return `${ip}/udp/${port}/quic-v1/webtransport`
  }
}

function transport(name: TransportName, { webTransport, limits }: PeerNodeOptions) {
  switch (name) {
    case 'tcp':
      return tcp({ maxConnections: limits.connections, inboundSocketInactivityTimeout: limits.idleSocketMillis })
    case 'websocket':
      return boundedWebSockets(limits)
    case 'webrtc-direct':
      return webRTCDirect()
    case 'webtransport':
      if (webTransport === undefined) throw new NodeError('options', 'the transport webtransport needs the addon')
      return webTransportListen({ ...webTransport, limits })
  }
}

/** Connections that nobody talks over make room for others. Peers that gossip stay. */
function closeIdle(node: Libp2p, service: LightService | undefined, gossip: GossipService, limits: NetLimits): void {
  const now = Date.now()
  const gossiping = new Set(gossip.peers)
  for (const connection of node.getConnections()) {
    if (gossiping.has(connection.remotePeer.toString())) continue
    const lastUse = service?.lastUse(connection.id) ?? connection.timeline.open
    if ((service?.conversations(connection.id) ?? 0) > 0 || now - lastUse < limits.idleConnectionMillis) continue
    connection.close({ signal: AbortSignal.timeout(CLOSE_MILLIS) }).catch((error) => connection.abort(error))
  }
}
