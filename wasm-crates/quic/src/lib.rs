//! QUIC v1 for libp2p (spec 50 section 2) and WebTransport for browsers, both on one UDP port.
//!
//! [`Endpoint`] owns the socket. What a client wants is read from the ALPN of its first message, before TLS answers it
//! ([`by_protocol`]): `libp2p` gets our libp2p certificate and has to show its own, `h3` gets the browser certificate and is asked for
//! none. The host key of a libp2p peer is *claimed* here ([`HostKey`]): TLS proves that the peer owns the certificate's key, and the
//! caller must verify the host key's signature over that key before it trusts the session, because host keys have many types and
//! the caller's libp2p knows them all.
//!
//! Everything a peer can make us hold is bounded ([`Limits`]); nothing it sends may panic.

mod by_protocol;
mod certificate;
mod client_hello;
mod endpoint;
mod handshakes;
mod peer;
mod session;
mod stream;
mod tls;

pub use certificate::{BrowserCertificate, Draft, Identity};
pub use endpoint::{Endpoint, Limits};
pub use peer::HostKey;
pub use session::Session;
pub use stream::Stream;

/// What can go wrong, for a person. Nothing here is a fault of the program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint is closed.
    #[error("the endpoint is closed")]
    EndpointClosed,
    /// The session is over.
    #[error("the session is over")]
    SessionClosed,
    /// The stream was reset here.
    #[error("stream is reset")]
    StreamReset,
    /// As many connections as the limits allow.
    #[error("too many connections")]
    Busy,
    /// The other side took longer than the limits allow.
    #[error("handshake timed out")]
    Slow,
    /// Socket or address.
    #[error("cannot bind {0}: {1}")]
    Bind(std::net::SocketAddr, std::io::Error),
    /// Certificate or key of our own that cannot be used.
    #[error("unusable certificate: {0}")]
    Certificate(String),
    /// The connection failed or ended.
    #[error("{0}")]
    Connection(String),
}

impl Error {
    fn certificate(error: impl std::fmt::Display) -> Self {
        Error::Certificate(error.to_string())
    }

    fn connection(error: impl std::fmt::Display) -> Self {
        Error::Connection(error.to_string())
    }
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
