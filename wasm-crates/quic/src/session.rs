//! One session: a QUIC connection with a libp2p peer, or a browser's WebTransport session.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};

use quinn::VarInt;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::peer::HostKey;
use crate::stream::{Receive, Send, Stream};
use crate::{Error, Result};

#[derive(Clone)]
enum Carrier {
    Quic(quinn::Connection),
    Web(Arc<wtransport::Connection>),
}

impl Carrier {
    fn quic(&self) -> &quinn::Connection {
        match self {
            Carrier::Quic(connection) => connection,
            Carrier::Web(session) => session.quic_connection(),
        }
    }

    async fn accept_stream(&self) -> Result<(Send, Receive)> {
        match self {
            Carrier::Quic(connection) => {
                let (send, receive) = connection.accept_bi().await.map_err(Error::connection)?;
                Ok((Send::Quic(send), Receive::Quic(receive)))
            }
            Carrier::Web(session) => {
                let (send, receive) = session.accept_bi().await.map_err(Error::connection)?;
                Ok((Send::Web(send), Receive::Web(receive)))
            }
        }
    }

    async fn open_stream(&self) -> Result<(Send, Receive)> {
        match self {
            Carrier::Quic(connection) => {
                let (send, receive) = connection.open_bi().await.map_err(Error::connection)?;
                Ok((Send::Quic(send), Receive::Quic(receive)))
            }
            Carrier::Web(session) => {
                let opening = session.open_bi().await.map_err(Error::connection)?;
                let (send, receive) = opening.await.map_err(Error::connection)?;
                Ok((Send::Web(send), Receive::Web(receive)))
            }
        }
    }

    /// Neither libp2p over QUIC nor libp2p's WebTransport has unidirectional streams.
    async fn refuse_unidirectional(&self) {
        match self {
            Carrier::Quic(connection) => {
                while let Ok(mut stream) = connection.accept_uni().await {
                    let _ = stream.stop(VarInt::from_u32(0));
                }
            }
            Carrier::Web(session) => {
                while let Ok(stream) = session.accept_uni().await {
                    stream.stop(wtransport::VarInt::from_u32(0));
                }
            }
        }
    }
}

/// One session. Dropped, it ends.
pub struct Session {
    /// None when it is over: what holds the connection holds the socket too.
    carrier: Arc<SyncMutex<Option<Carrier>>>,
    remote: SocketAddr,
    host_key: Option<HostKey>,
    streams: Mutex<mpsc::Receiver<Stream>>,
    ended: watch::Receiver<Option<String>>,
}

impl Session {
    /// A connection whose peer TLS has shown to own the certificate that claims `host_key`.
    pub(crate) fn quic(
        connection: quinn::Connection,
        host_key: HostKey,
        max_streams: u32,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        connection.set_max_concurrent_bi_streams(max_streams.into());
        connection.set_max_concurrent_uni_streams(VarInt::from_u32(0));
        Self::new(
            Carrier::Quic(connection),
            Some(host_key),
            max_streams as usize,
            slot,
        )
    }

    /// A browser's session.
    pub(crate) fn web(
        session: wtransport::Connection,
        max_streams: u32,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        // One more: the session itself is a stream of HTTP/3.
        session
            .quic_connection()
            .set_max_concurrent_bi_streams((max_streams + 1).into());
        Self::new(
            Carrier::Web(Arc::new(session)),
            None,
            max_streams as usize,
            slot,
        )
    }

    fn new(
        carrier: Carrier,
        host_key: Option<HostKey>,
        max_streams: usize,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        let (ready, streams) = mpsc::channel(max_streams);
        let (ending, ended) = watch::channel(None);
        let remote = carrier.quic().remote_address();
        let shared = Arc::new(SyncMutex::new(Some(carrier.clone())));
        let kept = shared.clone();
        tokio::spawn(async move {
            let reason = keep(carrier, ready, max_streams).await;
            kept.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(slot);
            ending.send_replace(Some(reason));
        });
        Session {
            carrier: shared,
            remote,
            host_key,
            streams: Mutex::new(streams),
            ended,
        }
    }

    /// The peer's address when the session began.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// What the certificate of a libp2p peer claims, still to be verified; `None` for a browser.
    pub fn host_key(&self) -> Option<&HostKey> {
        self.host_key.as_ref()
    }

    /// Next stream that the peer opens, or `None` when the session is over.
    pub async fn accept_stream(&self) -> Option<Stream> {
        self.streams.lock().await.recv().await
    }

    /// Opens a stream; waits while the peer allows no more of them.
    pub async fn open_stream(&self) -> Result<Stream> {
        let carrier = self.carrier().ok_or(Error::SessionClosed)?;
        let (send, receive) = carrier.open_stream().await?;
        Ok(Stream::new(send, receive, None))
    }

    /// Waits for the end of the session and answers why it ended.
    pub async fn closed(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => Error::SessionClosed.to_string(),
        }
    }

    /// Ends the session. Idempotent.
    pub fn close(&self, code: u32, reason: &str) {
        if let Some(carrier) = self.carrier() {
            carrier
                .quic()
                .close(VarInt::from_u32(code), reason.as_bytes());
        }
    }

    fn carrier(&self) -> Option<Carrier> {
        let carrier = self.carrier.lock().unwrap_or_else(PoisonError::into_inner);
        carrier.clone()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close(0, "");
    }
}

/// Takes streams until the session is over; answers why it is.
async fn keep(carrier: Carrier, ready: mpsc::Sender<Stream>, max_streams: usize) -> String {
    let quic = carrier.quic();
    tokio::select! {
        reason = quic.closed() => return reason.to_string(),
        () = accept_streams(&carrier, ready, max_streams) => {}
        () = async { carrier.refuse_unidirectional().await; std::future::pending().await } => {}
    }
    quic.closed().await.to_string()
}

/// At most `max_streams` of the peer's streams are open here, read or not, so that its unread bytes are bounded. QUIC makes the peer
/// wait before it opens more; those that a browser opens beyond are reset.
async fn accept_streams(carrier: &Carrier, ready: mpsc::Sender<Stream>, max_streams: usize) {
    let slots = Arc::new(Semaphore::new(max_streams));
    loop {
        let waiting = match carrier {
            Carrier::Quic(_) => slots.clone().acquire_owned().await.ok(),
            Carrier::Web(_) => None,
        };
        let Ok((send, receive)) = carrier.accept_stream().await else {
            return;
        };
        let slot = waiting.or_else(|| slots.clone().try_acquire_owned().ok());
        let full = slot.is_none();
        let stream = Stream::new(send, receive, slot);
        if full {
            stream.reset(0).await;
        } else if ready.send(stream).await.is_err() {
            return;
        }
    }
}
