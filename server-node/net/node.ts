/** The libp2p node: what browsers dial (WebSocket, WebRTC-direct, WebTransport) and what nodes dial (QUIC, TCP); the light protocol, and gossip. */

import { autoNAT } from '@libp2p/autonat'
import { identify, identifyPush } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { uPnPNAT } from '@libp2p/upnp-nat'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { DiscoveryParams } from '@petal/core/discovery/discovery.ts'
import { GossipService, hostIdentity } from '@petal/p2p/gossip/index.ts'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { FrameSource } from '../chain/source.ts'
import { messageOf, NodeError } from '../errors.ts'
import manifest from '../package.json' with { type: 'json' }
import { PeerFinder, peerOf } from './discovery/finder.ts'
import { kademlia } from './discovery/kademlia.ts'
import { answerPings } from './echo.ts'
import { gater } from './gater.ts'
import { closeIdle } from './idle.ts'
import { LightService } from './light-service.ts'
import type { NetLimits } from './limits.ts'
import { OfferedAlerts } from './offered-alerts.ts'
import type { Ports } from './ports.ts'
import type { QuicAddon } from './quic/addon.ts'
import { udpTransports } from './quic/index.ts'
import { isLoopback, judgeReachability, type Reachability } from './reachability.ts'
import type { TransportName } from './transports.ts'
import { listeningWebRTC } from './webrtc.ts'
import { boundedWebSockets } from './websocket.ts'
import type { Certificates } from './webtransport/certificates.ts'

export interface PeerNodeOptions {
  readonly identity: PrivateKey
  /** Number of the network in the names of protocols (docs/protocol/50-p2p.md section 5): 0 is mainnet. */
  readonly networkNumber: number
  /** IP address to listen on. */
  readonly host: string
  /** Peer ids that are refused, both ways. */
  readonly blacklist?: readonly string[]
  /** Addresses with peer ids of nodes to start from. */
  readonly bootstrap?: readonly string[]
  /** Told of what an operator should know. */
  readonly onNotice?: (message: string) => void
  /** Asks the router to forward ports. Not where the node listens on loopback. */
  readonly upnp?: boolean
  readonly discovery?: Partial<DiscoveryParams>
  /** Ports to take; a transport without one takes any that is free. */
  readonly ports?: Ports
  readonly transports: readonly TransportName[]
  readonly limits: NetLimits
  /** Needed by `quic` and `webtransport`. */
  readonly udp?: { readonly addon: QuicAddon; readonly certificates: Certificates }
}

export interface PeerNode {
  readonly libp2p: Libp2p
  readonly gossip: GossipService
  /** Who can reach this node, as far as it knows now. */
  reachability(): Reachability
  /** Multiaddrs with the peer id, as they are now: certificates in them change. */
  addresses(): readonly string[]
  /** Answers the light protocol from a source from now on. Once. */
  serve(source: FrameSource): Promise<void>
  /** Alerts that it serves besides. */
  readonly alerts: OfferedAlerts
  /** Number of open connections. */
  connections(): number
  stop(): Promise<void>
}

type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

/** What identify says we are; no peer checks it. */
export const AGENT = `petal/${manifest.version}`
const IDLE_CHECK_MILLIS = 15_000

/** Throws `NodeError` `busyPort` when it cannot listen. */
export async function startPeerNode(options: PeerNodeOptions): Promise<PeerNode> {
  const { limits } = options
  let made: Libp2p | undefined
  const node = await createLibp2p({
    privateKey: options.identity,
    nodeInfo: { userAgent: AGENT },
    start: false,
    addresses: {
      listen: options.transports.map((name) => listenAddress(name, options.host, options.ports?.[name] ?? 0)),
    },
    transports: transports(options),
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxInboundStreams: limits.webTransportStreams, maxEarlyStreams: 4 })],
    services: services(options),
    connectionGater: gater({ limits, blacklist: new Set(options.blacklist), node: () => made }),
    connectionManager: {
      maxConnections: limits.connections,
      maxIncomingPendingConnections: limits.pendingConnections,
      inboundConnectionThreshold: limits.connectionsPerSecond,
      inboundUpgradeTimeout: limits.handshakeMillis,
      inboundStreamProtocolNegotiationTimeout: limits.handshakeMillis,
    },
  })
  made = node
  const started = Date.now()
  const bootstrap = (options.bootstrap ?? []).map((address) => multiaddr(address))
  const { onNotice } = options
  const gossip = new GossipService({
    network: options.networkNumber,
    ...(onNotice === undefined ? {} : { onError: (error: Error) => onNotice(`gossip: ${messageOf(error)}`) }),
    identity: hostIdentity(options.identity),
    bootstrap: options.networkNumber === 0 ? bootstrap.flatMap((address) => peerOf(address) ?? []) : [],
  })
  await gossip.start(node)
  try {
    await node.start()
    await answerPings(node)
  } catch (error) {
    await gossip.stop()
    await node.stop()
    throw new NodeError('busyPort', `cannot listen for peers on ${options.host}: ${messageOf(error)}`, { cause: error })
  }
  let service: LightService | undefined
  const alerts = new OfferedAlerts()
  const finder = new PeerFinder({
    node,
    kademlia: node.services.kademlia,
    network: options.networkNumber,
    bootstrap,
    ...(onNotice === undefined ? {} : { onNotice }),
    params: options.discovery ?? {},
  })
  finder.start()
  const reaper = setInterval(() => {
    closeIdle(node, service, gossip, limits)
    if (gossip.isShort()) finder.shortage()
  }, IDLE_CHECK_MILLIS).unref()
  return {
    libp2p: node,
    gossip,
    serve: async (source) => {
      const serving = new LightService(source, limits, () => node.getMultiaddrs().map(String), alerts)
      service = serving
      node.addEventListener('connection:close', ({ detail }) => serving.forget(detail.id))
      await serving.register(node)
    },
    alerts,
    addresses: () => node.getMultiaddrs().map(String),
    reachability: () =>
      judgeReachability({
        host: options.host,
        addresses: node.getMultiaddrs(),
        peers: node.getPeers().length,
        upMillis: Date.now() - started,
      }),
    connections: () => node.getConnections().length,
    stop: async () => {
      clearInterval(reaper)
      await finder.stop()
      await gossip.stop()
      await service?.stop()
      await node.stop()
    },
  }
}

/** AutoNAT, and UPnP where it is wanted, only where other machines can reach the node at all. */
function services({ host, networkNumber, upnp }: PeerNodeOptions) {
  const open = !isLoopback(host)
  return {
    identify: identify(),
    identifyPush: identifyPush(),
    ping: ping({ maxInboundStreams: 1 }),
    kademlia: kademlia(networkNumber),
    ...(open ? { autonat: autoNAT() } : {}),
    ...(open && upnp ? { upnp: uPnPNAT() } : {}),
  }
}

function listenAddress(name: TransportName, host: string, port: number): string {
  const ip = `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}`
  switch (name) {
    case 'tcp':
      return `${ip}/tcp/${port}`
    case 'quic':
      return `${ip}/udp/${port}/quic-v1`
    case 'websocket':
      return `${ip}/tcp/${port}/ws`
    case 'webrtc-direct':
      return `${ip}/udp/${port}/webrtc-direct`
    case 'webtransport':
      return `${ip}/udp/${port}/quic-v1/webtransport`
  }
}

function transports({ transports: names, udp, limits }: PeerNodeOptions): TransportFactory[] {
  const overUdp = udp && udpTransports({ ...udp, limits })
  const needed = <T>(factory: T | undefined): T => {
    if (factory === undefined) throw new NodeError('options', 'QUIC and WebTransport need the addon')
    return factory
  }
  const make: Readonly<Record<TransportName, () => TransportFactory>> = {
    tcp: () => tcp({ maxConnections: limits.connections, inboundSocketInactivityTimeout: limits.idleSocketMillis }),
    quic: () => needed(overUdp?.quic),
    websocket: () => boundedWebSockets(limits),
    'webrtc-direct': () => listeningWebRTC(limits),
    webtransport: () => needed(overUdp?.webTransport),
  }
  return names.map((name) => make[name]())
}
