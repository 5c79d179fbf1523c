//! TLS configurations: libp2p's, where both sides show a self-signed certificate with a host key, and the one for browsers.

use std::sync::Arc;

use quinn_proto::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error as TlsError,
    PeerIncompatible, ServerConfig, SignatureScheme, version,
};

use crate::peer::PeerCertificate;
use crate::{Error, Identity, Result};

/// ALPN of libp2p over QUIC.
pub(crate) const LIBP2P: &[u8] = b"libp2p";
/// ALPN of HTTP/3, under which WebTransport runs.
pub(crate) const WEBTRANSPORT: &[u8] = b"h3";

pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// Answers `h3` with the browser certificate and asks for none.
pub(crate) fn webtransport_server(key: Arc<CertifiedKey>) -> Result<Arc<QuicServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&version::TLS13])
        .map_err(Error::certificate)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.alpn_protocols = vec![WEBTRANSPORT.to_vec()];
    server(config)
}

/// Answers `libp2p` with our identity and demands the peer's.
pub(crate) fn libp2p_server(identity: &Identity) -> Result<Arc<QuicServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&version::TLS13])
        .map_err(Error::certificate)?
        .with_client_cert_verifier(Arc::new(PeerVerifier::new()))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.0.clone())));
    config.alpn_protocols = vec![LIBP2P.to_vec()];
    // Every connection shows its certificates anew.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    server(config)
}

fn server(config: ServerConfig) -> Result<Arc<QuicServerConfig>> {
    QuicServerConfig::try_from(config)
        .map(Arc::new)
        .map_err(Error::certificate)
}

/// Dials `libp2p` with our identity.
pub(crate) fn libp2p_client(identity: &Identity) -> Result<Arc<QuicClientConfig>> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&version::TLS13])
        .map_err(Error::certificate)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PeerVerifier::new()))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.0.clone())));
    config.alpn_protocols = vec![LIBP2P.to_vec()];
    config.enable_sni = false;
    config.resumption = Resumption::disabled();
    QuicClientConfig::try_from(config)
        .map(Arc::new)
        .map_err(Error::certificate)
}

/// Accepts a peer's certificate for what it is; nobody vouches for it but its host key, which the caller of this crate verifies.
#[derive(Debug)]
struct PeerVerifier {
    algorithms: WebPkiSupportedAlgorithms,
}

impl PeerVerifier {
    fn new() -> Self {
        PeerVerifier {
            algorithms: provider().signature_verification_algorithms,
        }
    }

    fn check(
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> std::result::Result<(), TlsError> {
        if !others.is_empty() {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(PeerCertificate::parse(certificate)?.check(now)?)
    }

    /// The real check that the peer owns the key of its certificate.
    fn check_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        let peer = PeerCertificate::parse(certificate)?;
        verify_tls13_signature_with_raw_key(message, &peer.spki(), signature, &self.algorithms)
    }
}

/// QUIC has TLS 1.3 only.
fn tls12() -> std::result::Result<HandshakeSignatureValid, TlsError> {
    Err(PeerIncompatible::Tls12NotOffered.into())
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        Self::check(certificate, others, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.check_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> std::result::Result<ClientCertVerified, TlsError> {
        Self::check(certificate, others, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.check_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
