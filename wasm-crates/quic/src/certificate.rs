//! Certificates of our own: the libp2p one, made anew by each process (spec 50 section 2), and the short-lived ones for browsers.

use std::sync::Arc;

use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair, PublicKeyData,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::peer::{EXTENSION_OID, signed_key, signed_message};
use crate::{Error, Result, tls};

/// How long before its making a browser certificate is valid: clocks differ.
const BACKDATE: Duration = Duration::hours(1);
/// Most days that browsers accept of a certificate known by its hash.
const MAX_BROWSER_DAYS: u32 = 14;

fn certified(certificate: CertificateDer<'static>, pkcs8: &[u8]) -> Result<Arc<CertifiedKey>> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pkcs8));
    CertifiedKey::from_der(vec![certificate], key.clone_key(), &tls::provider())
        .map(Arc::new)
        .map_err(Error::certificate)
}

/// A certificate key that the host key has not yet signed. The key never leaves this value.
pub struct Draft {
    key: KeyPair,
}

impl Draft {
    /// Makes an ECDSA P-256 key.
    pub fn new() -> Result<Self> {
        KeyPair::generate()
            .map(|key| Draft { key })
            .map_err(Error::certificate)
    }

    /// What the host key has to sign.
    pub fn message(&self) -> Vec<u8> {
        signed_message(&self.key.subject_public_key_info())
    }

    /// The certificate with the host key's public record and its signature over [`Draft::message`].
    pub fn sign(&self, host_key: &[u8], signature: &[u8]) -> Result<Identity> {
        // Valid for all of time that the format can tell, so that no wrong clock stands between two peers.
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.custom_extensions = vec![CustomExtension::from_oid_content(
            EXTENSION_OID,
            signed_key(host_key, signature),
        )];
        let certificate = parameters
            .self_signed(&self.key)
            .map_err(Error::certificate)?;
        let pkcs8 = Zeroizing::new(self.key.serialize_der());
        Ok(Identity(certified(certificate.into(), &pkcs8)?))
    }
}

/// Our libp2p certificate and its key.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<CertifiedKey>);

/// A self-signed certificate for `serverCertificateHashes` of browsers: ECDSA P-256, at most 14 days.
pub struct BrowserCertificate {
    /// X.509, DER.
    pub certificate: Vec<u8>,
    /// PKCS #8, DER.
    pub private_key: Zeroizing<Vec<u8>>,
    /// SHA-256 of `certificate`.
    pub sha256: [u8; 32],
    /// Start of validity, seconds since the epoch.
    pub not_before: i64,
    /// End of validity, seconds since the epoch.
    pub not_after: i64,
}

impl BrowserCertificate {
    /// Valid from an hour ago for `days` days in all (1 to 14).
    pub fn new(days: u32) -> Result<Self> {
        if !(1..=MAX_BROWSER_DAYS).contains(&days) {
            let reason = format!("{days} days: browsers accept 1 to {MAX_BROWSER_DAYS}");
            return Err(Error::Certificate(reason));
        }
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut parameters = CertificateParams::new(names).map_err(Error::certificate)?;
        parameters.not_before = OffsetDateTime::now_utc() - BACKDATE;
        parameters.not_after = parameters.not_before + Duration::days(i64::from(days));
        parameters.distinguished_name = DistinguishedName::new();
        parameters
            .distinguished_name
            .push(DnType::CommonName, "Petal");
        let key = KeyPair::generate().map_err(Error::certificate)?;
        let certificate = parameters.self_signed(&key).map_err(Error::certificate)?;
        Ok(BrowserCertificate {
            certificate: certificate.der().to_vec(),
            sha256: Sha256::digest(certificate.der()).into(),
            private_key: Zeroizing::new(key.serialize_der()),
            not_before: parameters.not_before.unix_timestamp(),
            not_after: parameters.not_after.unix_timestamp(),
        })
    }
}

/// Certificate and PKCS #8 key as TLS uses them. Error: malformed, or they do not belong together.
pub(crate) fn browser_key(certificate: &[u8], private_key: &[u8]) -> Result<Arc<CertifiedKey>> {
    certified(certificate.to_vec().into(), private_key)
}
