/** The WebTransport part of the addon as JavaScript sees it (wasm-crates/native/src/webtransport.rs says what each does). */

export interface WtCertificate {
  /** X.509, DER. */
  readonly certificate: Uint8Array
  /** PKCS #8, DER. Secret. */
  readonly privateKey: Uint8Array
  readonly sha256: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

export interface WtLimits {
  readonly maxSessions: number
  readonly backlog: number
  readonly maxStreams: number
  readonly handshakeTimeoutMillis: number
  readonly idleTimeoutMillis: number
}

export interface WtServer {
  readonly port: number
  replaceCertificate(certificate: Uint8Array, privateKey: Uint8Array): void
  /** Null after `close`. */
  accept(): Promise<WtSession | null>
  close(): Promise<void>
}

export interface WtSession {
  /** `address:port`. */
  readonly remote: string
  /** Null when the session is over. */
  acceptStream(): Promise<WtStream | null>
  openStream(): Promise<WtStream>
  /** Resolves with the reason when the session is over. */
  closed(): Promise<string>
  close(code: number, reason: string): void
}

export interface WtStream {
  /** Null at the end, or after `stop` or `reset` here; rejects when the peer reset it or is gone. */
  read(): Promise<Uint8Array | null>
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
  stop(code: number): Promise<void>
  reset(code: number): Promise<void>
}

export interface WebTransportAddon {
  webtransportCertificate(days: number): WtCertificate
  readonly WtServer: {
    listen(
      host: string,
      port: number,
      path: string,
      certificate: Uint8Array,
      privateKey: Uint8Array,
      limits: WtLimits,
    ): Promise<WtServer>
  }
}
