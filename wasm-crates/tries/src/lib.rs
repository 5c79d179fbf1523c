//! Vector commitment trees over a node store: shape, metadata, wire form, traversal proofs (spec 20 sections 7 to 9, spec 22 section 6).
//!
//! * [`path`]: keys as paths of 6-bit elements
//! * [`Tree`]: entries, commitments, pages of leaves, nodes by path; in memory, or lazily over a [`NodeStore`]
//! * [`wire`]: the serialised tree, read under limits
//! * [`proof`]: traversal proofs, their encodings, the strict verdict and the reference's
//! * [`covered`]: the part of a tree below a covered prefix, its ancestors as commitments only
//! * [`audit`]: stored records looked at one by one
//! * [`subtree`]: part of a tree checked against the root without a pairing
//!
//! Metadata follows Variant R (spec 20 section 8.4), the bytes that serialised vertex trees carry in the current network.

pub mod audit;
mod bytes;
mod commit;
pub mod covered;
mod edit;
mod error;
mod leaf;
mod leaves;
mod node;
mod path;
pub mod proof;
mod record;
mod size;
mod store;
pub mod subtree;
mod tree;
mod view;
pub mod wire;

pub use commit::commit_all;
pub use covered::CoveredTree;
pub use error::TreeError;
pub use leaf::{BranchCommitment, EMPTY_SLOT, Leaf, Root, Slot, branch_slot, leaf_commitment};
pub use leaves::{LeafPage, PageLimit, Start};
pub use path::{Path, WIDTH, path};
pub use record::{INLINE_VALUE_BYTES, RootRecord};
pub use size::{MAX_SIZE_BYTES, Size};
pub use store::{
    Changes, MemoryStore, NoStore, NodeKey, NodeStore, Overlay, StoreFailure, ValueKey,
};
pub use subtree::rebuild_root;
pub use tree::{MAX_KEY_BYTES, Tree};
pub use view::NodeView;
