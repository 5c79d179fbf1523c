//! Vertex atoms: the value of a rule A leaf and of a member of a hyperedge (spec 21 section 2, HYP-02).

use crate::address::{ATOM_ID_LENGTH, AtomId};
use tries::Size;

/// First byte of a vertex.
pub const VERTEX_TAG: u8 = 0;
/// Length with a commitment of 64 bytes, and the shortest that is read.
pub const MIN_VERTEX_LENGTH: usize = 161;
/// Length with a commitment of 74 bytes.
pub const MAX_VERTEX_LENGTH: usize = 171;
/// Bytes of a size.
pub const SIZE_LENGTH: usize = 32;

/// A vertex without its data tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertex {
    /// Where it lives.
    pub id: AtomId,
    /// Root of its data tree: 64 or 74 bytes, but a reader takes what stands between id and size.
    pub commitment: Vec<u8>,
    /// Sum of the leaf sizes of its data tree, big-endian.
    pub size: [u8; SIZE_LENGTH],
}

/// Why bytes are no vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VertexError {
    /// Fewer than 161 bytes.
    #[error("{0} bytes are too few for a vertex, which has 161 or more")]
    Short(usize),
    /// The first byte is not 00.
    #[error("first byte {0:02x} is not that of a vertex")]
    Tag(u8),
}

impl Vertex {
    /// `00 || id || commitment || size`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [VERTEX_TAG];
        [&head[..], self.id.as_bytes(), &self.commitment, &self.size].concat()
    }

    /// Reads a vertex; the commitment is everything between byte 65 and the last 32.
    ///
    /// # Errors
    /// [`VertexError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VertexError> {
        let short = VertexError::Short(bytes.len());
        if bytes.len() < MIN_VERTEX_LENGTH {
            return Err(short);
        }
        let (tag, rest) = bytes.split_first().ok_or(short)?;
        if *tag != VERTEX_TAG {
            return Err(VertexError::Tag(*tag));
        }
        let (id, rest) = rest.split_first_chunk::<ATOM_ID_LENGTH>().ok_or(short)?;
        let (commitment, size) = rest.split_last_chunk().ok_or(short)?;
        Ok(Self {
            id: AtomId::from_bytes(id).map_err(|_| short)?,
            commitment: commitment.to_vec(),
            size: *size,
        })
    }

    /// Size as a number.
    #[must_use]
    pub fn size(&self) -> Size {
        // 32 bytes always fit.
        Size::from_be_bytes(&self.size).unwrap_or_default()
    }

    /// Whether bytes have the form of a vertex atom rather than that of a data tree: first byte 00 and 161 or 171 bytes
    /// (spec 22 section 3).
    #[must_use]
    pub fn looks_like(bytes: &[u8]) -> bool {
        bytes.first() == Some(&VERTEX_TAG)
            && (bytes.len() == MIN_VERTEX_LENGTH || bytes.len() == MAX_VERTEX_LENGTH)
    }
}
