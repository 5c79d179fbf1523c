//! Quorum certificates beside headers (spec 11 section 4.3): the same signature, with
//! `selector` = identity.

use crate::error::DecodeError;
use crate::header::{AggregateSignature, GlobalHeader};
use crate::protobuf::{MAX_APP_HEADER, MAX_FIELD};
use crate::wire::{Reader, Writer};

/// Proof that a frame was certified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuorumCertificate {
    /// Empty for the global chain, else the shard address.
    pub filter: Vec<u8>,
    /// Rank of the frame.
    pub rank: u64,
    /// Number of the frame.
    pub frame_number: u64,
    /// Identity of the frame.
    pub selector: Vec<u8>,
    /// Milliseconds since the epoch; not signed.
    pub timestamp: u64,
    /// The aggregate of the votes.
    pub signature: Option<AggregateSignature>,
}

/// Why a certificate does not belong to a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// A field differs.
    #[error("the certificate's {0} is not that of the header")]
    Different(&'static str),
    /// The certificate carries no signature.
    #[error("the certificate carries no signature")]
    Unsigned,
}

impl QuorumCertificate {
    /// Reads protobuf bytes: filter 1, rank 2, frame_number 3, selector 4, timestamp 5,
    /// aggregate_signature 6.
    ///
    /// # Errors
    /// [`DecodeError`] for everything that [`Self::to_protobuf`] does not write.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "QuorumCertificate", MAX_APP_HEADER, 0)?;
        let mut out = Self::default();
        while let Some(field) = reader.next()? {
            match field.number {
                1 => out.filter = field.bytes("filter", MAX_FIELD)?,
                2 => out.rank = field.u64("rank")?,
                3 => out.frame_number = field.u64("frame_number")?,
                4 => out.selector = field.bytes("selector", MAX_FIELD)?,
                5 => out.timestamp = field.u64("timestamp")?,
                6 => {
                    let bytes = field.element("aggregate_signature", MAX_APP_HEADER)?;
                    out.signature = Some(AggregateSignature::from_protobuf(bytes)?);
                }
                _ => return Err(field.unknown()),
            }
        }
        Ok(out)
    }

    /// Protobuf bytes, byte-exact for what [`Self::from_protobuf`] read.
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(1, &self.filter);
        out.u64(2, self.rank);
        out.u64(3, self.frame_number);
        out.bytes(4, &self.selector);
        out.u64(5, self.timestamp);
        if let Some(signature) = &self.signature {
            out.element(6, &signature.to_protobuf());
        }
        out.finish()
    }
}

impl GlobalHeader {
    /// The header with the certificate's signature, for a header that was served without one
    /// (hazard FH-1). Nothing is verified but that the two belong together.
    ///
    /// # Errors
    /// [`AttachError`] when they do not.
    pub fn with_certificate(&self, certificate: &QuorumCertificate) -> Result<Self, AttachError> {
        let identity = self.identity().ok();
        let differences = [
            (!certificate.filter.is_empty(), "filter"),
            (certificate.rank != self.rank, "rank"),
            (
                certificate.frame_number != self.frame_number,
                "frame number",
            ),
            (
                identity.is_none_or(|identity| certificate.selector != identity),
                "selector",
            ),
        ];
        if let Some((_, name)) = differences.iter().find(|(differs, _)| *differs) {
            return Err(AttachError::Different(name));
        }
        let signature = certificate.signature.clone();
        Ok(Self {
            signature: Some(signature.ok_or(AttachError::Unsigned)?),
            ..self.clone()
        })
    }
}
