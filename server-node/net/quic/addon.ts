/** The QUIC part of the addon as JavaScript sees it (wasm-crates/native/src/quic.rs says what each does). */

/** A self-signed certificate for browsers. */
export interface WebTransportCertificate {
  /** X.509, DER. */
  readonly certificate: Uint8Array
  /** PKCS #8, DER. Secret. */
  readonly privateKey: Uint8Array
  readonly sha256: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

export interface QuicLimits {
  /** Connections at one time, handshakes included. */
  readonly inbound: number
  readonly outbound: number
  /** Handshakes of connections that come in. */
  readonly handshakes: number
  /** Sessions of each kind that wait to be accepted. */
  readonly backlog: number
  /** Streams at one time that a peer opened in one connection, and that a browser opened in one session. */
  readonly streams: number
  readonly webStreams: number
  readonly handshakeMillis: number
  readonly idleMillis: number
}

/** A TLS key of this process that the host key has not yet signed. */
export interface QuicDraft {
  /** What the host key has to sign. */
  readonly message: Uint8Array
  /** With the host key's public record (protobuf) and its signature. */
  sign(hostKey: Uint8Array, signature: Uint8Array): QuicIdentity
}

/** Our libp2p certificate and its key. */
export type QuicIdentity = { readonly [opaque in 'QuicIdentity']: never }

/** One UDP socket. */
export interface QuicEndpoint {
  readonly port: number
  serveLibp2P(serves: boolean): void
  serveWebTransport(path: string, certificate: Uint8Array, privateKey: Uint8Array): void
  stopWebTransport(): void
  /** Null after `close`. */
  acceptPeer(): Promise<QuicSession | null>
  acceptBrowser(): Promise<QuicSession | null>
  /** `host` is an IP address. */
  dial(host: string, port: number): Promise<QuicSession>
  close(): Promise<void>
}

/** A host key that a peer claims: its own only if `signature` is that key's over `message`. */
export interface QuicHostKey {
  /** libp2p public key record (protobuf). */
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
  readonly message: Uint8Array
}

/** A QUIC connection with a libp2p peer, or a browser's WebTransport session. */
export interface QuicSession {
  /** `address:port`. */
  readonly remote: string
  /** Null for a browser. */
  readonly hostKey: QuicHostKey | null
  /** Null when the session is over. */
  acceptStream(): Promise<QuicStream | null>
  openStream(): Promise<QuicStream>
  /** Resolves with the reason when the session is over. */
  closed(): Promise<string>
  close(code: number, reason: string): void
}

export interface QuicStream {
  /** Null at the end, or after `stop` or `reset` here; rejects when the peer reset it or is gone. */
  read(): Promise<Uint8Array | null>
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
  stop(code: number): Promise<void>
  reset(code: number): Promise<void>
}

export interface QuicAddon {
  webtransportCertificate(days: number): WebTransportCertificate
  readonly QuicDraft: new () => QuicDraft
  readonly QuicEndpoint: {
    bind(host: string, port: number, identity: QuicIdentity, limits: QuicLimits): Promise<QuicEndpoint>
  }
}
