//! The metadata vertex of a deployed application (spec 21 section 8, spec 41 section 4.1, HYP-11).

use crate::address::Address;
use crate::blob::{self, BlobError, Sealed};
use tries::{Leaf, Size};

/// First slot of application-specific trees; 3 to 15 are reserved.
pub const FIRST_SLOT: u8 = 16;
/// Last slot that every implementation takes.
pub const LAST_SLOT: u8 = 61;
/// Slot of the configuration tree.
pub const CONFIGURATION_SLOT: u8 = 16;
/// Slot of the schema that a deployment publishes, the one that every reader uses.
pub const SCHEMA_SLOT: u8 = 2;
/// Slot to which an update writes a newer schema (spec 41, hazard H5).
pub const UPDATED_SCHEMA_SLOT: u8 = 3;
/// Length of an Ed448 key in a configuration.
pub const KEY_LENGTH: usize = 57;
/// Key of the address of the intrinsic type.
const TYPE_KEY: [u8; 32] = [0xff; 32];

/// Why there is no such metadata vertex.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// A slot from 3 to 15.
    #[error("slot {0} is reserved")]
    Reserved(u32),
    /// A slot that holds something else, or above 61.
    #[error("slot {0} is no slot for an application-specific tree: 16 to 61 are")]
    Slot(u32),
    /// Slots that do not follow each other from 16 on.
    #[error("slot {wanted} is missing or out of order: slot {got} came instead")]
    Gap {
        /// Slot that had to come.
        wanted: u8,
        /// Slot that came.
        got: u8,
    },
    /// A tree that can not be read or built.
    #[error(transparent)]
    Tree(#[from] BlobError),
    /// The vertex before the update is an empty tree.
    #[error("the metadata vertex to update is an empty tree")]
    Empty,
}

/// Entries of a sub-tree, key and value; their leaves have no hash target and count the length of the value.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// What a deployment publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Consensus metadata tree.
    pub consensus: Entries,
    /// Sum-check metadata tree.
    pub sumcheck: Entries,
    /// Application-specific trees by slot, 16 first, without gaps.
    pub slots: Vec<(u32, Entries)>,
    /// Schema document, UTF-8.
    pub schema: Vec<u8>,
    /// Address of the intrinsic type.
    pub type_domain: Address,
}

/// Keys of a configuration tree (spec 43 section 1.1): key 00 and key 04.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigurationKeys {
    /// Ed448 key whose holder reads.
    pub read: [u8; KEY_LENGTH],
    /// Ed448 key whose holder writes.
    pub write: [u8; KEY_LENGTH],
}

/// Key of a slot: one byte, `slot << 2`.
#[must_use]
pub const fn slot_key(slot: u8) -> [u8; 1] {
    [slot << 2]
}

/// The committed tree of the metadata vertex: every sub-tree committed and sealed with its root as hash target.
///
/// # Errors
/// [`MetadataError`].
pub fn deploy(deployment: Deployment) -> Result<Sealed, MetadataError> {
    let mut leaves = vec![
        sub_tree(0, deployment.consensus)?,
        sub_tree(1, deployment.sumcheck)?,
        plain(slot_key(SCHEMA_SLOT).to_vec(), deployment.schema),
    ];
    for ((slot, entries), wanted) in deployment.slots.into_iter().zip(FIRST_SLOT..) {
        let got = u8::try_from(slot).map_err(|_| MetadataError::Slot(slot))?;
        match got {
            UPDATED_SCHEMA_SLOT..FIRST_SLOT => return Err(MetadataError::Reserved(slot)),
            FIRST_SLOT..=LAST_SLOT if got == wanted => leaves.push(sub_tree(got, entries)?),
            FIRST_SLOT..=LAST_SLOT => return Err(MetadataError::Gap { wanted, got }),
            _ => return Err(MetadataError::Slot(slot)),
        }
    }
    leaves.push(plain(TYPE_KEY.to_vec(), deployment.type_domain.to_vec()));
    Ok(blob::seal(leaves)?)
}

/// An update: new keys are sealed again in slot 16, a new schema is written to slot 3 while slot 2 stays; then the tree is
/// committed. Whether the schema may follow the one in slot 2 is decided elsewhere (spec 41 section 5.1).
///
/// # Errors
/// [`MetadataError::Tree`], [`MetadataError::Empty`].
pub fn update(
    before: &[u8],
    keys: Option<&ConfigurationKeys>,
    schema: Option<&[u8]>,
) -> Result<Sealed, MetadataError> {
    let mut changes = Vec::new();
    if let Some(keys) = keys {
        let entries = vec![
            (slot_key(0).to_vec(), keys.read.to_vec()),
            (slot_key(1).to_vec(), keys.write.to_vec()),
        ];
        changes.push(sub_tree(CONFIGURATION_SLOT, entries)?);
    }
    if let Some(schema) = schema {
        changes.push(plain(
            slot_key(UPDATED_SCHEMA_SLOT).to_vec(),
            schema.to_vec(),
        ));
    }
    if blob::leaves(before)?.is_empty() {
        return Err(MetadataError::Empty);
    }
    Ok(blob::change(before, changes)?)
}

fn plain(key: Vec<u8>, value: Vec<u8>) -> Leaf {
    Leaf {
        size: Size::from(value.len() as u64),
        key,
        value,
        hash_target: Vec::new(),
    }
}

fn sub_tree(slot: u8, entries: Entries) -> Result<Leaf, MetadataError> {
    let leaves = entries.into_iter().map(|(key, value)| plain(key, value));
    let sealed = blob::seal(leaves.collect())?;
    Ok(Leaf {
        key: slot_key(slot).to_vec(),
        value: sealed.blob,
        hash_target: sealed.root.as_bytes().to_vec(),
        size: sealed.size,
    })
}
