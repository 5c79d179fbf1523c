/** `LightPeer` over a connection of a js-libp2p node; every connection has its own protocol streams. */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createLightPeer, type LightStream } from '@petal/core/light/light-peer.ts'
import { LIGHT_PROTOCOL, type LightPeer, PeerError } from '@petal/core/platform/network.ts'
import { drained } from './drained.ts'

/** What we say in our hello. */
export interface Greeting {
  readonly network: string
  readonly profile: string
}

export interface DialOptions {
  /** The connection belongs to the node: one that is there is used, and it stays open when the peer is closed. */
  readonly shared?: boolean
}

/** Dials an address and speaks `/petal/light/1.0.0`. `transport`: its name, for people. Rejects with `PeerError`. */
export async function dialLightPeer(
  node: Libp2p,
  transport: string,
  address: string,
  greeting: Greeting,
  signal: AbortSignal,
  { shared = false }: DialOptions = {},
): Promise<LightPeer> {
  let connection: Connection
  try {
    connection = await node.dial(multiaddr(address), { signal, force: !shared })
  } catch (cause) {
    // Browsers do not tell scripts why a WebSocket failed: the cause is a mere event then.
    const told = cause instanceof Error && !cause.message.startsWith('[object') ? cause.message : 'nobody answers there'
    const why = signal.aborted ? 'nobody answered in time' : told
    throw new PeerError(signal.aborted ? 'timeout' : 'dial', `no connection by ${transport}: ${why}`, { cause })
  }
  return createLightPeer({
    id: connection.remotePeer.toString(),
    address,
    transport,
    ...greeting,
    openStream: async (streamSignal) =>
      lightStream(await connection.newStream(LIGHT_PROTOCOL, { signal: streamSignal })),
    close: async () => {
      if (shared) return
      try {
        await connection.close({ signal: AbortSignal.timeout(1000) })
      } catch (error) {
        connection.abort(error instanceof Error ? error : new Error(String(error)))
      }
    },
  })
}

/** A stream of libp2p as the light protocol speaks over it. */
export function lightStream(stream: Stream): LightStream {
  return {
    source: chunks(stream),
    write: async (bytes) => {
      if (!stream.send(bytes)) await drained(stream, AbortSignal.timeout(10_000))
    },
    close: () => stream.abort(new Error('the stream is not needed any more')),
  }
}

async function* chunks(stream: Stream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield chunk instanceof Uint8Array ? chunk : chunk.subarray()
}
