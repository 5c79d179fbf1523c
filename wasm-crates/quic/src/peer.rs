//! The certificate of a libp2p peer: X.509 with an extension in which the host key signs the certificate's key (libp2p TLS 1.0.0).

use rustls::CertificateError;
use rustls::pki_types::{SubjectPublicKeyInfoDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::{Any, FromDer, OctetString, Tag};
use x509_parser::extensions::ParsedExtension;
use x509_parser::time::ASN1Time;

/// OID of the extension, 1.3.6.1.4.1.53594.1.1.
pub(crate) const EXTENSION_OID: &[u64] = &[1, 3, 6, 1, 4, 1, 53594, 1, 1];
const EXTENSION_OID_TEXT: &str = "1.3.6.1.4.1.53594.1.1";
const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const SIGNED_PREFIX: &[u8] = b"libp2p-tls-handshake:";
/// Most bytes of a peer's certificate: the longest host keys and signatures (RSA with 8,192 bits) are 2 KiB.
const MAX_CERTIFICATE_BYTES: usize = 8 << 10;

/// A host key that a peer claims. It is the peer's once `signature` is verified to be that key's over `message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// libp2p public key record (protobuf).
    pub public_key: Vec<u8>,
    /// The host key's signature over `message`.
    pub signature: Vec<u8>,
    /// `libp2p-tls-handshake:` and the certificate's key, which TLS proved to be the peer's.
    pub message: Vec<u8>,
}

/// What the host key signs for a certificate with this key (SubjectPublicKeyInfo, DER).
pub(crate) fn signed_message(spki: &[u8]) -> Vec<u8> {
    [SIGNED_PREFIX, spki].concat()
}

/// The extension's content: `SEQUENCE { publicKey OCTET STRING, signature OCTET STRING }`.
pub(crate) fn signed_key(public_key: &[u8], signature: &[u8]) -> Vec<u8> {
    let fields = [der(OCTET_STRING, public_key), der(OCTET_STRING, signature)];
    der(SEQUENCE, &fields.concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|&&byte| byte == 0).count();
    let mut bytes = vec![tag];
    if content.len() < 0x80 {
        bytes.push(content.len() as u8);
    } else {
        bytes.push(0x80 | (length.len() - zeros) as u8);
        bytes.extend(&length[zeros..]);
    }
    bytes.extend(content);
    bytes
}

/// A peer's certificate with the extension of libp2p in it.
pub(crate) struct PeerCertificate<'a> {
    parsed: X509Certificate<'a>,
    /// What the extension claims.
    pub host_key: HostKey,
}

impl<'a> PeerCertificate<'a> {
    /// Reads what is in it; proves nothing.
    pub fn parse(certificate: &'a [u8]) -> Result<Self, CertificateError> {
        if certificate.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::BadEncoding);
        }
        let (rest, parsed) =
            X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
        if !rest.is_empty() || parsed.signature_algorithm != parsed.signature {
            return Err(CertificateError::BadEncoding);
        }
        let host_key = host_key(&parsed)?;
        Ok(PeerCertificate { parsed, host_key })
    }

    /// Checks that it is valid now and signed by its own key. Who signed in the extension is for others to check.
    pub fn check(&self, now: UnixTime) -> Result<(), CertificateError> {
        let bad = CertificateError::BadEncoding;
        let seconds = i64::try_from(now.as_secs()).map_err(|_| bad.clone())?;
        let now = ASN1Time::from_timestamp(seconds).map_err(|_| bad)?;
        let validity = self.parsed.validity();
        if now < validity.not_before {
            return Err(CertificateError::NotValidYet);
        }
        if now > validity.not_after {
            return Err(CertificateError::Expired);
        }
        self.parsed
            .verify_signature(None)
            .map_err(|_| CertificateError::BadSignature)
    }

    /// The certificate's own key.
    pub fn spki(&self) -> SubjectPublicKeyInfoDer<'_> {
        SubjectPublicKeyInfoDer::from(self.parsed.public_key().raw)
    }
}

fn host_key(certificate: &X509Certificate<'_>) -> Result<HostKey, CertificateError> {
    let mut found = None;
    for extension in certificate.extensions() {
        if extension.oid.to_id_string() == EXTENSION_OID_TEXT {
            if found.replace(extension.value).is_some() {
                return Err(CertificateError::BadEncoding);
            }
        } else if extension.critical
            && matches!(
                extension.parsed_extension(),
                ParsedExtension::UnsupportedExtension { .. } | ParsedExtension::ParseError { .. }
            )
        {
            return Err(CertificateError::UnhandledCriticalExtension);
        }
    }
    let content = found.ok_or(CertificateError::ApplicationVerificationFailure)?;
    let (public_key, signature) = read_signed_key(content).ok_or(CertificateError::BadEncoding)?;
    Ok(HostKey {
        public_key,
        signature,
        message: signed_message(certificate.public_key().raw),
    })
}

fn read_signed_key(content: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (after, sequence) = Any::from_der(content).ok()?;
    if !after.is_empty() || sequence.tag() != Tag::Sequence {
        return None;
    }
    let (rest, public_key) = OctetString::from_der(sequence.data).ok()?;
    let (rest, signature) = OctetString::from_der(rest).ok()?;
    rest.is_empty().then(|| {
        (
            public_key.into_cow().into_owned(),
            signature.into_cow().into_owned(),
        )
    })
}
