/** Dialling in the page: WebRTC, which workers do not have, and the embedder's functions. */
import { type LightPeer, type LightTransport, PeerError } from '@petal/core/platform/network.ts'
import type { Greeting } from '@petal/p2p/light-peer.ts'
import type { Way } from './page-services.ts'
import { isAvailable } from './transports/kinds.ts'
import type { Libp2pDialer } from './transports/libp2p-peer.ts'

export class PageDialing {
  readonly #functions: readonly LightTransport[]
  readonly #greeting: () => Greeting
  #webRtc: Promise<Libp2pDialer> | null = null

  constructor(functions: readonly LightTransport[], greeting: () => Greeting) {
    this.#functions = functions
    this.#greeting = greeting
  }

  async dial(address: string, way: Way, signal: AbortSignal): Promise<LightPeer> {
    if (typeof way === 'number') {
      const transport = this.#functions[way]
      if (transport === undefined) throw new PeerError('dial', 'no such transport')
      return await transport(address, signal)
    }
    if (!isAvailable('webrtc-direct', globalThis)) throw new PeerError('dial', 'this browser has no WebRTC')
    this.#webRtc ??= loadWebRtc()
    const dialer = await this.#webRtc.catch((error) => {
      this.#webRtc = null
      throw error
    })
    return await dialer.dial(address, this.#greeting(), signal)
  }

  async stop(): Promise<void> {
    const dialer = await this.#webRtc?.catch(() => null)
    await dialer?.stop()
  }
}

async function loadWebRtc(): Promise<Libp2pDialer> {
  return await (await import('./transports/webrtc-direct.ts')).createWebRtcDirectDialer()
}
