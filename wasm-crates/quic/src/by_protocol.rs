//! A TLS server that chooses its configuration by the protocol the client asks for.
//!
//! rustls can choose a certificate by what a client says but not whether to ask the client for one. So the first message is read here
//! before rustls sees it, and a session of the right configuration gets it then. Until that moment a session that has seen nothing
//! stands in: only its QUIC Initial keys are used, which are the same for all.

use std::any::Any;
use std::sync::Arc;

use quinn_proto::crypto::rustls::QuicServerConfig;
use quinn_proto::crypto::{
    self, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, UnsupportedVersion,
};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectionId, Side, TransportError, TransportErrorCode};

use crate::client_hello::{MAX_CLIENT_HELLO_BYTES, Malformed, offered_protocols};
use crate::tls::{LIBP2P, WEBTRANSPORT};

/// TLS alerts (RFC 8446 section 6).
const DECODE_ERROR: u8 = 50;
const NO_APPLICATION_PROTOCOL: u8 = 120;

fn alert(code: u8, reason: &str) -> TransportError {
    TransportError {
        code: TransportErrorCode::crypto(code),
        frame: None,
        reason: reason.to_owned(),
    }
}

/// Configurations by protocol; a client that offers several gets the one it names first.
#[derive(Clone)]
pub(crate) struct ByProtocol {
    /// Used for Initial keys also when it does not serve.
    pub libp2p: Arc<QuicServerConfig>,
    pub serves_libp2p: bool,
    pub webtransport: Option<Arc<QuicServerConfig>>,
}

impl ByProtocol {
    fn configuration(&self, protocol: &[u8]) -> Option<&Arc<QuicServerConfig>> {
        match protocol {
            LIBP2P if self.serves_libp2p => Some(&self.libp2p),
            WEBTRANSPORT => self.webtransport.as_ref(),
            _ => None,
        }
    }
}

impl crypto::ServerConfig for ByProtocol {
    fn initial_keys(
        &self,
        version: u32,
        destination: &ConnectionId,
    ) -> Result<Keys, UnsupportedVersion> {
        self.libp2p.initial_keys(version, destination)
    }

    fn retry_tag(&self, version: u32, destination: &ConnectionId, packet: &[u8]) -> [u8; 16] {
        self.libp2p.retry_tag(version, destination, packet)
    }

    fn start_session(
        self: Arc<Self>,
        version: u32,
        parameters: &TransportParameters,
    ) -> Box<dyn crypto::Session> {
        Box::new(Session {
            inner: self.libp2p.clone().start_session(version, parameters),
            undecided: Some(Undecided {
                configurations: self,
                version,
                parameters: *parameters,
                hello: Vec::new(),
            }),
        })
    }
}

struct Undecided {
    configurations: Arc<ByProtocol>,
    version: u32,
    parameters: TransportParameters,
    /// What came of the first message.
    hello: Vec<u8>,
}

impl Undecided {
    /// The session for the client's protocol, or `None` while its message is not complete.
    fn decide(&mut self, bytes: &[u8]) -> Result<Option<Box<dyn crypto::Session>>, TransportError> {
        if self.hello.len() + bytes.len() > MAX_CLIENT_HELLO_BYTES {
            return Err(alert(DECODE_ERROR, "the first message is too long"));
        }
        self.hello.extend_from_slice(bytes);
        let offered = offered_protocols(&self.hello)
            .map_err(|Malformed| alert(DECODE_ERROR, "the first message is no ClientHello"))?;
        let Some(offered) = offered else {
            return Ok(None);
        };
        let configuration = offered
            .iter()
            .find_map(|protocol| self.configurations.configuration(protocol))
            .ok_or_else(|| alert(NO_APPLICATION_PROTOCOL, "no protocol that is served here"))?;
        let start = crypto::ServerConfig::start_session;
        Ok(Some(start(
            configuration.clone(),
            self.version,
            &self.parameters,
        )))
    }
}

struct Session {
    inner: Box<dyn crypto::Session>,
    undecided: Option<Undecided>,
}

impl crypto::Session for Session {
    fn read_handshake(&mut self, bytes: &[u8]) -> Result<bool, TransportError> {
        let Some(mut undecided) = self.undecided.take() else {
            return self.inner.read_handshake(bytes);
        };
        match undecided.decide(bytes)? {
            Some(session) => {
                self.inner = session;
                self.inner.read_handshake(&undecided.hello)
            }
            None => {
                self.undecided = Some(undecided);
                Ok(false)
            }
        }
    }

    fn initial_keys(&self, destination: &ConnectionId, side: Side) -> Keys {
        self.inner.initial_keys(destination, side)
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        self.inner.handshake_data()
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        self.inner.peer_identity()
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        self.inner.early_crypto()
    }

    fn early_data_accepted(&self) -> Option<bool> {
        self.inner.early_data_accepted()
    }

    fn is_handshaking(&self) -> bool {
        self.inner.is_handshaking()
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        self.inner.transport_parameters()
    }

    fn write_handshake(&mut self, buffer: &mut Vec<u8>) -> Option<Keys> {
        self.inner.write_handshake(buffer)
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        self.inner.next_1rtt_keys()
    }

    fn is_valid_retry(&self, destination: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        self.inner.is_valid_retry(destination, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        self.inner.export_keying_material(output, label, context)
    }
}
