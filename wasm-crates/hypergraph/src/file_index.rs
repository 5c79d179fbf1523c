//! File index blobs: a convention of clients, not of consensus (spec 21 section 9).

use crate::address::{ADDRESS_LENGTH, Address};

const MAGIC: &[u8; 8] = b"FILEINDX";
const VERSION: u32 = 1;
const HEADER_LENGTH: usize = 28;

/// A file cut into blobs: where they are and how large the whole is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIndex {
    /// Bytes per blob; the last one may be shorter.
    pub chunk_size: u32,
    /// Bytes of the whole file.
    pub total_size: u64,
    /// Addresses of the blobs in order.
    pub blobs: Vec<Address>,
}

/// Why bytes are no file index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileIndexError {
    /// The bytes do not start with `FILEINDX`.
    #[error("the bytes do not start with FILEINDX")]
    Magic,
    /// A version other than 1.
    #[error("file index version {0} is not 1")]
    Version(u32),
    /// The length is not what the count of blobs asks for.
    #[error("{got} bytes do not hold a header and {count} blob addresses")]
    Length {
        /// Count in the header; 0 when the header itself is cut short.
        count: u32,
        /// Length found.
        got: usize,
    },
    /// More blobs than a u32 can count.
    #[error("{0} blobs do not fit a file index")]
    Count(usize),
}

impl FileIndex {
    /// The blob's bytes.
    ///
    /// # Errors
    /// [`FileIndexError::Count`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, FileIndexError> {
        let count =
            u32::try_from(self.blobs.len()).map_err(|_| FileIndexError::Count(self.blobs.len()))?;
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_be_bytes());
        out.extend(self.chunk_size.to_be_bytes());
        out.extend(self.total_size.to_be_bytes());
        out.extend(count.to_be_bytes());
        out.extend(self.blobs.iter().flatten());
        Ok(out)
    }

    /// Reads a blob; nothing may follow the last address.
    ///
    /// # Errors
    /// [`FileIndexError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileIndexError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(FileIndexError::Magic)?;
        let short = FileIndexError::Length {
            count: 0,
            got: bytes.len(),
        };
        let (version, rest) = rest.split_first_chunk().ok_or(short)?;
        let (chunk_size, rest) = rest.split_first_chunk().ok_or(short)?;
        let (total_size, rest) = rest.split_first_chunk().ok_or(short)?;
        let (count, rest) = rest.split_first_chunk().ok_or(short)?;
        let version = u32::from_be_bytes(*version);
        if version != VERSION {
            return Err(FileIndexError::Version(version));
        }
        let count = u32::from_be_bytes(*count);
        let (blobs, left) = rest.as_chunks::<ADDRESS_LENGTH>();
        if !left.is_empty() || u32::try_from(blobs.len()) != Ok(count) {
            let got = bytes.len();
            return Err(FileIndexError::Length { count, got });
        }
        Ok(Self {
            chunk_size: u32::from_be_bytes(*chunk_size),
            total_size: u64::from_be_bytes(*total_size),
            blobs: blobs.to_vec(),
        })
    }

    /// Length of the encoding in bytes.
    #[must_use]
    pub fn encoded_length(&self) -> usize {
        HEADER_LENGTH + self.blobs.len() * ADDRESS_LENGTH
    }
}
