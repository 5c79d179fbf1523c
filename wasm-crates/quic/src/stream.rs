//! One bidirectional stream of a session.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use quinn::VarInt;
use tokio::sync::{Mutex, OwnedSemaphorePermit, watch};

use crate::{Error, Result};

/// Most bytes that one `read` answers.
const READ_BYTES: usize = 65_536;

/// Runs `work` until it is done or `stop` becomes true (then `None`).
pub(crate) async fn until<T>(
    stop: &watch::Receiver<bool>,
    work: impl Future<Output = T>,
) -> Option<T> {
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

/// The sending half, of QUIC's own or one that WebTransport has opened.
pub(crate) enum Send {
    Quic(quinn::SendStream),
    Web(wtransport::SendStream),
}

impl Send {
    fn quic(&mut self) -> &mut quinn::SendStream {
        match self {
            Send::Quic(stream) => stream,
            Send::Web(stream) => stream.quic_stream_mut(),
        }
    }
}

/// The receiving half.
pub(crate) enum Receive {
    Quic(quinn::RecvStream),
    Web(wtransport::RecvStream),
}

impl Receive {
    fn quic(&mut self) -> &mut quinn::RecvStream {
        match self {
            Receive::Quic(stream) => stream,
            Receive::Web(stream) => stream.quic_stream_mut(),
        }
    }
}

/// One bidirectional stream. Call `reset` when done with it, also after `finish`: it frees the peer's place.
pub struct Stream {
    send: Mutex<Option<Send>>,
    receive: Mutex<Option<Receive>>,
    slot: Mutex<Option<OwnedSemaphorePermit>>,
    stop_sending: watch::Sender<bool>,
    stop_receiving: watch::Sender<bool>,
}

impl Stream {
    pub(crate) fn new(send: Send, receive: Receive, slot: Option<OwnedSemaphorePermit>) -> Self {
        Stream {
            send: Mutex::new(Some(send)),
            receive: Mutex::new(Some(receive)),
            slot: Mutex::new(slot),
            stop_sending: watch::Sender::new(false),
            stop_receiving: watch::Sender::new(false),
        }
    }

    /// Next bytes (1 to 65,536); `None` at the end of the stream or after `stop` or `reset`.
    /// Error: the peer reset it or is gone.
    pub async fn read(&self) -> Result<Option<Vec<u8>>> {
        let stopped = self.stop_receiving.subscribe();
        let work = async {
            let mut receive = self.receive.lock().await;
            let Some(stream) = receive.as_mut() else {
                return Ok(None);
            };
            let mut bytes = vec![0; READ_BYTES];
            let length = stream.quic().read(&mut bytes).await;
            Ok(length.map_err(Error::connection)?.map(|length| {
                bytes.truncate(length);
                bytes.shrink_to_fit();
                bytes
            }))
        };
        until(&stopped, work).await.unwrap_or(Ok(None))
    }

    /// Resolves when all bytes are handed to the connection, that is when the peer's window has room for them.
    pub async fn write(&self, bytes: &[u8]) -> Result<()> {
        let stopped = self.stop_sending.subscribe();
        let work = async {
            let mut send = self.send.lock().await;
            let stream = send.as_mut().ok_or(Error::StreamReset)?;
            stream
                .quic()
                .write_all(bytes)
                .await
                .map_err(Error::connection)
        };
        let outcome = until(&stopped, work).await;
        outcome.unwrap_or(Err(Error::StreamReset))
    }

    /// Ends the writable side and waits until the peer has received all that was written. Error: it wants no more, or is gone.
    pub async fn finish(&self) -> Result<()> {
        let stopped = self.stop_sending.subscribe();
        let work = async {
            let mut send = self.send.lock().await;
            let stream = send.as_mut().ok_or(Error::StreamReset)?.quic();
            // Fails only when it was finished before.
            let _ = stream.finish();
            match stream.stopped().await {
                Ok(None) => Ok(()),
                Ok(Some(code)) => Err(Error::Connection(format!("stopped by peer: code {code}"))),
                Err(error) => Err(Error::connection(error)),
            }
        };
        let outcome = until(&stopped, work).await;
        outcome.unwrap_or(Err(Error::StreamReset))
    }

    /// Asks the peer to send no more; a waiting `read` answers `None`.
    pub async fn stop(&self, code: u32) {
        self.stop_receiving.send_replace(true);
        if let Some(mut stream) = self.receive.lock().await.take() {
            // Fails only when the stream has already ended, which is what is wanted.
            let _ = stream.quic().stop(VarInt::from_u32(code));
        }
    }

    /// Ends both sides at once and frees the stream's place; a waiting `read` or `write` returns. Idempotent.
    pub async fn reset(&self, code: u32) {
        self.stop(code).await;
        self.stop_sending.send_replace(true);
        if let Some(mut stream) = self.send.lock().await.take() {
            let _ = stream.quic().reset(VarInt::from_u32(code));
        }
        self.slot.lock().await.take();
    }
}
