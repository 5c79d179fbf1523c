/**
 * libp2p's WebSocket transport, made fit for strangers. Its listener takes messages of 100 MiB before a peer is authenticated, waits for
 * ever for the first byte of a socket, and ends the process on a malformed frame, because nobody listens to the errors of
 * its sockets. None of this has an option, so the listener is completed here; tests send what used to hurt.
 */
import type { Server } from 'node:net'
import type { Listener, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import { messageOf } from '../errors.ts'
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

/** A connection of the library, whose reset closes with a code that sockets refuse to send, and so leaves them open. */
interface WebSocketConnection extends MultiaddrConnection {
  readonly websocket: { close(): void; terminate?(): void }
  sendReset(): void
}

/** An upgrader whose connections end their sockets when they are aborted: refused, too slow or faulty ones. */
function endingSockets(upgrader: Upgrader): Upgrader {
  const ending = (connection: MultiaddrConnection) => {
    if (!isWebSocketConnection(connection)) throw new Error('this release of @libp2p/websockets has another connection')
    const { websocket } = connection
    connection.sendReset = () => (websocket.terminate ? websocket.terminate() : websocket.close())
    return connection
  }
  return Object.assign(Object.create(upgrader), {
    upgradeInbound: async (connection, options) => {
      try {
        await upgrader.upgradeInbound(ending(connection), options)
      } catch (error) {
        // The library closes it politely, and would wait for the answer of a peer that was refused.
        connection.abort(error instanceof Error ? error : new Error(messageOf(error)))
        throw error
      }
    },
    upgradeOutbound: (connection, options) => upgrader.upgradeOutbound(ending(connection), options),
  } satisfies Partial<Upgrader>)
}

const isWebSocketConnection = (connection: MultiaddrConnection): connection is WebSocketConnection =>
  'websocket' in connection && 'sendReset' in connection

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
