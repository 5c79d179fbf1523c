/** What a peer under test can be told, whatever it is made of. */

export type KeyKind = 'Ed25519' | 'Ed448'

/** What was agreed on with a connected peer. */
export interface Link {
  readonly peer: string
  readonly direction: 'inbound' | 'outbound'
  /** Protocol ids; QUIC has no name for the muxer that it is itself. */
  readonly security: string
  readonly muxer: string
  readonly address: string
}

/** What identify found out about a peer. */
export interface Identity {
  readonly protocolVersion: string
  readonly agentVersion: string
  readonly protocols: readonly string[]
  readonly listenAddresses: readonly string[]
  /** Whether the addresses came signed. */
  readonly signedRecord: boolean
  /** 1 = Ed25519, 4 = Ed448. */
  readonly keyType: number
  /** Public key record, hex. */
  readonly key: string
}

export interface Provider {
  readonly peer: string
  readonly addresses: readonly string[]
}

/** Everything rejects with an `Error` that tells why. */
export interface InteropPeer {
  readonly peerId: string
  /** Multiaddrs with the peer id. */
  readonly addresses: readonly string[]
  dial(address: string): Promise<Link>
  /** Rejects at once when there is no connection. */
  link(peer: string): Promise<Link>
  /** Waits until identify has run. */
  identified(peer: string): Promise<Identity>
  /** Milliseconds. */
  ping(peer: string): Promise<number>
  /** What comes back of `hex` on a stream of the echo protocol. */
  echo(peer: string, hex: string): Promise<string>
  hangUp(peer: string): Promise<void>
  /** Peers that Kademlia would ask. */
  routingTable(): Promise<readonly string[]>
  provide(cid: string): Promise<void>
  findProviders(cid: string): Promise<readonly Provider[]>
  stop(): Promise<void>
}

/** Types of key records (docs/protocol/50-p2p.md section 1). */
export const KEY_TYPES: Readonly<Record<KeyKind, number>> = { Ed25519: 1, Ed448: 4 }

export const ECHO_PROTOCOL = '/petal/interop/echo/1.0.0'
