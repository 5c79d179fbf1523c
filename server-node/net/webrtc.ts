/**
 * libp2p's WebRTC-direct transport, for tabs. It listens only: nodes have better ways to each other. When its listener is closed, the native
 * library may leave the socket open and free what its thread calls for each new STUN packet (node-datachannel 0.33.4): the next tab that
 * dials ends the process. So what it calls is kept here as long as the process runs, and answers nobody once the listener is closed. A
 * process that has listened ends by `process.exit` only.
 *
 * A single STUN packet, whose sender may lie about its address, makes the library allocate a whole peer connection, as often as it comes
 * with another name. So those that are not yet authenticated have places here; without one they are not heard, and cost nothing, not
 * even the signal of their time-out, which the library makes for every packet.
 */
import type { Listener, Transport } from '@libp2p/interface'
import { webRTCDirect } from '@libp2p/webrtc'
import type { NetLimits } from './limits.ts'
import { PendingPlaces } from './pending.ts'

type Limits = Pick<NetLimits, 'inboundConnections' | 'pendingConnections'>

/** Parts of the library's listener that are completed. */
interface WebRTCListener extends Listener {
  /** Once it listens. */
  readonly stunServer: { close(): Promise<void> } | undefined
  /** Peer connections that are not closed, authenticated or not. */
  readonly connections: ReadonlyMap<string, unknown>
  readonly shutdownController: AbortController
  components: { readonly upgrader: SignalMaker }
  /** Resolves when the peer is authenticated; rejects when the signal comes first. */
  incomingConnection(ufrag: string, host: string, port: number, signal: AbortSignal): Promise<void>
}

interface ClearableSignal extends AbortSignal {
  clear(): void
}

interface SignalMaker {
  /** Comes with `signal`, or when the time for handshakes is over. */
  createInboundAbortSignal(signal: AbortSignal): ClearableSignal
}

/** What owns the native parts of closed listeners. Their ports are free when the process ends. */
const kept: unknown[] = []

export function listeningWebRTC(limits: Limits): ReturnType<typeof webRTCDirect> {
  // A tab knows our address: no server of somebody else, as the library has by default, is asked for it.
  const make = webRTCDirect({ rtcConfiguration: { iceServers: [] } })
  return (components) => {
    const transport: Transport = make(components)
    const create = transport.createListener.bind(transport)
    transport.createListener = (options) => complete(create(options), limits)
    transport.dialFilter = () => []
    return transport
  }
}

function complete(created: Listener, limits: Limits): Listener {
  if (!isWebRTCListener(created)) throw new Error('this release of @libp2p/webrtc has another listener')
  const accept = created.incomingConnection.bind(created)
  const close = created.close.bind(created)
  const { upgrader } = created.components
  created.components = withoutSignals(created.components)
  const places = new PendingPlaces(limits.pendingConnections)
  const begun = new Set<string>()
  let isClosed = false
  created.incomingConnection = async (ufrag, host, port) => {
    // The library makes a second peer connection for a packet that is repeated while it makes the first.
    const key = `${host}:${port}:${ufrag}`
    if (isClosed || begun.has(key) || created.connections.size >= limits.inboundConnections) return
    const leave = places.take(host)
    if (leave === undefined) return
    begun.add(key)
    const signal = upgrader.createInboundAbortSignal(created.shutdownController.signal)
    try {
      await accept(ufrag, host, port, signal)
    } finally {
      signal.clear()
      begun.delete(key)
      leave()
    }
  }
  created.close = async () => {
    isClosed = true
    const { stunServer } = created
    if (stunServer !== undefined) {
      kept.push(stunServer.close)
      stunServer.close = async () => undefined
    }
    await close()
  }
  return created
}

/** The same for the library, which makes a signal before it asks what to do with a packet: it gets one that never comes. */
function withoutSignals(components: WebRTCListener['components']): WebRTCListener['components'] {
  const never: ClearableSignal = Object.assign(new AbortController().signal, { clear: () => undefined })
  const upgrader: SignalMaker = { createInboundAbortSignal: () => never }
  return Object.create(components, { upgrader: { value: upgrader } })
}

function isWebRTCListener(listener: Listener): listener is WebRTCListener {
  return ['stunServer', 'connections', 'components', 'shutdownController', 'incomingConnection'].every(
    (name) => name in listener,
  )
}
