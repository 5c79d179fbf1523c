//! Leaves, and the three commitments of a tree (spec 20 section 8.2).

use crate::size::Size;
use sha2::{Digest, Sha512};

/// What stands for a child in the vector of its parent: 64 bytes, zeros for an empty slot.
pub type Slot = [u8; 64];

/// Commitment of a branch: a compressed point of G1.
pub type BranchCommitment = [u8; 74];

/// The slot of an absent child, and the root of the empty tree.
pub const EMPTY_SLOT: Slot = [0; 64];

/// One entry of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaf {
    /// Key, 1 to [`crate::MAX_KEY_BYTES`] bytes.
    pub key: Vec<u8>,
    /// Value; hashed into the tree unless there is a hash target.
    pub value: Vec<u8>,
    /// When not empty, hashed into the tree instead of the value.
    pub hash_target: Vec<u8>,
    /// Size that the caller accounts for this entry; not bound by any commitment.
    pub size: Size,
}

impl Leaf {
    /// Commitment of this leaf.
    #[must_use]
    pub fn commitment(&self) -> Slot {
        leaf_commitment(&self.key, self.hashed())
    }

    /// What the commitment binds beside the key: the hash target, or the value when there is none.
    #[must_use]
    pub fn hashed(&self) -> &[u8] {
        if self.hash_target.is_empty() {
            &self.value
        } else {
            &self.hash_target
        }
    }
}

/// `SHA-512(00 || key || hashed)`: the commitment of a leaf, and its slot value.
#[must_use]
pub fn leaf_commitment(key: &[u8], hashed: &[u8]) -> Slot {
    let mut hash = Sha512::new();
    hash.update([0]);
    hash.update(key);
    hash.update(hashed);
    hash.finalize().into()
}

/// `SHA-512(01 || u32 of each prefix element || commitment)`: the slot value of a branch in its parent.
#[must_use]
pub fn branch_slot(prefix: &[u8], commitment: &[u8]) -> Slot {
    slot_of(prefix.iter().map(|element| u32::from(*element)), commitment)
}

pub(crate) fn slot_of(prefix: impl Iterator<Item = u32>, commitment: &[u8]) -> Slot {
    let mut hash = Sha512::new();
    hash.update([1]);
    for element in prefix {
        hash.update(element.to_be_bytes());
    }
    hash.update(commitment);
    hash.finalize().into()
}

/// Root commitment of a tree (spec 20 section 8.2): 64 bytes when it is empty or one leaf, 74 otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// No leaf: 64 zero bytes.
    Empty,
    /// One leaf: its commitment.
    Leaf(Slot),
    /// The root branch's commitment. The prefix of the root branch is not bound by it (hazard H-05).
    Branch(BranchCommitment),
}

impl Root {
    /// The bytes that headers carry.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Empty => &EMPTY_SLOT,
            Self::Leaf(commitment) => commitment,
            Self::Branch(commitment) => commitment,
        }
    }

    /// From the bytes that headers carry; `None` for another length than 64 or 74.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Ok(commitment) = Slot::try_from(bytes) {
            return Some(if commitment == EMPTY_SLOT {
                Self::Empty
            } else {
                Self::Leaf(commitment)
            });
        }
        bytes.try_into().ok().map(Self::Branch)
    }
}
