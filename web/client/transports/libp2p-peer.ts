/** `LightPeer` over a js-libp2p node. One node dials with one transport; every connection has its own protocol streams. */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLightPeer, type LightStream } from '@petal/core/light/light-peer.ts'
import { LIGHT_PROTOCOL, type LightPeer, PeerError } from '@petal/core/platform/network.ts'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { BuiltIn } from './kinds.ts'

type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

/** What the client says in its hello. */
export interface Greeting {
  readonly network: string
  readonly profile: string
}

export interface Libp2pDialer {
  dial(address: string, greeting: Greeting, signal: AbortSignal): Promise<LightPeer>
  stop(): Promise<void>
}

/** A node that only dials. Private addresses are dialled as any other: a person's own node is often one. */
export async function createDialer(kind: BuiltIn, transport: TransportFactory): Promise<Libp2pDialer> {
  const node = await createLibp2p({
    addresses: { listen: [] },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false },
  })
  return {
    dial: (address, greeting, signal) => dial(node, kind, address, greeting, signal),
    stop: async () => await node.stop(),
  }
}

async function dial(
  node: Libp2p,
  kind: BuiltIn,
  address: string,
  greeting: Greeting,
  signal: AbortSignal,
): Promise<LightPeer> {
  let connection: Connection
  try {
    connection = await node.dial(multiaddr(address), { signal, force: true })
  } catch (cause) {
    // Browsers do not tell scripts why a WebSocket failed: the cause is a mere event then.
    const told = cause instanceof Error && !cause.message.startsWith('[object') ? cause.message : 'nobody answers there'
    const why = signal.aborted ? 'nobody answered in time' : told
    throw new PeerError(signal.aborted ? 'timeout' : 'dial', `no connection by ${kind}: ${why}`, { cause })
  }
  return createLightPeer({
    id: connection.remotePeer.toString(),
    address,
    transport: kind,
    ...greeting,
    openStream: async (streamSignal) =>
      lightStream(await connection.newStream(LIGHT_PROTOCOL, { signal: streamSignal })),
    close: async () => {
      try {
        await connection.close({ signal: AbortSignal.timeout(1000) })
      } catch (error) {
        connection.abort(error instanceof Error ? error : new Error(String(error)))
      }
    },
  })
}

function lightStream(stream: Stream): LightStream {
  return {
    source: chunks(stream),
    write: async (bytes) => {
      if (!stream.send(bytes)) await stream.onDrain({ signal: AbortSignal.timeout(10_000) })
    },
    close: () => stream.abort(new Error('the stream is not needed any more')),
  }
}

async function* chunks(stream: Stream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield chunk instanceof Uint8Array ? chunk : chunk.subarray()
}
