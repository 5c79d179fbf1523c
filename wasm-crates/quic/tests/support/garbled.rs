//! A client whose first TLS message is whatever a test wants; all else is in order.

use std::any::Any;
use std::sync::Arc;

use quinn_proto::crypto::rustls::QuicClientConfig;
use quinn_proto::crypto::{
    self, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, Session,
};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectError, ConnectionId, Side, TransportError};

pub type Change = Box<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

pub struct Garbled {
    pub tls: Arc<QuicClientConfig>,
    pub change: Arc<Change>,
}

impl crypto::ClientConfig for Garbled {
    fn start_session(
        self: Arc<Self>,
        version: u32,
        server_name: &str,
        parameters: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let tls = self.tls.clone();
        Ok(Box::new(GarbledSession {
            inner: tls.start_session(version, server_name, parameters)?,
            change: Some(self.change.clone()),
        }))
    }
}

struct GarbledSession {
    inner: Box<dyn Session>,
    change: Option<Arc<Change>>,
}

impl Session for GarbledSession {
    fn write_handshake(&mut self, buffer: &mut Vec<u8>) -> Option<Keys> {
        let keys = self.inner.write_handshake(buffer);
        if let Some(change) = self.change.take() {
            *buffer = change(std::mem::take(buffer));
        }
        keys
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
    fn read_handshake(&mut self, bytes: &[u8]) -> Result<bool, TransportError> {
        self.inner.read_handshake(bytes)
    }
    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        self.inner.transport_parameters()
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
