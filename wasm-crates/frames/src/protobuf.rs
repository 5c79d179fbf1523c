//! Headers as protobuf (spec 11 sections 4 and 5 give the field numbers).

use crate::error::DecodeError;
use crate::header::{AggregateSignature, AppHeader, GlobalHeader};
use crate::wire::{Reader, Writer};

/// Most bytes of a global header that are read; an ordinary one has 17 to 21 kB.
pub const MAX_GLOBAL_HEADER: usize = 64 << 10;
/// Most bytes of an app header that are read: a requests root of 1 MiB and the longest tail.
pub const MAX_APP_HEADER: usize = (1 << 20) + (256 << 10);

/// `74 + 4 + 516 * 256`: the longest signature field (hazard FH-7).
pub(crate) const MAX_SIGNATURE: usize = 74 + 4 + 516 * 256;
/// Longest requests root of an app header (spec 11 section 5.5 step 1).
pub(crate) const MAX_REQUESTS_ROOT: usize = 1 << 20;
/// Bound of every other byte field; the shape check judges exact lengths.
pub(crate) const MAX_FIELD: usize = 1024;
/// Bound of the repeated fields; the shape check judges exact counts.
const MAX_ELEMENTS: usize = 512;

fn push(list: &mut Vec<Vec<u8>>, element: &[u8], what: &'static str) -> Result<(), DecodeError> {
    if list.len() >= MAX_ELEMENTS {
        return Err(DecodeError::TooLong {
            what,
            length: list.len() + 1,
            limit: MAX_ELEMENTS,
        });
    }
    list.push(element.to_vec());
    Ok(())
}

impl AggregateSignature {
    /// Reads protobuf bytes: signature 1, public_key 2 {key_value 1}, bitmask 3.
    ///
    /// # Errors
    /// [`DecodeError`] for everything that [`Self::to_protobuf`] does not write.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Self, DecodeError> {
        let limit = MAX_SIGNATURE + 3 * MAX_FIELD;
        let mut reader = Reader::new(bytes, "AggregateSignature", limit, 0)?;
        let mut out = Self::default();
        while let Some(field) = reader.next()? {
            match field.number {
                1 => out.signature = field.bytes("signature", MAX_SIGNATURE)?,
                2 => {
                    let key = field.element("public_key", MAX_FIELD)?;
                    out.public_key = Some(key_value(key)?);
                }
                3 => out.bitmask = field.bytes("bitmask", MAX_FIELD)?,
                _ => return Err(field.unknown()),
            }
        }
        Ok(out)
    }

    /// Protobuf bytes, byte-exact for what [`Self::from_protobuf`] read.
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(1, &self.signature);
        if let Some(key) = &self.public_key {
            let mut inner = Writer::default();
            inner.bytes(1, key);
            out.element(2, &inner.finish());
        }
        out.bytes(3, &self.bitmask);
        out.finish()
    }
}

fn key_value(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut reader = Reader::new(bytes, "BLS48581G2PublicKey", MAX_FIELD, 0)?;
    let mut out = Vec::new();
    while let Some(field) = reader.next()? {
        match field.number {
            1 => out = field.bytes("key_value", MAX_FIELD)?,
            _ => return Err(field.unknown()),
        }
    }
    Ok(out)
}

impl GlobalHeader {
    /// Reads protobuf bytes (`GlobalFrameHeader`), at most [`MAX_GLOBAL_HEADER`].
    ///
    /// # Errors
    /// [`DecodeError`] for everything that [`Self::to_protobuf`] does not write.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "GlobalFrameHeader", MAX_GLOBAL_HEADER, 7)?;
        let mut out = Self::default();
        while let Some(field) = reader.next()? {
            match field.number {
                1 => out.frame_number = field.u64("frame_number")?,
                2 => out.rank = field.u64("rank")?,
                3 => out.timestamp = field.u64("timestamp")?.cast_signed(),
                4 => out.difficulty = field.u32("difficulty")?,
                5 => out.output = field.bytes("output", MAX_FIELD)?,
                6 => out.parent_selector = field.bytes("parent_selector", MAX_FIELD)?,
                7 => {
                    let what = "global_commitments";
                    let element = field.element(what, MAX_FIELD)?;
                    push(&mut out.global_commitments, element, what)?;
                }
                8 => {
                    out.prover_tree_commitment = field.bytes("prover_tree_commitment", MAX_FIELD)?
                }
                9 => out.requests_root = field.bytes("requests_root", MAX_FIELD)?,
                10 => out.prover = field.bytes("prover", MAX_FIELD)?,
                11 => {
                    let bytes = field.element("signature", MAX_GLOBAL_HEADER)?;
                    out.signature = Some(AggregateSignature::from_protobuf(bytes)?);
                }
                _ => return Err(field.unknown()),
            }
        }
        Ok(out)
    }

    /// Protobuf bytes: fields in number order, zero and empty values left out, elements of the
    /// repeated field and present sub-messages kept (checklist FRM-06).
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u64(1, self.frame_number);
        out.u64(2, self.rank);
        out.u64(3, self.timestamp.cast_unsigned());
        out.u64(4, u64::from(self.difficulty));
        out.bytes(5, &self.output);
        out.bytes(6, &self.parent_selector);
        for commitment in &self.global_commitments {
            out.element(7, commitment);
        }
        out.bytes(8, &self.prover_tree_commitment);
        out.bytes(9, &self.requests_root);
        out.bytes(10, &self.prover);
        if let Some(signature) = &self.signature {
            out.element(11, &signature.to_protobuf());
        }
        out.finish()
    }
}

impl AppHeader {
    /// Reads protobuf bytes (`FrameHeader`), at most [`MAX_APP_HEADER`].
    ///
    /// # Errors
    /// [`DecodeError`] for everything that [`Self::to_protobuf`] does not write.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "FrameHeader", MAX_APP_HEADER, 9)?;
        let mut out = Self::default();
        while let Some(field) = reader.next()? {
            match field.number {
                1 => out.address = field.bytes("address", MAX_FIELD)?,
                2 => out.frame_number = field.u64("frame_number")?,
                3 => out.rank = field.u64("rank")?,
                4 => out.timestamp = field.u64("timestamp")?.cast_signed(),
                5 => out.difficulty = field.u32("difficulty")?,
                6 => out.output = field.bytes("output", MAX_FIELD)?,
                7 => out.parent_selector = field.bytes("parent_selector", MAX_FIELD)?,
                8 => out.requests_root = field.bytes("requests_root", MAX_REQUESTS_ROOT)?,
                9 => {
                    let element = field.element("state_roots", MAX_FIELD)?;
                    push(&mut out.state_roots, element, "state_roots")?;
                }
                10 => out.prover = field.bytes("prover", MAX_FIELD)?,
                11 => out.fee_multiplier_vote = field.u64("fee_multiplier_vote")?,
                12 => {
                    let bytes = field.element("signature", MAX_APP_HEADER)?;
                    out.signature = Some(AggregateSignature::from_protobuf(bytes)?);
                }
                _ => return Err(field.unknown()),
            }
        }
        Ok(out)
    }

    /// Protobuf bytes, by the rules of [`GlobalHeader::to_protobuf`].
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(1, &self.address);
        out.u64(2, self.frame_number);
        out.u64(3, self.rank);
        out.u64(4, self.timestamp.cast_unsigned());
        out.u64(5, u64::from(self.difficulty));
        out.bytes(6, &self.output);
        out.bytes(7, &self.parent_selector);
        out.bytes(8, &self.requests_root);
        for root in &self.state_roots {
            out.element(9, root);
        }
        out.bytes(10, &self.prover);
        out.u64(11, self.fee_multiplier_vote);
        if let Some(signature) = &self.signature {
            out.element(12, &signature.to_protobuf());
        }
        out.finish()
    }
}
