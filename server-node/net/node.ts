/** The libp2p node that browsers dial: WebSocket, WebRTC-direct and WebTransport, one protocol of our own. */

import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { webRTCDirect } from '@libp2p/webrtc'
import { yamux } from '@libp2p/yamux'
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

export interface LightNodeOptions {
  readonly source: FrameSource
  readonly identity: PrivateKey
  /** IP address to listen on. */
  readonly host: string
  /** Ports to take; a transport without one takes any that is free. */
  readonly ports?: Ports
  readonly transports: readonly TransportName[]
  readonly limits: NetLimits
  /** Needed by the transport `webtransport` only. */
  readonly webTransport?: { readonly addon: WebTransportAddon; readonly certificates: Certificates }
}

export interface LightNode {
  /** Multiaddrs with the peer id, as they are now: certificates in them change. */
  addresses(): readonly string[]
  /** Number of open connections. */
  connections(): number
  stop(): Promise<void>
}

const IDLE_CHECK_MILLIS = 15_000
const CLOSE_MILLIS = 2_000

/** Throws `NodeError` `busyPort` when it cannot listen. */
export async function startLightNode(options: LightNodeOptions): Promise<LightNode> {
  const { limits, source } = options
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
    connectionManager: {
      maxConnections: limits.connections,
      maxIncomingPendingConnections: limits.pendingConnections,
      inboundConnectionThreshold: limits.connectionsPerSecond,
      inboundUpgradeTimeout: limits.handshakeMillis,
      inboundStreamProtocolNegotiationTimeout: limits.handshakeMillis,
    },
  })
  const service = new LightService(source, limits)
  await service.register(node)
  node.addEventListener('connection:close', ({ detail }) => service.forget(detail.id))
  try {
    await node.start()
  } catch (error) {
    await node.stop()
    throw new NodeError('busyPort', `cannot listen for peers on ${options.host}: ${messageOf(error)}`, { cause: error })
  }
  const reaper = setInterval(() => closeIdle(node, service, limits), IDLE_CHECK_MILLIS).unref()
  return {
    addresses: () => node.getMultiaddrs().map(String),
    connections: () => node.getConnections().length,
    stop: async () => {
      clearInterval(reaper)
      await service.stop()
      await node.stop()
    },
  }
}

function listenAddress(name: TransportName, host: string, port: number): string {
  const ip = `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}`
  switch (name) {
    case 'websocket':
      return `${ip}/tcp/${port}/ws`
    case 'webrtc-direct':
      return `${ip}/udp/${port}/webrtc-direct`
    case 'webtransport':
      return `${ip}/udp/${port}/quic-v1/webtransport`
  }
}

function transport(name: TransportName, { webTransport, limits }: LightNodeOptions) {
  switch (name) {
    case 'websocket':
      return boundedWebSockets(limits)
    case 'webrtc-direct':
      return webRTCDirect()
    case 'webtransport':
      if (webTransport === undefined) throw new NodeError('options', 'the transport webtransport needs the addon')
      return webTransportListen({ ...webTransport, limits })
  }
}

/** Connections that nobody talks over make room for others. */
function closeIdle(node: Libp2p, service: LightService, limits: NetLimits): void {
  const now = Date.now()
  for (const connection of node.getConnections()) {
    const lastUse = service.lastUse(connection.id) ?? connection.timeline.open
    if (service.conversations(connection.id) > 0 || now - lastUse < limits.idleConnectionMillis) continue
    connection.close({ signal: AbortSignal.timeout(CLOSE_MILLIS) }).catch((error) => connection.abort(error))
  }
}
