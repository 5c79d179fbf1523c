//! Why something is refused.

use bls48581::DecodeError;
use thiserror::Error;

/// Why bytes cannot be committed to, proved or verified (spec 20 sections 3 to 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KzgError {
    /// The number of slots of a vector is none for which a set-up exists, or none this build has.
    #[error("no set-up for vectors of {0} slots")]
    Size(usize),
    /// More 64-byte chunks than slots.
    #[error("{bytes} bytes do not fit in {size} slots of 64 bytes")]
    TooLong {
        /// Bytes given.
        bytes: usize,
        /// Slots of the vector.
        size: usize,
    },
    /// A slot beyond the vector (hazard H-04).
    #[error("slot {index} of a vector of {size}")]
    Index {
        /// Position given.
        index: u64,
        /// Slots of the vector.
        size: usize,
    },
    /// A value that is not 64 bytes long.
    #[error("a slot value of {0} bytes where 64 are required")]
    ValueLength(usize),
    /// A point that the strict rules refuse (hazards H-02, H-06).
    #[error("{what}: {cause}")]
    Point {
        /// Which point: "commitment", "multicommitment" or "proof".
        what: &'static str,
        /// Why.
        cause: DecodeError,
    },
    /// No statement at all.
    #[error("no statement to prove or verify")]
    Empty,
    /// Bytes that are not the plain form of a multiproof.
    #[error("not the plain form of a multiproof")]
    Encoding,
    /// A challenge hit a root of unity; happens to nobody who does not search for it.
    #[error("the challenge is a root of unity")]
    Challenge,
    /// The embedded set-up does not decode: the build is damaged.
    #[error("the embedded set-up does not decode")]
    Setup,
}
