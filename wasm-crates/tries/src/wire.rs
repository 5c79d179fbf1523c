//! The serialised tree (spec 20 section 8.5): messages, vertex data, hyperedges and requests roots hold it.
//!
//! The reader takes any bytes: every length is checked against what is left before anything is allocated, branches nest at most
//! [`MAX_DEPTH`] deep. It checks the form, not the shape: a blob may hold a tree that no sequence of insertions makes (branches of one
//! child, leaves at another place than their key's path), since the reference stores such blobs. [`Tree::is_canonical`] tells.

use crate::bytes::Cursor;
use crate::error::TreeError;
use crate::leaf::leaf_commitment;
use crate::node::{BranchNode, LeafNode, Link, Stated, Value};
use crate::path::{WIDTH, path};
use crate::size::Size;
use crate::store::NodeStore;
use crate::tree::Tree;
use std::sync::Arc;

/// Longest serialised tree that is read or written.
pub const MAX_TREE_BYTES: usize = 64 << 20;
/// Most branches on one path.
pub const MAX_DEPTH: usize = 128;
/// Longest prefix of a branch.
pub const MAX_PREFIX: usize = 256;
/// Longest key, value, hash target or commitment.
pub const MAX_FIELD_BYTES: usize = 16 << 20;

const EMPTY: u8 = 0;
const LEAF: u8 = 1;
const BRANCH: u8 = 2;

/// Why bytes are no serialised tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Longer than [`MAX_TREE_BYTES`].
    #[error("{0} bytes: a serialised tree has at most {MAX_TREE_BYTES}")]
    TooLong(usize),
    /// The bytes end inside a node.
    #[error("the bytes end inside a node")]
    Truncated,
    /// A node tag other than 0, 1, 2.
    #[error("{0} is no node tag")]
    Tag(u8),
    /// A field longer than [`MAX_FIELD_BYTES`].
    #[error("a field of {0} bytes: at most {MAX_FIELD_BYTES} are allowed")]
    Field(u64),
    /// A prefix longer than [`MAX_PREFIX`].
    #[error("a prefix of {0} elements: at most {MAX_PREFIX} are allowed")]
    Prefix(u32),
    /// A prefix element of 64 or more.
    #[error("{0} is no path element")]
    Element(u32),
    /// Branches nest deeper than [`MAX_DEPTH`].
    #[error("branches nest deeper than {MAX_DEPTH}")]
    Depth,
    /// A size longer than the 64 bytes (72 for a branch) that are supported.
    #[error("a size of {0} bytes is not supported")]
    Size(usize),
    /// A leaf without a key.
    #[error("a leaf has an empty key")]
    EmptyKey,
    /// Bytes follow the tree.
    #[error("{0} bytes follow the tree")]
    Trailing(usize),
}

impl Tree {
    /// The tree of a blob. Commitments, sizes and counts that the blob states are kept as they are until a change or a commit; they
    /// never enter a root.
    ///
    /// # Errors
    /// [`WireError`]; trailing bytes are an error too (the reference ignores them).
    pub fn from_blob(blob: &[u8]) -> Result<Self, WireError> {
        let (tree, length) = Self::from_blob_prefix(blob)?;
        match blob.len() - length {
            0 => Ok(tree),
            trailing => Err(WireError::Trailing(trailing)),
        }
    }

    /// The tree at the start of `blob`, and how many bytes it takes, as the reference reads: what follows is not looked at.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn from_blob_prefix(blob: &[u8]) -> Result<(Self, usize), WireError> {
        if blob.len() > MAX_TREE_BYTES {
            return Err(WireError::TooLong(blob.len()));
        }
        let mut cursor = Cursor::new(blob);
        let mut tree = Self::new();
        tree.root = node(&mut cursor, 0)?;
        Ok((tree, blob.len() - cursor.remaining()))
    }
}

fn node(cursor: &mut Cursor<'_>, level: usize) -> Result<Option<Link>, WireError> {
    match cursor.u8().ok_or(WireError::Truncated)? {
        EMPTY => Ok(None),
        LEAF => Ok(Some(Link::Leaf(Arc::new(leaf(cursor)?)))),
        BRANCH if level >= MAX_DEPTH => Err(WireError::Depth),
        BRANCH => Ok(Some(Link::Branch(Arc::new(branch(cursor, level)?)))),
        tag => Err(WireError::Tag(tag)),
    }
}

fn field<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], WireError> {
    let length = cursor.u64().ok_or(WireError::Truncated)?;
    match usize::try_from(length) {
        Ok(bytes) if bytes <= MAX_FIELD_BYTES => cursor.take(bytes).ok_or(WireError::Truncated),
        _ => Err(WireError::Field(length)),
    }
}

fn leaf(cursor: &mut Cursor<'_>) -> Result<LeafNode, WireError> {
    let key = field(cursor)?;
    let value = field(cursor)?;
    let hash_target = field(cursor)?;
    let stated = field(cursor)?;
    let size = field(cursor)?;
    if key.is_empty() {
        return Err(WireError::EmptyKey);
    }
    let size = Size::from_be_bytes(size).ok_or(WireError::Size(size.len()))?;
    let hashed = if hash_target.is_empty() {
        value
    } else {
        hash_target
    };
    let commitment = leaf_commitment(key, hashed);
    Ok(LeafNode {
        key: key.into(),
        value: Value {
            bytes: Some(value.into()),
            stored: None,
        },
        hash_target: hash_target.into(),
        size,
        commitment,
        forged: (commitment != stated).then(|| stated.into()),
        origin: None,
    })
}

fn branch(cursor: &mut Cursor<'_>, level: usize) -> Result<BranchNode, WireError> {
    let length = cursor.u32().ok_or(WireError::Truncated)?;
    let elements = usize::try_from(length)
        .ok()
        .filter(|elements| *elements <= MAX_PREFIX)
        .ok_or(WireError::Prefix(length))?;
    let mut prefix = Vec::with_capacity(elements);
    for _ in 0..elements {
        let element = cursor.u32().ok_or(WireError::Truncated)?;
        let small = u8::try_from(element)
            .ok()
            .filter(|small| usize::from(*small) < WIDTH)
            .ok_or(WireError::Element(element))?;
        prefix.push(small);
    }
    let mut branch = BranchNode::new(&prefix);
    for index in 0..WIDTH as u8 {
        if let Some(child) = node(cursor, level + 1)? {
            branch.set(index, child);
        }
    }
    let stated = field(cursor)?;
    branch.stated = if stated.is_empty() {
        Stated::Stale
    } else {
        Stated::Loaded(stated.into())
    };
    let size = field(cursor)?;
    branch.size = Size::sum_from_be_bytes(size).ok_or(WireError::Size(size.len()))?;
    branch.leaf_count = cursor.u64().ok_or(WireError::Truncated)? as i64;
    branch.longest_branch = cursor.u32().ok_or(WireError::Truncated)? as i32;
    Ok(branch)
}

impl<S: NodeStore> Tree<S> {
    /// The wire form of the tree as it stands, committed or not.
    ///
    /// # Errors
    /// [`TreeError::TooLarge`] above [`MAX_TREE_BYTES`]; store failures.
    pub fn to_blob(&self) -> Result<Vec<u8>, TreeError> {
        let mut out = Vec::new();
        self.put(&mut out, self.root.as_ref(), &mut Vec::new())?;
        Ok(out)
    }

    fn put(
        &self,
        out: &mut Vec<u8>,
        link: Option<&Link>,
        position: &mut Vec<u8>,
    ) -> Result<(), TreeError> {
        if out.len() > MAX_TREE_BYTES {
            return Err(TreeError::TooLarge);
        }
        let Some(link) = link else {
            out.push(EMPTY);
            return Ok(());
        };
        match self.loaded(link, position)? {
            Link::Leaf(node) => {
                let leaf = self.leaf(&node)?;
                out.push(LEAF);
                put_field(out, &leaf.key);
                put_field(out, &leaf.value);
                put_field(out, &leaf.hash_target);
                put_field(out, node.stated());
                put_field(out, &leaf.size.to_be_bytes());
            }
            Link::Branch(branch) => {
                out.push(BRANCH);
                out.extend_from_slice(&(branch.prefix.len() as u32).to_be_bytes());
                for element in &branch.prefix {
                    out.extend_from_slice(&u32::from(*element).to_be_bytes());
                }
                let depth = position.len();
                position.extend_from_slice(&branch.prefix);
                for index in 0..WIDTH as u8 {
                    position.push(index);
                    self.put(out, branch.child(index), position)?;
                    position.pop();
                }
                position.truncate(depth);
                put_field(out, branch.stated_bytes());
                put_field(out, &branch.size.to_be_bytes());
                out.extend_from_slice(&branch.leaf_count.to_be_bytes());
                out.extend_from_slice(&branch.longest_branch.to_be_bytes());
            }
            Link::Stored(_) => return Err(crate::tree::damaged(0, position, "not loaded")),
        }
        Ok(())
    }

    /// Whether the tree has the one shape that its keys give (spec 20 section 8.1). True for every tree but those of odd blobs.
    ///
    /// # Errors
    /// Store failures.
    pub fn is_canonical(&self) -> Result<bool, TreeError> {
        match &self.root {
            None => Ok(true),
            Some(link) => self.canonical(link, &mut Vec::new()),
        }
    }

    fn canonical(&self, link: &Link, position: &mut Vec<u8>) -> Result<bool, TreeError> {
        match self.loaded(link, position)? {
            Link::Leaf(leaf) => Ok(path(&leaf.key).starts_with(position)),
            Link::Branch(branch) => {
                if branch.child_count() < 2 {
                    return Ok(false);
                }
                let depth = position.len();
                position.extend_from_slice(&branch.prefix);
                for (index, child) in branch.children() {
                    position.push(index);
                    if !self.canonical(child, position)? {
                        return Ok(false);
                    }
                    position.pop();
                }
                position.truncate(depth);
                Ok(true)
            }
            Link::Stored(_) => Err(crate::tree::damaged(0, position, "not loaded")),
        }
    }
}

fn put_field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}
