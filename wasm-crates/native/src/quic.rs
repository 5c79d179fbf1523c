//! QUIC and WebTransport (crate `quic`), which Node has none of. What the bytes mean is decided in `server-node/net/quic`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ::quic::{BrowserCertificate, Draft, Endpoint, Identity, Limits, Session, Stream};
use napi::bindgen_prelude::{Error, Result, Uint8Array};
use napi_derive::napi;

fn failed(error: impl std::fmt::Display) -> Error {
    Error::from_reason(error.to_string())
}

fn address(host: &str, port: u16) -> Result<SocketAddr> {
    let ip: IpAddr = host
        .parse()
        .map_err(|_| failed(format!("not an IP address: {host}")))?;
    Ok(SocketAddr::new(ip, port))
}

/// A self-signed certificate for `serverCertificateHashes` of browsers: ECDSA P-256, at most 14 days.
#[napi(object)]
pub struct WebTransportCertificate {
    /// X.509, DER.
    pub certificate: Uint8Array,
    /// PKCS #8, DER. Secret.
    pub private_key: Uint8Array,
    /// SHA-256 of `certificate`.
    pub sha256: Uint8Array,
    /// Start of validity, milliseconds since the epoch.
    pub not_before: f64,
    /// End of validity, milliseconds since the epoch.
    pub not_after: f64,
}

/// Makes a certificate that is valid from an hour ago for `days` days in all (1 to 14).
#[napi]
pub fn webtransport_certificate(days: u32) -> Result<WebTransportCertificate> {
    let made = BrowserCertificate::new(days).map_err(failed)?;
    Ok(WebTransportCertificate {
        certificate: Uint8Array::new(made.certificate),
        private_key: Uint8Array::new(made.private_key.to_vec()),
        sha256: Uint8Array::new(made.sha256.to_vec()),
        not_before: made.not_before as f64 * 1000.0,
        not_after: made.not_after as f64 * 1000.0,
    })
}

/// Limits of one endpoint (`quic::Limits`).
#[napi(object)]
pub struct QuicLimits {
    /// Connections that came in, handshakes included.
    pub inbound: u32,
    /// Connections dialled, handshakes included.
    pub outbound: u32,
    /// Handshakes of connections that come in.
    pub handshakes: u32,
    /// Sessions of each kind that wait to be accepted.
    pub backlog: u32,
    /// Streams that a libp2p peer opened in one connection.
    pub streams: u32,
    /// Streams that a browser opened in one session.
    pub web_streams: u32,
    /// From the first packet to the session.
    pub handshake_millis: u32,
    /// A connection without any packet ends after this time.
    pub idle_millis: u32,
}

impl From<QuicLimits> for Limits {
    fn from(limits: QuicLimits) -> Self {
        let count = |number: u32| number.clamp(1, 65_536) as usize;
        Limits {
            inbound: count(limits.inbound),
            outbound: count(limits.outbound),
            handshakes: count(limits.handshakes),
            backlog: count(limits.backlog),
            streams: limits.streams.clamp(1, 65_536),
            web_streams: limits.web_streams.clamp(1, 65_536),
            handshake: Duration::from_millis(limits.handshake_millis.max(1).into()),
            idle: Duration::from_millis(limits.idle_millis.max(1_000).into()),
        }
    }
}

/// A TLS key of this process that the host key has not yet signed.
#[napi]
pub struct QuicDraft {
    draft: Draft,
}

#[napi]
impl QuicDraft {
    /// Makes the key, which never leaves the addon.
    #[napi(constructor)]
    pub fn new() -> Result<Self> {
        let draft = Draft::new().map_err(failed)?;
        Ok(QuicDraft { draft })
    }

    /// What the host key has to sign.
    #[napi(getter)]
    pub fn message(&self) -> Uint8Array {
        Uint8Array::new(self.draft.message())
    }

    /// With the host key's public record (protobuf) and its signature over `message`.
    #[napi]
    pub fn sign(&self, host_key: Uint8Array, signature: Uint8Array) -> Result<QuicIdentity> {
        let identity = self.draft.sign(&host_key, &signature).map_err(failed)?;
        Ok(QuicIdentity { identity })
    }
}

/// Our libp2p certificate and its key.
#[napi]
pub struct QuicIdentity {
    identity: Identity,
}

/// One UDP socket.
#[napi]
pub struct QuicEndpoint {
    endpoint: Endpoint,
}

#[napi]
impl QuicEndpoint {
    /// Binds `host` (an IP address) and `port` (0 = any). It serves nobody until told to.
    #[napi(factory)]
    pub async fn bind(
        host: String,
        port: u16,
        identity: &QuicIdentity,
        limits: QuicLimits,
    ) -> Result<QuicEndpoint> {
        let address = address(&host, port)?;
        let endpoint = Endpoint::bind(address, &identity.identity, limits.into());
        let endpoint = endpoint.map_err(failed)?;
        Ok(QuicEndpoint { endpoint })
    }

    /// Port that is bound.
    #[napi(getter)]
    pub fn port(&self) -> u16 {
        self.endpoint.address().port()
    }

    /// New connections of libp2p peers are accepted, or refused.
    #[napi]
    pub fn serve_libp2p(&self, serves: bool) -> Result<()> {
        self.endpoint.serve_libp2p(serves).map_err(failed)
    }

    /// New WebTransport sessions for `path` (query included) get this certificate; open ones go on.
    #[napi]
    pub fn serve_web_transport(
        &self,
        path: String,
        certificate: Uint8Array,
        private_key: Uint8Array,
    ) -> Result<()> {
        self.endpoint
            .serve_webtransport(&path, &certificate, &private_key)
            .map_err(failed)
    }

    /// New WebTransport sessions are refused.
    #[napi]
    pub fn stop_web_transport(&self) -> Result<()> {
        self.endpoint.stop_webtransport().map_err(failed)
    }

    /// Next libp2p peer that came in, or null after `close`.
    #[napi]
    pub async fn accept_peer(&self) -> Result<Option<QuicSession>> {
        Ok(self.endpoint.accept_peer().await.map(QuicSession::from))
    }

    /// Next browser that came in, or null after `close`.
    #[napi]
    pub async fn accept_browser(&self) -> Result<Option<QuicSession>> {
        Ok(self.endpoint.accept_browser().await.map(QuicSession::from))
    }

    /// Connects with the libp2p peer at `host` (an IP address) and `port`.
    #[napi]
    pub async fn dial(&self, host: String, port: u16) -> Result<QuicSession> {
        let dialled = self.endpoint.dial(address(&host, port)?).await;
        dialled.map(QuicSession::from).map_err(failed)
    }

    /// Ends the endpoint and all its sessions. Idempotent.
    #[napi]
    pub async fn close(&self) -> Result<()> {
        self.endpoint.close().await;
        Ok(())
    }
}

/// A host key that a peer claims, to be verified (`quic::HostKey`).
#[napi(object)]
pub struct QuicHostKey {
    /// libp2p public key record (protobuf).
    pub public_key: Uint8Array,
    /// The host key's signature over `message`.
    pub signature: Uint8Array,
    /// What it has to have signed.
    pub message: Uint8Array,
}

/// One session: a QUIC connection with a libp2p peer, or a browser's WebTransport session.
#[napi]
pub struct QuicSession {
    session: Session,
}

impl From<Session> for QuicSession {
    fn from(session: Session) -> Self {
        QuicSession { session }
    }
}

#[napi]
impl QuicSession {
    /// Peer's `address:port`.
    #[napi(getter)]
    pub fn remote(&self) -> String {
        self.session.remote().to_string()
    }

    /// What the certificate of a libp2p peer claims; null for a browser.
    #[napi(getter)]
    pub fn host_key(&self) -> Option<QuicHostKey> {
        self.session.host_key().map(|key| QuicHostKey {
            public_key: Uint8Array::new(key.public_key.clone()),
            signature: Uint8Array::new(key.signature.clone()),
            message: Uint8Array::new(key.message.clone()),
        })
    }

    /// Next stream that the peer opens, or null when the session is over.
    #[napi]
    pub async fn accept_stream(&self) -> Result<Option<QuicStream>> {
        Ok(self.session.accept_stream().await.map(QuicStream::from))
    }

    /// Opens a stream; waits while the peer allows no more of them.
    #[napi]
    pub async fn open_stream(&self) -> Result<QuicStream> {
        let opened = self.session.open_stream().await;
        opened.map(QuicStream::from).map_err(failed)
    }

    /// Waits for the end of the session and answers why it ended.
    #[napi]
    pub async fn closed(&self) -> Result<String> {
        Ok(self.session.closed().await)
    }

    /// Ends the session. Idempotent.
    #[napi]
    pub fn close(&self, code: u32, reason: String) {
        self.session.close(code, &reason);
    }
}

/// One bidirectional stream. Call `reset` when done with it, also after `finish`: it frees the peer's place.
#[napi]
pub struct QuicStream {
    stream: Stream,
}

impl From<Stream> for QuicStream {
    fn from(stream: Stream) -> Self {
        QuicStream { stream }
    }
}

#[napi]
impl QuicStream {
    /// Next bytes (1 to 65,536); null at the end of the stream or after `stop` or `reset`. Error: the peer reset it or is gone.
    #[napi]
    pub async fn read(&self) -> Result<Option<Uint8Array>> {
        let bytes = self.stream.read().await.map_err(failed)?;
        Ok(bytes.map(Uint8Array::new))
    }

    /// Resolves when all bytes are handed to the connection, that is when the peer's window has room for them.
    #[napi]
    pub async fn write(&self, bytes: Uint8Array) -> Result<()> {
        // A copy: JavaScript may change its own meanwhile.
        let bytes = bytes.to_vec();
        self.stream.write(&bytes).await.map_err(failed)
    }

    /// Ends the writable side and waits until the peer has received what was written.
    #[napi]
    pub async fn finish(&self) -> Result<()> {
        self.stream.finish().await.map_err(failed)
    }

    /// Asks the peer to send no more; a waiting `read` answers null.
    #[napi]
    pub async fn stop(&self, code: u32) -> Result<()> {
        self.stream.stop(code).await;
        Ok(())
    }

    /// Ends both sides at once; a waiting `read` or `write` returns. Idempotent.
    #[napi]
    pub async fn reset(&self, code: u32) -> Result<()> {
        self.stream.reset(code).await;
        Ok(())
    }
}
