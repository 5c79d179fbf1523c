//! Endpoints for tests, and clients with one thing wrong.
#![allow(dead_code)] // each test binary uses a part

mod garbled;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quic::{BrowserCertificate, Draft, Endpoint, Identity, Limits};
use quinn_proto::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rcgen::{CertificateParams, CustomExtension, KeyPair, PublicKeyData};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

pub const OID: &[u64] = &[1, 3, 6, 1, 4, 1, 53594, 1, 1];
pub const PATH: &str = "/test";

pub fn limits() -> Limits {
    Limits {
        inbound: 64,
        outbound: 64,
        handshakes: 32,
        backlog: 16,
        streams: 16,
        web_streams: 4,
        handshake: Duration::from_secs(2),
        idle: Duration::from_secs(30),
    }
}

/// Public record and signature of an Ed448 host key over a draft's message.
pub struct Host {
    seed: [u8; 57],
}

impl Host {
    pub fn new(byte: u8) -> Self {
        Host { seed: [byte; 57] }
    }

    pub fn record(&self) -> Vec<u8> {
        let public = ed448::public_key(&self.seed).unwrap();
        [&[0x08, 4, 0x12, 57][..], &public].concat()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        ed448::sign(&self.seed, message).unwrap().to_vec()
    }

    pub fn identity(&self) -> Identity {
        let draft = Draft::new().unwrap();
        draft
            .sign(&self.record(), &self.sign(&draft.message()))
            .unwrap()
    }
}

pub fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub fn endpoint(limits: Limits) -> Endpoint {
    Endpoint::bind(loopback(), &Host::new(1).identity(), limits).unwrap()
}

/// Serves both kinds.
pub fn server(limits: Limits) -> Endpoint {
    let endpoint = endpoint(limits);
    endpoint.serve_libp2p(true).unwrap();
    let browser = BrowserCertificate::new(10).unwrap();
    endpoint
        .serve_webtransport(PATH, &browser.certificate, &browser.private_key)
        .unwrap();
    endpoint
}

/// Two endpoints and a session between them: its dialled and its accepted end.
pub async fn pair(limits: Limits) -> (Endpoint, Endpoint, quic::Session, quic::Session) {
    let (from, to) = (endpoint(limits.clone()), server(limits));
    let (dialled, accepted) = tokio::join!(from.dial(to.address()), to.accept_peer());
    (from, to, dialled.unwrap(), accepted.unwrap())
}

/// A certificate made as one likes, and its key (PKCS #8).
pub struct Made {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}

/// A well-formed certificate of the host, after `change`.
pub fn made(host: &Host, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let key = KeyPair::generate().unwrap();
    let message = [
        b"libp2p-tls-handshake:",
        key.subject_public_key_info().as_slice(),
    ]
    .concat();
    let mut parameters = CertificateParams::default();
    parameters.custom_extensions = vec![extension(&host.record(), &host.sign(&message))];
    change(&mut parameters);
    Made {
        certificate: parameters.self_signed(&key).unwrap().der().to_vec(),
        key: key.serialize_der(),
    }
}

/// `SEQUENCE { OCTET STRING, OCTET STRING }` of 128 to 255 bytes, as with Ed448.
pub fn extension(record: &[u8], signature: &[u8]) -> CustomExtension {
    let octets = |content: &[u8]| [&[0x04, content.len() as u8], content].concat();
    let content = [octets(record), octets(signature)].concat();
    let content = [&[0x30, 0x81, content.len() as u8], content.as_slice()].concat();
    CustomExtension::from_oid_content(OID, content)
}

/// Accepts every server.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// TLS of a client that offers `protocols` and shows the certificates, leaf first, with the key, whatever they are.
pub fn client_tls(protocols: &[&[u8]], shown: Option<(Vec<Vec<u8>>, Vec<u8>)>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous));
    let mut config = match shown {
        Some((chain, key)) => {
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
            let key = rustls::crypto::ring::sign::any_ecdsa_type(&key).unwrap();
            let chain = chain.into_iter().map(CertificateDer::from).collect();
            let certified = CertifiedKey::new(chain, key);
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
}

/// A socket of a client without limits of its own.
pub fn client() -> quinn::Endpoint {
    quinn::Endpoint::client(loopback()).unwrap()
}

/// Connects and answers how the connection ended, or the connection if the server keeps it for a while.
pub async fn connect(
    client: &quinn::Endpoint,
    tls: ClientConfig,
    to: SocketAddr,
) -> Result<quinn::Connection, quinn::ConnectionError> {
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    ended(client, config, to).await
}

/// The same with a first TLS message that `change` has had its way with.
pub async fn connect_garbled(
    client: &quinn::Endpoint,
    change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
    to: SocketAddr,
) -> Result<quinn::Connection, quinn::ConnectionError> {
    let tls = QuicClientConfig::try_from(client_tls(&[b"libp2p"], None)).unwrap();
    let garbled = garbled::Garbled {
        tls: Arc::new(tls),
        change: Arc::new(Box::new(change)),
    };
    ended(client, quinn::ClientConfig::new(Arc::new(garbled)), to).await
}

async fn ended(
    client: &quinn::Endpoint,
    config: quinn::ClientConfig,
    to: SocketAddr,
) -> Result<quinn::Connection, quinn::ConnectionError> {
    let connection = client
        .connect_with(config, to, "localhost")
        .unwrap()
        .await?;
    // The server judges the client's certificate after the client believes that all is well.
    match tokio::time::timeout(Duration::from_millis(300), connection.closed()).await {
        Ok(error) => Err(error),
        Err(_) => Ok(connection),
    }
}

/// The first packet of a client that dials nobody.
pub async fn first_packet(protocol: &[u8]) -> Vec<u8> {
    let sink = UdpSocket::bind(loopback()).unwrap();
    let tls = client_tls(&[protocol], None);
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let to = sink.local_addr().unwrap();
    let client = client();
    let _connecting = client.connect_with(config, to, "localhost").unwrap();
    let received = tokio::task::spawn_blocking(move || {
        let mut packet = vec![0; 2_000];
        let length = sink.recv(&mut packet).unwrap();
        packet.truncate(length);
        packet
    });
    received.await.unwrap()
}

/// A server that shows this certificate and asks for none. It accepts for as long as it is held.
pub fn impostor(shown: Made) -> quinn::Endpoint {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(shown.key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown.certificate.into()], key)
        .unwrap();
    tls.alpn_protocols = vec![b"libp2p".to_vec()];
    let config =
        quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
    let server = quinn::Endpoint::server(config, loopback()).unwrap();
    let accepting = server.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Some(incoming) = accepting.accept().await {
            open.push(incoming.await);
        }
    });
    server
}
