//! The socket: accepts and dials within limits.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError};
use std::time::Duration;

use quinn::{
    ClientConfig, EndpointConfig, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt,
};
use quinn_proto::crypto::rustls::HandshakeData;
use rustls::pki_types::CertificateDer;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use wtransport::endpoint::IncomingSessionFuture;

use crate::by_protocol::ByProtocol;
use crate::certificate::browser_key;
use crate::handshakes::Handshakes;
use crate::peer::{HostKey, PeerCertificate};
use crate::stream::until;
use crate::{Error, Identity, Result, Session, tls};

const QUIC_V1: u32 = 1;
/// How long `close` waits for the last packets of its sessions, and then for the port to be free.
const GOODBYE: Duration = Duration::from_millis(200);
const RELEASE_CHECK: Duration = Duration::from_millis(5);
/// Unread bytes of one stream, of one connection, and bytes sent that the peer has not acknowledged.
const STREAM_WINDOW: u32 = 512 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
const SEND_WINDOW: u64 = 1 << 20;
/// HTTP/3 has three unidirectional streams, and browsers add one of no meaning.
const UNIDIRECTIONAL_STREAMS: u32 = 8;
/// WebTransport demands that there are datagrams; nobody reads them.
const DATAGRAM_BYTES: usize = 64 << 10;
/// First packets that wait for their turn, and their bytes.
const MAX_INCOMING: usize = 256;
const INCOMING_BYTES: u64 = 32 << 10;
const INCOMING_BYTES_TOTAL: u64 = 4 << 20;

/// Limits of one endpoint. Each is at least 1.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections that came in at one time, handshakes included.
    pub inbound: usize,
    /// Connections dialled at one time, handshakes included.
    pub outbound: usize,
    /// Handshakes of connections that come in at one time; one address gets half of them.
    pub handshakes: usize,
    /// Sessions of each kind that wait to be accepted.
    pub backlog: usize,
    /// Streams at one time that a libp2p peer opened in one connection.
    pub streams: u32,
    /// Streams at one time that a browser opened in one session.
    pub web_streams: u32,
    /// From the first packet to the session.
    pub handshake: Duration,
    /// A connection without any packet ends after this time.
    pub idle: Duration,
}

impl Limits {
    fn transport(&self) -> TransportConfig {
        let mut transport = TransportConfig::default();
        let idle = u32::try_from(self.idle.as_millis()).unwrap_or(u32::MAX);
        transport
            .max_concurrent_bidi_streams(self.streams.max(self.web_streams + 1).into())
            .max_concurrent_uni_streams(UNIDIRECTIONAL_STREAMS.into())
            .stream_receive_window(STREAM_WINDOW.into())
            .receive_window(CONNECTION_WINDOW.into())
            .send_window(SEND_WINDOW)
            .datagram_receive_buffer_size(Some(DATAGRAM_BYTES))
            .datagram_send_buffer_size(DATAGRAM_BYTES)
            .max_idle_timeout(Some(VarInt::from_u32(idle).into()))
            .keep_alive_interval(Some(self.idle / 8));
        transport
    }
}

/// What a task of the endpoint needs.
struct Shared {
    quinn: quinn::Endpoint,
    limits: Limits,
    inbound: Arc<Semaphore>,
    outbound: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    by_address: Handshakes,
    client: ClientConfig,
    serving: SyncMutex<Serving>,
}

/// What is answered to clients.
struct Serving {
    config: ServerConfig,
    protocols: ByProtocol,
    /// Path of WebTransport requests, query included.
    path: String,
}

/// One UDP socket that accepts libp2p peers and browsers, as far as it is told to serve them, and dials libp2p peers.
pub struct Endpoint {
    /// None after `close`: the last owner frees the port.
    shared: SyncMutex<Option<Arc<Shared>>>,
    address: SocketAddr,
    accepting: Mutex<Option<JoinHandle<()>>>,
    peers: Mutex<mpsc::Receiver<Session>>,
    browsers: Mutex<mpsc::Receiver<Session>>,
    stop: watch::Sender<bool>,
}

impl Endpoint {
    /// Binds the address (port 0 = any). It serves nobody until told to. Call it inside a tokio runtime.
    pub fn bind(address: SocketAddr, identity: &Identity, limits: Limits) -> Result<Self> {
        let failed = |error| Error::Bind(address, error);
        let socket = socket(address).map_err(failed)?;
        let mut config = EndpointConfig::default();
        config.supported_versions(vec![QUIC_V1]);
        let quinn = quinn::Endpoint::new(config, None, socket, Arc::new(TokioRuntime));
        let quinn = quinn.map_err(failed)?;
        let address = quinn.local_addr().map_err(failed)?;

        let transport = Arc::new(limits.transport());
        let mut client = ClientConfig::new(tls::libp2p_client(identity)?);
        client.transport_config(transport.clone());
        let protocols = ByProtocol {
            libp2p: tls::libp2p_server(identity)?,
            serves_libp2p: false,
            webtransport: None,
        };
        let mut config = ServerConfig::with_crypto(Arc::new(protocols.clone()));
        config
            .transport_config(transport)
            .max_incoming(MAX_INCOMING)
            .incoming_buffer_size(INCOMING_BYTES)
            .incoming_buffer_size_total(INCOMING_BYTES_TOTAL);

        let (peers, accepted_peers) = mpsc::channel(limits.backlog);
        let (browsers, accepted_browsers) = mpsc::channel(limits.backlog);
        let shared = Arc::new(Shared {
            quinn,
            inbound: Arc::new(Semaphore::new(limits.inbound)),
            outbound: Arc::new(Semaphore::new(limits.outbound)),
            handshakes: Arc::new(Semaphore::new(limits.handshakes)),
            by_address: Handshakes::default(),
            limits,
            client,
            serving: SyncMutex::new(Serving {
                config,
                protocols,
                path: String::new(),
            }),
        });
        let accepting = tokio::spawn(accept(shared.clone(), Ready { peers, browsers }));
        Ok(Endpoint {
            shared: SyncMutex::new(Some(shared)),
            address,
            accepting: Mutex::new(Some(accepting)),
            peers: Mutex::new(accepted_peers),
            browsers: Mutex::new(accepted_browsers),
            stop: watch::Sender::new(false),
        })
    }

    /// The address that is bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections of libp2p peers are accepted, or refused.
    pub fn serve_libp2p(&self, serves: bool) -> Result<()> {
        self.serve(|serving| serving.protocols.serves_libp2p = serves)
    }

    /// New WebTransport sessions for `path` (query included) get this certificate (DER) with its key (PKCS #8); open ones go on.
    pub fn serve_webtransport(
        &self,
        path: &str,
        certificate: &[u8],
        private_key: &[u8],
    ) -> Result<()> {
        let config = tls::webtransport_server(browser_key(certificate, private_key)?)?;
        self.serve(|serving| {
            serving.protocols.webtransport = Some(config);
            path.clone_into(&mut serving.path);
        })
    }

    /// New WebTransport sessions are refused.
    pub fn stop_webtransport(&self) -> Result<()> {
        self.serve(|serving| serving.protocols.webtransport = None)
    }

    fn serve(&self, change: impl FnOnce(&mut Serving)) -> Result<()> {
        let shared = self.shared()?;
        let mut serving = lock(&shared.serving);
        change(&mut serving);
        serving.config.crypto = Arc::new(serving.protocols.clone());
        let serves = serving.protocols.serves_libp2p || serving.protocols.webtransport.is_some();
        shared
            .quinn
            .set_server_config(serves.then(|| serving.config.clone()));
        Ok(())
    }

    /// Next libp2p peer that came in, or `None` after `close`.
    pub async fn accept_peer(&self) -> Option<Session> {
        self.next(&self.peers).await
    }

    /// Next browser that came in, or `None` after `close`.
    pub async fn accept_browser(&self) -> Option<Session> {
        self.next(&self.browsers).await
    }

    async fn next(&self, sessions: &Mutex<mpsc::Receiver<Session>>) -> Option<Session> {
        let stopped = self.stop.subscribe();
        let next = async { sessions.lock().await.recv().await };
        until(&stopped, next).await.flatten()
    }

    /// Connects with the libp2p peer at `address`. That it is the one wanted is for the caller to check, by its host key.
    pub async fn dial(&self, address: SocketAddr) -> Result<Session> {
        let shared = self.shared()?;
        let slot = shared.outbound.clone().try_acquire_owned();
        let slot = slot.map_err(|_| Error::Busy)?;
        // An IP address as the name: none is sent.
        let name = address.ip().to_string();
        let connecting = shared
            .quinn
            .connect_with(shared.client.clone(), address, &name)
            .map_err(Error::connection)?;
        let connection = timeout(shared.limits.handshake, connecting)
            .await
            .map_err(|_| Error::Slow)?
            .map_err(Error::connection)?;
        peer_session(connection, shared.limits.streams, slot)
    }

    /// Ends the endpoint and all its sessions. The port is free then, but for streams that somebody has not released. Idempotent.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let Some(shared) = lock(&self.shared).take() else {
            return;
        };
        shared.quinn.close(VarInt::from_u32(0), b"");
        // Peers hear of it; one that does not answer is not waited for.
        let _ = timeout(GOODBYE, shared.quinn.wait_idle()).await;
        drop(shared);
        if let Some(accepting) = self.accepting.lock().await.take() {
            accepting.abort();
            let _ = accepting.await;
        }
        let _ = timeout(GOODBYE, released(self.address)).await;
    }

    fn shared(&self) -> Result<Arc<Shared>> {
        lock(&self.shared).clone().ok_or(Error::EndpointClosed)
    }
}

fn lock<T>(mutex: &SyncMutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An IPv6 socket takes IPv6 only, so that both families can have one port.
fn socket(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// The socket goes with its last user; those are tasks of the connections that end by themselves.
async fn released(address: SocketAddr) {
    while socket(address).is_err() {
        sleep(RELEASE_CHECK).await;
    }
}

/// Where sessions go that are established.
#[derive(Clone)]
struct Ready {
    peers: mpsc::Sender<Session>,
    browsers: mpsc::Sender<Session>,
}

async fn accept(shared: Arc<Shared>, ready: Ready) {
    while let Some(incoming) = shared.quinn.accept().await {
        let places = (
            shared.inbound.clone().try_acquire_owned(),
            shared.handshakes.clone().try_acquire_owned(),
        );
        let (Ok(slot), Ok(place)) = places else {
            incoming.refuse();
            continue;
        };
        let address = incoming.remote_address().ip();
        let of_address = shared.by_address.of(address);
        // Half full, or not the first of its address: senders prove that they own it before they cost anything, so that nobody takes the
        // places of another's address.
        let crowded = of_address > 0
            || shared.inbound.available_permits() < shared.limits.inbound / 2
            || shared.handshakes.available_permits() < shared.limits.handshakes / 2;
        if crowded && incoming.may_retry() && !incoming.remote_address_validated() {
            // Fails only for those that may not retry.
            let _ = incoming.retry();
            continue;
        }
        if of_address >= shared.limits.handshakes.div_ceil(2) {
            incoming.refuse();
            continue;
        }
        let handshake = shared.by_address.begin(address);
        let (shared, ready) = (shared.clone(), ready.clone());
        tokio::spawn(async move {
            let limit = shared.limits.handshake;
            let established = timeout(limit, establish(incoming, &shared, slot)).await;
            drop((place, handshake));
            if let Ok(Some(session)) = established {
                hand_over(session, &ready);
            }
        });
    }
}

fn hand_over(session: Session, ready: &Ready) {
    let queue = match session.host_key() {
        Some(_) => &ready.peers,
        None => &ready.browsers,
    };
    if let Err(refused) = queue.try_send(session) {
        refused.into_inner().close(1, "busy");
    }
}

/// The rest of the handshake; `None` when it fails, of which the peer has been told.
async fn establish(
    incoming: Incoming,
    shared: &Shared,
    slot: OwnedSemaphorePermit,
) -> Option<Session> {
    let mut connecting = incoming.accept().ok()?;
    let browser = {
        let data = connecting.handshake_data().await.ok()?;
        let data = data.downcast::<HandshakeData>().ok()?;
        data.protocol.as_deref() == Some(tls::WEBTRANSPORT)
    };
    if !browser {
        let connection = connecting.await.ok()?;
        return peer_session(connection, shared.limits.streams, slot).ok();
    }
    let request = IncomingSessionFuture::with_quic_connecting(connecting)
        .await
        .ok()?;
    let served = request.path() == lock(&shared.serving).path;
    if !served {
        request.not_found().await;
        return None;
    }
    let session = request.accept().await.ok()?;
    Some(Session::web(session, shared.limits.web_streams, slot))
}

fn peer_session(
    connection: quinn::Connection,
    max_streams: u32,
    slot: OwnedSemaphorePermit,
) -> Result<Session> {
    let host_key = claimed_host_key(&connection)?;
    Ok(Session::quic(connection, host_key, max_streams, slot))
}

/// From the certificate that the verifier of this crate has checked during the handshake.
fn claimed_host_key(connection: &quinn::Connection) -> Result<HostKey> {
    let none = || Error::Connection("the peer showed no certificate".to_owned());
    let identity = connection.peer_identity().ok_or_else(none)?;
    let chain = identity
        .downcast::<Vec<CertificateDer<'static>>>()
        .map_err(|_| none())?;
    let certificate = chain.first().ok_or_else(none)?;
    let peer = PeerCertificate::parse(certificate).map_err(Error::certificate)?;
    Ok(peer.host_key)
}
