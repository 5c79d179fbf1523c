/**
 * libp2p's WebSocket transport, made fit for strangers. Its listener takes messages of 100 MiB before a peer is authenticated, waits for
 * ever for the first byte of a socket, and ends the process on a malformed frame, because nobody listens to the errors of
 * its sockets. None of this has an option, so the listener is completed here; tests send what used to hurt.
 */
import type { Server } from 'node:net'
import type { Listener, Transport } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import { endingSockets } from '@petal/p2p/websocket.ts'
import type { NetLimits } from './limits.ts'

/** Noise messages have at most 64 KiB. */
const MAX_MESSAGE_BYTES = 256 << 10
/** Unsent bytes of a connection before its streams have to wait. */
const MAX_UNSENT_BYTES = 1 << 20
const HEADER_BYTES = 8 << 10

/** Parts of the library's listener that are completed. */
interface WebSocketListener extends Listener {
  readonly server: Server
  readonly wsServer: { readonly options: { maxPayload: number } }
  onWsServerConnection(socket: NodeJS.EventEmitter, request: unknown): void
}

export function boundedWebSockets(limits: NetLimits): ReturnType<typeof webSockets> {
  const make = webSockets({
    maxBufferedAmount: MAX_UNSENT_BYTES,
    http: {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: limits.handshakeMillis,
      requestTimeout: limits.handshakeMillis,
    },
  })
  return (components) => {
    const transport: Transport = make(components)
    const create = transport.createListener.bind(transport)
    const dial = transport.dial.bind(transport)
    transport.createListener = (options) =>
      complete(create({ ...options, upgrader: endingSockets(options.upgrader) }), limits)
    transport.dial = (address, options) => dial(address, { ...options, upgrader: endingSockets(options.upgrader) })
    return transport
  }
}

function complete(created: Listener, limits: NetLimits): Listener {
  if (!isWebSocketListener(created)) throw new Error('this release of @libp2p/websockets has another listener')
  created.wsServer.options.maxPayload = MAX_MESSAGE_BYTES
  created.server.maxConnections = limits.connections
  created.server.on('connection', (socket) => {
    // Until the upgrade, which ends it: from then on libp2p's own time-outs count.
    socket.setTimeout(limits.handshakeMillis, () => socket.destroy())
  })
  const accept = created.onWsServerConnection.bind(created)
  created.onWsServerConnection = (socket, request) => {
    // A malformed frame is an error and then a close; the close is what libp2p hears.
    socket.on('error', () => undefined)
    accept(socket, request)
  }
  return created
}

function isWebSocketListener(listener: Listener): listener is WebSocketListener {
  return 'wsServer' in listener && 'server' in listener && 'onWsServerConnection' in listener
}
