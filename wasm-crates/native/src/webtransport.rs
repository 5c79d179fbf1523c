//! WebTransport listener (QUIC, HTTP/3) for the Node program, which has none of its own.
//!
//! This file moves bytes and enforces limits; what the bytes mean (libp2p noise, streams, protocols) is decided in
//! `server-node/net/webtransport`. Limits: sessions and handshakes by one counter, queued sessions, streams per session, time for a
//! handshake, time without a packet. A peer beyond a limit is refused at once; nothing queues without bound. Unidirectional streams are
//! not part of libp2p's WebTransport and are stopped on arrival.
//!
//! Nothing here may panic: `Endpoint::accept` of wtransport does when the endpoint is closed under it, so `close` first ends the
//! accepting task and then closes; certificates from files are checked by rustls with errors, not by the builder that expects them right.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use napi::bindgen_prelude::{Error, Result, Uint8Array};
use napi_derive::napi;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use wtransport::endpoint::endpoint_side::Server;
use wtransport::tls::WEBTRANSPORT_ALPN;
use wtransport::tls::rustls::{self, pki_types};
use wtransport::tls::self_signed::time::{Duration as Span, OffsetDateTime};
use wtransport::{Connection, Endpoint, Identity, RecvStream, SendStream, ServerConfig, VarInt};

/// Most bytes that one `read` answers.
const READ_BYTES: usize = 65_536;
/// How long before its making a certificate is valid: clocks of browsers differ.
const BACKDATE: Span = Span::hours(1);
/// How long `close` waits for the last packets of its sessions.
const GOODBYE: Duration = Duration::from_millis(200);

fn failed(error: impl std::fmt::Display) -> Error {
    Error::from_reason(error.to_string())
}

/// Runs `work` until it is done or `stop` becomes true (then `None`).
async fn until<T>(stop: &watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    let mut stop = stop.clone();
    let mut stopped = pin!(async move {
        let _ = stop.wait_for(|stopped| *stopped).await;
    });
    let mut work = pin!(work);
    poll_fn(|context| match stopped.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(context).map(Some),
    })
    .await
}

/// A self-signed certificate for `serverCertificateHashes` of browsers: ECDSA P-256, at most 14 days.
#[napi(object)]
pub struct WtCertificate {
    /// X.509, DER.
    pub certificate: Uint8Array,
    /// PKCS #8, DER. Secret.
    pub private_key: Uint8Array,
    /// SHA-256 of `certificate`.
    pub sha256: Uint8Array,
    /// Start and end of validity, milliseconds since the epoch.
    pub not_before: f64,
    /// See `not_before`.
    pub not_after: f64,
}

/// Limits of one listener.
#[napi(object)]
pub struct WtLimits {
    /// Sessions and handshakes at one time.
    pub max_sessions: u32,
    /// Sessions that wait for `accept`.
    pub backlog: u32,
    /// Streams at one time that a peer opened in one session.
    pub max_streams: u32,
    /// From the first packet to the accepted session.
    pub handshake_timeout_millis: u32,
    /// A connection without any packet ends after this time.
    pub idle_timeout_millis: u32,
}

/// Makes a certificate that is valid from an hour ago for `days` days in all (1 to 14).
#[napi]
pub fn webtransport_certificate(days: u32) -> Result<WtCertificate> {
    if !(1..=14).contains(&days) {
        return Err(failed(format!(
            "certificate of {days} days: browsers accept 1 to 14"
        )));
    }
    let not_before = OffsetDateTime::now_utc() - BACKDATE;
    let not_after = not_before + Span::days(i64::from(days));
    let identity = Identity::self_signed_builder()
        .subject_alt_names(["localhost", "127.0.0.1", "::1"])
        .validity_period(not_before, not_after)
        .build()
        .map_err(failed)?;
    let chain = identity.certificate_chain().as_slice();
    let certificate = chain
        .first()
        .ok_or_else(|| failed("no certificate was made"))?;
    Ok(WtCertificate {
        certificate: Uint8Array::new(certificate.der().to_vec()),
        private_key: Uint8Array::new(identity.private_key().secret_der().to_vec()),
        sha256: Uint8Array::new(certificate.hash().as_ref().to_vec()),
        not_before: not_before.unix_timestamp() as f64 * 1000.0,
        not_after: not_after.unix_timestamp() as f64 * 1000.0,
    })
}

fn server_config(
    address: SocketAddr,
    certificate: &[u8],
    private_key: &[u8],
    idle: Duration,
) -> Result<ServerConfig> {
    let certificates = vec![pki_types::CertificateDer::from(certificate.to_vec())];
    let key = pki_types::PrivatePkcs8KeyDer::from(private_key.to_vec()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(failed)?;
    tls.alpn_protocols = vec![WEBTRANSPORT_ALPN.to_vec()];
    Ok(ServerConfig::builder()
        .with_bind_address(address)
        .with_custom_tls(tls)
        .max_idle_timeout(Some(idle))
        .map_err(failed)?
        .keep_alive_interval(Some(idle / 3))
        .build())
}

/// What every session of a listener needs to know.
struct Listening {
    endpoint: Endpoint<Server>,
    path: String,
    max_sessions: usize,
    max_streams: usize,
    handshake: Duration,
    slots: Arc<Semaphore>,
}

/// A WebTransport listener on one UDP port.
#[napi]
pub struct WtServer {
    /// None after `close`: the last owner of the endpoint frees its port.
    listening: SyncMutex<Option<Arc<Listening>>>,
    address: SocketAddr,
    idle: Duration,
    accepting: Mutex<Option<JoinHandle<()>>>,
    sessions: Mutex<mpsc::Receiver<WtSession>>,
    stop: watch::Sender<bool>,
}

#[napi]
impl WtServer {
    /// Binds `host` (an IP address) and `port` (0 = any) and accepts sessions for `path` (query included).
    /// Errors: address in use or malformed, certificate and key unusable.
    #[napi(factory)]
    pub async fn listen(
        host: String,
        port: u16,
        path: String,
        certificate: Uint8Array,
        private_key: Uint8Array,
        limits: WtLimits,
    ) -> Result<WtServer> {
        let ip: IpAddr = host.parse().map_err(failed)?;
        let idle = Duration::from_millis(u64::from(limits.idle_timeout_millis.max(1_000)));
        let config = server_config(SocketAddr::new(ip, port), &certificate, &private_key, idle)?;
        let endpoint = Endpoint::server(config).map_err(failed)?;
        let address = endpoint.local_addr().map_err(failed)?;
        let max_sessions = limits.max_sessions.clamp(1, 65_536) as usize;
        let listening = Arc::new(Listening {
            endpoint,
            path,
            max_sessions,
            max_streams: limits.max_streams.clamp(1, 1_024) as usize,
            handshake: Duration::from_millis(u64::from(limits.handshake_timeout_millis)),
            slots: Arc::new(Semaphore::new(max_sessions)),
        });
        let (ready, sessions) = mpsc::channel(limits.backlog.clamp(1, 1_024) as usize);
        let accepting = tokio::spawn(accept_sessions(listening.clone(), ready));
        Ok(WtServer {
            listening: SyncMutex::new(Some(listening)),
            address,
            idle,
            accepting: Mutex::new(Some(accepting)),
            sessions: Mutex::new(sessions),
            stop: watch::Sender::new(false),
        })
    }

    /// Port that is bound.
    #[napi(getter)]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// New sessions get this certificate; open ones go on.
    #[napi]
    pub fn replace_certificate(
        &self,
        certificate: Uint8Array,
        private_key: Uint8Array,
    ) -> Result<()> {
        let config = server_config(self.address, &certificate, &private_key, self.idle)?;
        match self.listening().as_ref() {
            Some(listening) => listening
                .endpoint
                .reload_config(config, false)
                .map_err(failed),
            None => Err(failed("the listener is closed")),
        }
    }

    fn listening(&self) -> std::sync::MutexGuard<'_, Option<Arc<Listening>>> {
        self.listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Next session, or null after `close`.
    #[napi]
    pub async fn accept(&self) -> Result<Option<WtSession>> {
        let stopped = self.stop.subscribe();
        let next = async { self.sessions.lock().await.recv().await };
        Ok(until(&stopped, next).await.flatten())
    }

    /// Ends the listener and all its sessions. Idempotent.
    #[napi]
    pub async fn close(&self) -> Result<()> {
        self.stop.send_replace(true);
        if let Some(accepting) = self.accepting.lock().await.take() {
            accepting.abort();
            // Only when the task is gone may the endpoint close: see the head of this file.
            let _ = accepting.await;
        }
        let listening = self.listening().take();
        if let Some(listening) = listening {
            listening.endpoint.close(VarInt::from_u32(0), b"");
            // Peers hear of it; one that does not answer is not waited for.
            let _ = tokio::time::timeout(GOODBYE, listening.endpoint.wait_idle()).await;
        }
        Ok(())
    }
}

async fn accept_sessions(listening: Arc<Listening>, ready: mpsc::Sender<WtSession>) {
    loop {
        let incoming = listening.endpoint.accept().await;
        let Ok(slot) = listening.slots.clone().try_acquire_owned() else {
            incoming.refuse();
            continue;
        };
        // Half full: senders prove that they own their address before they cost anything.
        let crowded = listening.slots.available_permits() < listening.max_sessions / 2;
        if crowded && !incoming.remote_address_validated() {
            incoming.retry();
            continue;
        }
        let (listening, ready) = (listening.clone(), ready.clone());
        tokio::spawn(async move {
            let accepted = async {
                let request = incoming.await.ok()?;
                if request.path() != listening.path {
                    request.not_found().await;
                    return None;
                }
                request.accept().await.ok()
            };
            let Ok(Some(connection)) = tokio::time::timeout(listening.handshake, accepted).await
            else {
                return;
            };
            let session = WtSession::new(connection, listening.max_streams, slot);
            if let Err(refused) = ready.try_send(session) {
                refused.into_inner().close(1, "busy".to_owned());
            }
        });
    }
}

type AcceptedStream = (SendStream, RecvStream, OwnedSemaphorePermit);

/// One WebTransport session: a connection of one peer.
#[napi]
pub struct WtSession {
    connection: Arc<Connection>,
    streams: Arc<Mutex<mpsc::Receiver<AcceptedStream>>>,
}

#[napi]
impl WtSession {
    fn new(connection: Connection, max_streams: usize, slot: OwnedSemaphorePermit) -> Self {
        let connection = Arc::new(connection);
        let (ready, streams) = mpsc::channel(max_streams);
        tokio::spawn(accept_streams(connection.clone(), ready, max_streams, slot));
        tokio::spawn(refuse_unidirectional(connection.clone()));
        WtSession {
            connection,
            streams: Arc::new(Mutex::new(streams)),
        }
    }

    /// Peer's `address:port`.
    #[napi(getter)]
    pub fn remote(&self) -> String {
        self.connection.remote_address().to_string()
    }

    /// Next stream that the peer opens, or null when the session is over.
    #[napi]
    pub async fn accept_stream(&self) -> Result<Option<WtStream>> {
        let next = self.streams.lock().await.recv().await;
        Ok(next.map(|(send, receive, slot)| WtStream::new(send, receive, Some(slot))))
    }

    /// Opens a stream; waits while the peer allows no more of them.
    #[napi]
    pub async fn open_stream(&self) -> Result<WtStream> {
        let opening = self.connection.open_bi().await.map_err(failed)?;
        let (send, receive) = opening.await.map_err(failed)?;
        Ok(WtStream::new(send, receive, None))
    }

    /// Waits for the end of the session and answers why it ended.
    #[napi]
    pub async fn closed(&self) -> Result<String> {
        Ok(self.connection.closed().await.to_string())
    }

    /// Ends the session. Idempotent.
    #[napi]
    pub fn close(&self, code: u32, reason: String) {
        self.connection
            .close(VarInt::from_u32(code), reason.as_bytes());
    }
}

/// Takes streams as they come, so that the peer's unread bytes are bounded by `max_streams` windows; resets those beyond.
async fn accept_streams(
    connection: Arc<Connection>,
    ready: mpsc::Sender<AcceptedStream>,
    max_streams: usize,
    _slot: OwnedSemaphorePermit,
) {
    let slots = Arc::new(Semaphore::new(max_streams));
    while let Ok((mut send, receive)) = connection.accept_bi().await {
        let Ok(slot) = slots.clone().try_acquire_owned() else {
            let _ = send.reset(VarInt::from_u32(0));
            receive.stop(VarInt::from_u32(0));
            continue;
        };
        if ready.send((send, receive, slot)).await.is_err() {
            break;
        }
    }
    connection.closed().await;
}

async fn refuse_unidirectional(connection: Arc<Connection>) {
    while let Ok(stream) = connection.accept_uni().await {
        stream.stop(VarInt::from_u32(0));
    }
}

/// One bidirectional stream. Call `reset` when done with it, also after `finish`: it frees the peer's place.
#[napi]
pub struct WtStream {
    send: Mutex<Option<SendStream>>,
    receive: Mutex<Option<RecvStream>>,
    slot: Mutex<Option<OwnedSemaphorePermit>>,
    stop_sending: watch::Sender<bool>,
    stop_receiving: watch::Sender<bool>,
}

#[napi]
impl WtStream {
    fn new(send: SendStream, receive: RecvStream, slot: Option<OwnedSemaphorePermit>) -> Self {
        WtStream {
            send: Mutex::new(Some(send)),
            receive: Mutex::new(Some(receive)),
            slot: Mutex::new(slot),
            stop_sending: watch::Sender::new(false),
            stop_receiving: watch::Sender::new(false),
        }
    }

    /// Next bytes (1 to 65,536); null at the end of the stream or after `stop` or `reset`. Error: the peer reset it or is gone.
    #[napi]
    pub async fn read(&self) -> Result<Option<Uint8Array>> {
        let stopped = self.stop_receiving.subscribe();
        let work = async {
            let mut receive = self.receive.lock().await;
            let Some(stream) = receive.as_mut() else {
                return Ok(None);
            };
            let mut bytes = vec![0; READ_BYTES];
            let length = stream.read(&mut bytes).await.map_err(failed)?;
            Ok(length.map(|length| {
                bytes.truncate(length);
                Uint8Array::new(bytes)
            }))
        };
        until(&stopped, work).await.unwrap_or(Ok(None))
    }

    /// Resolves when all bytes are handed to the connection, that is when the peer's window has room for them.
    #[napi]
    pub async fn write(&self, bytes: Uint8Array) -> Result<()> {
        let stopped = self.stop_sending.subscribe();
        let bytes = bytes.to_vec();
        let work = async {
            let mut send = self.send.lock().await;
            let stream = send.as_mut().ok_or_else(|| failed("stream is reset"))?;
            stream.write_all(&bytes).await.map_err(failed)
        };
        until(&stopped, work)
            .await
            .unwrap_or_else(|| Err(failed("stream is reset")))
    }

    /// Ends the writable side; the peer reads what was written and then the end.
    #[napi]
    pub async fn finish(&self) -> Result<()> {
        let stopped = self.stop_sending.subscribe();
        let work = async {
            let mut send = self.send.lock().await;
            let stream = send.as_mut().ok_or_else(|| failed("stream is reset"))?;
            stream.finish().await.map_err(failed)
        };
        until(&stopped, work)
            .await
            .unwrap_or_else(|| Err(failed("stream is reset")))
    }

    /// Asks the peer to send no more; a waiting `read` answers null.
    #[napi]
    pub async fn stop(&self, code: u32) -> Result<()> {
        self.stop_receiving.send_replace(true);
        if let Some(stream) = self.receive.lock().await.take() {
            stream.stop(VarInt::from_u32(code));
        }
        Ok(())
    }

    /// Ends both sides at once and frees the stream's place; a waiting `read` or `write` returns. Idempotent.
    #[napi]
    pub async fn reset(&self, code: u32) -> Result<()> {
        self.stop(code).await?;
        self.stop_sending.send_replace(true);
        if let Some(mut stream) = self.send.lock().await.take() {
            // Fails only when the stream has already ended, which is what is wanted.
            let _ = stream.reset(VarInt::from_u32(code));
        }
        self.slot.lock().await.take();
        Ok(())
    }
}
