/**
 * Sockets of libp2p's WebSocket transport end with their connections. A reset of the library closes with a code that sockets refuse to send, and
 * a connection that is not taken (another peer, too slow, faulty) is left to the other side: either leaves the socket open for good.
 */
import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import { messageOf } from './errors.ts'

interface WebSocketConnection extends MultiaddrConnection {
  readonly websocket: { close(): void; terminate?(): void }
  sendReset(): void
}

/** libp2p's WebSockets for who only dials. */
export function dialledWebSockets(): ReturnType<typeof webSockets> {
  const make = webSockets()
  return (components) => {
    const transport: Transport = make(components)
    const dial = transport.dial.bind(transport)
    transport.dial = (address, options) => dial(address, { ...options, upgrader: endingSockets(options.upgrader) })
    return transport
  }
}

/** An upgrader whose connections end their sockets when they are reset or not taken. */
export function endingSockets(upgrader: Upgrader): Upgrader {
  const upgraded = async <T>(connection: MultiaddrConnection, upgrade: () => Promise<T>): Promise<T> => {
    if (!isWebSocketConnection(connection)) throw new Error('this release of @libp2p/websockets has another connection')
    const { websocket } = connection
    connection.sendReset = () => (websocket.terminate ? websocket.terminate() : websocket.close())
    try {
      return await upgrade()
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error(messageOf(error)))
      throw error
    }
  }
  return Object.assign(Object.create(upgrader), {
    upgradeInbound: (connection, options) => upgraded(connection, () => upgrader.upgradeInbound(connection, options)),
    upgradeOutbound: (connection, options) => upgraded(connection, () => upgrader.upgradeOutbound(connection, options)),
  } satisfies Partial<Upgrader>)
}

const isWebSocketConnection = (connection: MultiaddrConnection): connection is WebSocketConnection =>
  'websocket' in connection && 'sendReset' in connection
