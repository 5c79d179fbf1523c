//! Small trees as serialised bytes: data trees, extrinsic trees, sub-trees of metadata (spec 20 section 8.5).

use tries::wire::WireError;
use tries::{Leaf, PageLimit, Root, Size, Start, Tree, TreeError};

/// Bytes that are no tree, or leaves that make none.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The bytes are no serialised tree.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A leaf that the tree refuses, or a commitment that can not be computed.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// A committed tree and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// `ser(tree)` after the commit; `00` for the empty tree.
    pub blob: Vec<u8>,
    /// Its root: 64 zero bytes for the empty tree.
    pub root: Root,
    /// Sum of the leaf sizes.
    pub size: Size,
    /// Number of leaves.
    pub leaf_count: i64,
}

/// Leaves of the tree at the start of `blob`, in order; what follows the tree is passed over, as the reference does.
pub(crate) fn leaves(blob: &[u8]) -> Result<Vec<Leaf>, BlobError> {
    let (tree, _) = Tree::from_blob_prefix(blob)?;
    let all = PageLimit {
        leaves: usize::MAX,
        bytes: usize::MAX,
    };
    Ok(tree.leaves(&[], Start::Index(0), all)?.leaves)
}

/// The tree of these leaves, inserted in order and committed.
///
/// # Errors
/// [`BlobError::Tree`].
pub fn seal(leaves: Vec<Leaf>) -> Result<Sealed, BlobError> {
    finish(Tree::new(), leaves)
}

/// The tree at the start of `blob` with every commitment and size in it computed anew.
///
/// # Errors
/// [`BlobError`].
pub fn recommit(blob: &[u8]) -> Result<Sealed, BlobError> {
    change(blob, Vec::new())
}

/// The same after these leaves are inserted or overwritten.
///
/// # Errors
/// [`BlobError`].
pub fn change(blob: &[u8], leaves: Vec<Leaf>) -> Result<Sealed, BlobError> {
    finish(Tree::from_blob_prefix(blob)?.0, leaves)
}

fn finish(mut tree: Tree, leaves: Vec<Leaf>) -> Result<Sealed, BlobError> {
    for leaf in leaves {
        tree.insert(leaf)?;
    }
    let root = tree.commit()?;
    Ok(Sealed {
        blob: tree.to_blob()?,
        root,
        size: tree.size(),
        leaf_count: tree.leaf_count(),
    })
}
