//! The three messages (spec 11 sections 4 and 5). Plain data: nothing here is verified.

use crate::error::DecodeError;

/// Aggregate signature of a certified header; also the form of a leader's own signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AggregateSignature {
    /// 74 bytes; in app headers a tail of multi-proofs may follow (spec 11 section 5.4).
    pub signature: Vec<u8>,
    /// Aggregate key, 585 bytes. `None`: the sub-message is absent; empty: present without a value.
    pub public_key: Option<Vec<u8>>,
    /// Bit `i mod 8` of byte `i / 8` names committee member i.
    pub bitmask: Vec<u8>,
}

impl AggregateSignature {
    /// The aggregate key's bytes, empty when there is none.
    pub fn key_bytes(&self) -> &[u8] {
        self.public_key.as_deref().unwrap_or_default()
    }
}

/// Header of a global frame (spec 11 section 4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobalHeader {
    /// Number, one more than the parent's.
    pub frame_number: u64,
    /// Consensus rank, bound by the vote only.
    pub rank: u64,
    /// Milliseconds since the epoch, as the leader claims.
    pub timestamp: i64,
    /// Squarings of the time proof.
    pub difficulty: u32,
    /// Time proof, 516 bytes.
    pub output: Vec<u8>,
    /// Identity of the parent, 32 bytes.
    pub parent_selector: Vec<u8>,
    /// 256 commitments of 64 or 74 bytes.
    pub global_commitments: Vec<Vec<u8>>,
    /// Root of the registry tree, 64 or 74 bytes.
    pub prover_tree_commitment: Vec<u8>,
    /// Root over the requests, 64 or 74 bytes.
    pub requests_root: Vec<u8>,
    /// Address of the leader; covered neither by the time proof nor by the vote (hazard FH-5).
    pub prover: Vec<u8>,
    /// Certificate.
    pub signature: Option<AggregateSignature>,
}

/// Header of an app shard frame (spec 11 section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppHeader {
    /// Shard filter, 32 bytes or more.
    pub address: Vec<u8>,
    /// Number, one more than the parent's.
    pub frame_number: u64,
    /// Consensus rank, bound by the vote only.
    pub rank: u64,
    /// Milliseconds since the epoch, as the leader claims.
    pub timestamp: i64,
    /// Squarings of the time proof.
    pub difficulty: u32,
    /// Time proof, 516 bytes.
    pub output: Vec<u8>,
    /// Identity of the parent, 32 bytes; zeros in a shard's first frame.
    pub parent_selector: Vec<u8>,
    /// Root over the requests, opaque here (spec 11 section 5.5 step 1).
    pub requests_root: Vec<u8>,
    /// Vertex adds, vertex removes, hyperedge adds, hyperedge removes.
    pub state_roots: Vec<Vec<u8>>,
    /// Address of the leader, covered by the time proof.
    pub prover: Vec<u8>,
    /// The leader's vote on the fee multiplier.
    pub fee_multiplier_vote: u64,
    /// Certificate.
    pub signature: Option<AggregateSignature>,
}

impl GlobalHeader {
    /// Reads protobuf or canonical bytes. The two cannot be confused: canonical bytes start with a
    /// zero byte, which is no protobuf field tag.
    ///
    /// # Errors
    /// [`DecodeError`] of the form that the first byte tells.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            // An empty protobuf message would be a header of zeros; nobody means that.
            None => Err(DecodeError::Truncated("header")),
            Some(0) => Self::from_canonical(bytes),
            _ => Self::from_protobuf(bytes),
        }
    }
}

impl AppHeader {
    /// Reads protobuf or canonical bytes, told apart as in [`GlobalHeader::from_bytes`].
    ///
    /// # Errors
    /// [`DecodeError`] of the form that the first byte tells.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            // An empty protobuf message would be a header of zeros; nobody means that.
            None => Err(DecodeError::Truncated("header")),
            Some(0) => Self::from_canonical(bytes),
            _ => Self::from_protobuf(bytes),
        }
    }
}
