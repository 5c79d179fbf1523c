//! Why a tree refuses.

use crate::store::StoreFailure;

/// A tree that cannot answer. After any error but [`TreeError::Store`] and [`TreeError::Damaged`] inside a commit the tree holds the
/// same entries as before the call.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Keys have at least one byte.
    #[error("a key of no bytes has no place in a tree")]
    EmptyKey,
    /// The key is longer than [`crate::MAX_KEY_BYTES`].
    #[error("key of {length} bytes: at most {most} are allowed", most = crate::MAX_KEY_BYTES)]
    KeyTooLong {
        /// Bytes of the key.
        length: usize,
    },
    /// Value or hash target is longer than [`crate::wire::MAX_FIELD_BYTES`].
    #[error("field of {length} bytes: at most {most} are allowed", most = crate::wire::MAX_FIELD_BYTES)]
    FieldTooLong {
        /// Bytes of the field.
        length: usize,
    },
    /// The key's path is a prefix of the path of a present key, or continues it (spec 20 section 7).
    #[error("the path of the key is a prefix of a present key's path or continues it")]
    PrefixConflict,
    /// The insertion would nest branches deeper than [`crate::wire::MAX_DEPTH`], which no reader accepts.
    #[error("branches would nest deeper than {most}", most = crate::wire::MAX_DEPTH)]
    TooDeep,
    /// The key's path does not start with the covered prefix (spec 20 section 8.7).
    #[error("the key lies outside the prefix that this tree covers")]
    OutsideCoveredPrefix,
    /// The branches above a covered part do not fit it.
    #[error("ancestors of the covered prefix: {0}")]
    Ancestors(#[from] crate::covered::AncestorRefusal),
    /// The last covered leaf went, and the branch above merges with what lies outside (spec 20 section 8.4).
    #[error("the branch above the covered prefix merges: its ancestors have to be got again")]
    AncestorsMerge,
    /// The call needs commitments, and the tree changed since the last commit.
    #[error("the tree has changes that are not committed")]
    Uncommitted,
    /// No proof exists: the key is absent (there are no exclusion proofs), spec 20 section 9.1.
    #[error("no proof exists: key {key} is absent", key = shown(.key))]
    Absent {
        /// The absent key.
        key: Vec<u8>,
    },
    /// No proof exists: a tree of one leaf has no branch to open; check its root with [`crate::proof::verify_single_leaf`].
    #[error("no proof exists: the tree is a single leaf")]
    SingleLeaf,
    /// Number of keys outside 1 to 100 (spec 20 section 9.4).
    #[error("a proof of {count} keys: 1 to {most} are possible", most = crate::proof::MAX_SUB_PROOFS)]
    KeyCount {
        /// Keys asked for.
        count: usize,
    },
    /// The serialised tree would be longer than any reader accepts.
    #[error("the serialised tree would be longer than {most} bytes", most = crate::wire::MAX_TREE_BYTES)]
    TooLarge,
    /// Generations only grow.
    #[error("generation {generation} is older than {newest}, which this tree holds records of")]
    Generation {
        /// The generation asked for.
        generation: u64,
        /// The newest one.
        newest: u64,
    },
    /// A record that a parent or root record promises is missing or unreadable.
    #[error("stored node of generation {generation} at {position:?} is damaged: {reason}")]
    Damaged {
        /// Generation of the record.
        generation: u64,
        /// Its position, one element per byte.
        position: Vec<u8>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The store failed.
    #[error("the node store failed: {0}")]
    Store(#[from] StoreFailure),
    /// The commitment library refused; with well-formed slots this does not happen.
    #[error("commitment: {0}")]
    Commitment(#[from] kzg::KzgError),
}

/// The first bytes of a key as hex.
fn shown(key: &[u8]) -> String {
    let start: String = key
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if key.len() > 16 { start + ".." } else { start }
}
