/** Contracts for peers that serve frames (protocol `/petal/light/1.0.0`, docs/architecture.md). */

export const LIGHT_PROTOCOL = '/petal/light/1.0.0'

/** What a peer says about itself; nothing of it is trusted. */
export interface PeerHello {
  /** Network name, for instance `local` or `mainnet`. */
  readonly network: string
  /** Protocol profile, for instance `2.1.0.24`. */
  readonly profile: string
  /** Newest frame number the peer can serve. */
  readonly head: bigint
  /** Oldest frame number the peer can serve. */
  readonly oldest: bigint
  /** Most headers in one answer. */
  readonly maxHeaders: number
}

export type PeerErrorCode =
  | 'dial' // could not connect
  | 'timeout' // no answer in time
  | 'closed' // the peer went away
  | 'protocol' // what came is not the protocol (malformed, too large, wrong order)
  | 'limited' // the peer's rate limit
  | 'notFound' // the peer does not have it
  | 'cancelled' // the caller's signal fired

export class PeerError extends Error {
  readonly code: PeerErrorCode
  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PeerError'
    this.code = code
  }
}

/** A connected peer. All bytes it returns are bounded (1 MiB a message, 64 KiB a header) but otherwise unverified. */
export interface LightPeer {
  /** Stable within a session: peer id or the embedder's own name. */
  readonly id: string
  /** Address that was dialled, for people. */
  readonly address: string
  /** `websocket` | `webrtc-direct` | `webtransport` | the embedder's own name. */
  readonly transport: string
  hello(signal: AbortSignal): Promise<PeerHello>
  /** Newest header, protobuf bytes. */
  head(signal: AbortSignal): Promise<Uint8Array>
  /** Headers from..from+count-1 that the peer has, ascending, at most `maxHeaders`. */
  headers(from: bigint, count: number, signal: AbortSignal): Promise<readonly Uint8Array[]>
  /** Calls `onHead` for each new head until the signal fires (resolves) or the peer fails (rejects). */
  subscribe(onHead: (header: Uint8Array) => void, signal: AbortSignal): Promise<void>
  /** Bytes in and out so far. */
  traffic(): { readonly received: number; readonly sent: number }
  close(): Promise<void>
}

/** Connects to one address, or throws `PeerError`. An embedder may pass its own. */
export type LightTransport = (address: string, signal: AbortSignal) => Promise<LightPeer>
