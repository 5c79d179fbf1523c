/**
 * libp2p's WebRTC-direct transport, for tabs. It listens only: nodes have better ways to each other. When its listener is closed, the native
 * library may leave the socket open and free what its thread calls for each new STUN packet (node-datachannel 0.33.4): the next tab that
 * dials ends the process. So what it calls is kept here as long as the process runs, and answers nobody once the listener is closed. A
 * process that has listened ends by `process.exit` only.
 */
import type { Listener, Transport } from '@libp2p/interface'
import { webRTCDirect } from '@libp2p/webrtc'

/** Parts of the library's listener that are completed. */
interface WebRTCListener extends Listener {
  /** Once it listens. */
  readonly stunServer: { close(): Promise<void> } | undefined
  incomingConnection(...request: unknown[]): Promise<void>
}

/** What owns the native parts of closed listeners. Their ports are free when the process ends. */
const kept: unknown[] = []

export function listeningWebRTC(): ReturnType<typeof webRTCDirect> {
  // A tab knows our address: no server of somebody else, as the library has by default, is asked for it.
  const make = webRTCDirect({ rtcConfiguration: { iceServers: [] } })
  return (components) => {
    const transport: Transport = make(components)
    const create = transport.createListener.bind(transport)
    transport.createListener = (options) => complete(create(options))
    transport.dialFilter = () => []
    return transport
  }
}

function complete(created: Listener): Listener {
  if (!isWebRTCListener(created)) throw new Error('this release of @libp2p/webrtc has another listener')
  const accept = created.incomingConnection.bind(created)
  const close = created.close.bind(created)
  let isClosed = false
  created.incomingConnection = async (...request) => {
    if (!isClosed) await accept(...request)
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

function isWebRTCListener(listener: Listener): listener is WebRTCListener {
  return 'stunServer' in listener && 'incomingConnection' in listener
}
