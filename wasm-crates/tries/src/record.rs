//! Slim node records: what a store keeps of a committed node.
//!
//! Branch: own commitment, prefix, size, counts, and per child {leaf or branch, generation, counts, size}, never the slot values of the
//! children: a changed leaf rewrites a few hundred bytes per level instead of 4 KB. The format is local to this implementation.

use crate::bytes::{Cursor, put_sized, put_varint};
use crate::leaf::{BranchCommitment, Root, leaf_commitment};
use crate::node::{Base, BranchNode, LeafNode, Link, Stated, Summary, Value};
use crate::path::WIDTH;
use crate::size::Size;
use bls48581::fp::Fp;
use bls48581::g1::G1Affine;
use limbs::field::Kernel as _;
use std::sync::Arc;

/// Values up to this many bytes are inside the leaf's record.
pub const INLINE_VALUE_BYTES: usize = 1024;

const LEAF: u8 = 1;
const BRANCH: u8 = 2;
const HERE: u8 = 0;
const APART: u8 = 1;

/// Where a generation of a tree starts, with what is asked of a tree most often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootRecord {
    /// Root commitment.
    pub root: Root,
    /// Generation of the root node's record; meaningless for the empty tree.
    pub node_generation: u64,
    /// Number of leaves (Variant R metadata, spec 20 section 8.4).
    pub leaf_count: i64,
    /// Longest branch (Variant R metadata).
    pub longest_branch: i32,
    /// Sum of the sizes of all leaves.
    pub size: Size,
}

impl RootRecord {
    /// The record of an empty tree.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            root: Root::Empty,
            node_generation: 0,
            leaf_count: 0,
            longest_branch: 0,
            size: Size::ZERO,
        }
    }

    /// Bytes for a store.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(112);
        put_sized(&mut out, self.root.as_bytes());
        put_varint(&mut out, self.node_generation);
        put_counts(&mut out, self.leaf_count, self.longest_branch);
        put_sized(&mut out, &self.size.to_be_bytes());
        out
    }

    /// The record of these bytes, `None` when they are none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let root = Root::from_bytes(cursor.sized()?)?;
        let node_generation = cursor.varint()?;
        let (leaf_count, longest_branch) = counts(&mut cursor)?;
        let size = Size::sum_from_be_bytes(cursor.sized()?)?;
        (cursor.remaining() == 0).then_some(Self {
            root,
            node_generation,
            leaf_count,
            longest_branch,
            size,
        })
    }
}

fn put_counts(out: &mut Vec<u8>, leaf_count: i64, longest_branch: i32) {
    put_varint(out, leaf_count as u64);
    put_varint(out, u64::from(longest_branch as u32));
}

fn counts(cursor: &mut Cursor<'_>) -> Option<(i64, i32)> {
    let leaf_count = cursor.varint()? as i64;
    let longest_branch = u32::try_from(cursor.varint()?).ok()? as i32;
    Some((leaf_count, longest_branch))
}

/// Record of a leaf. A value that lives apart must have been given its generation before.
pub(crate) fn encode_leaf(leaf: &LeafNode) -> Vec<u8> {
    let mut out = vec![LEAF];
    put_sized(&mut out, &leaf.key);
    put_sized(&mut out, &leaf.hash_target);
    put_sized(&mut out, &leaf.size.to_be_bytes());
    match leaf.value.stored {
        Some(generation) => {
            out.push(APART);
            put_varint(&mut out, generation);
            // The commitment hashes the value unless there is a target: without the value at hand it has to be written down.
            out.extend_from_slice(&leaf.commitment);
        }
        None => {
            out.push(HERE);
            put_sized(&mut out, leaf.value.bytes.as_deref().unwrap_or_default());
        }
    }
    out
}

/// Record of a committed branch, `None` when it is not committed or a child has no record yet.
pub(crate) fn encode_branch(branch: &BranchNode, generation: u64) -> Option<Vec<u8>> {
    let base = branch.base.as_ref().filter(|_| branch.is_committed())?;
    let mut out = Vec::with_capacity(192 + 12 * branch.child_count());
    out.push(BRANCH);
    put_point(&mut out, base);
    put_sized(&mut out, &branch.prefix);
    put_counts(&mut out, branch.leaf_count, branch.longest_branch);
    out.push(u8::from(branch.counted));
    put_sized(&mut out, &branch.size.to_be_bytes());
    put_varint(&mut out, branch.child_count() as u64);
    for (index, child) in branch.children() {
        let (leaf, origin) = match child {
            Link::Leaf(leaf) => (true, leaf.origin?),
            Link::Branch(branch) => (false, branch.origin?),
            Link::Stored(summary) => (summary.leaf, summary.generation),
        };
        out.push(index << 1 | u8::from(leaf));
        put_varint(&mut out, generation.checked_sub(origin)?);
        if !leaf {
            put_counts(&mut out, child.leaf_count(), child.longest_branch());
        }
        put_sized(&mut out, &child.size().to_be_bytes());
    }
    Some(out)
}

/// Commitment and y: 73 bytes more than the commitment alone save a square root with every update.
fn put_point(out: &mut Vec<u8>, base: &Base) {
    out.extend_from_slice(&base.commitment);
    if let Some(point) = &base.point {
        out.extend_from_slice(&point.y.to_bytes());
    }
}

fn point(cursor: &mut Cursor<'_>) -> Option<(BranchCommitment, kzg::Point)> {
    let commitment: BranchCommitment = cursor.array()?;
    if commitment == kzg::IDENTITY {
        return Some((commitment, None));
    }
    let [_, x @ ..] = &commitment;
    let point = G1Affine {
        x: Fp::from_bytes(x)?,
        y: Fp::from_bytes(&cursor.array()?)?,
    };
    // The tag is the parity of y.
    let sound = point.is_on_curve() && kzg::encode(&Some(point)) == commitment;
    sound.then_some((commitment, Some(point)))
}

/// The node of a record written by `generation`, `None` when the bytes are no record.
pub(crate) fn decode(bytes: &[u8], generation: u64) -> Option<Link> {
    let mut cursor = Cursor::new(bytes);
    let link = match cursor.u8()? {
        LEAF => Link::Leaf(Arc::new(leaf(&mut cursor, generation)?)),
        BRANCH => Link::Branch(Arc::new(branch(&mut cursor, generation)?)),
        _ => return None,
    };
    (cursor.remaining() == 0).then_some(link)
}

fn leaf(cursor: &mut Cursor<'_>, generation: u64) -> Option<LeafNode> {
    let key: Box<[u8]> = cursor.sized()?.into();
    let hash_target: Box<[u8]> = cursor.sized()?.into();
    let size = Size::from_be_bytes(cursor.sized()?)?;
    let (value, commitment) = match cursor.u8()? {
        HERE => {
            let bytes = cursor.sized()?;
            let hashed = if hash_target.is_empty() {
                bytes
            } else {
                &hash_target
            };
            let commitment = leaf_commitment(&key, hashed);
            let value = Value {
                bytes: Some(bytes.into()),
                stored: None,
            };
            (value, commitment)
        }
        APART => {
            let value = Value {
                bytes: None,
                stored: Some(cursor.varint()?),
            };
            (value, cursor.array()?)
        }
        _ => return None,
    };
    Some(LeafNode {
        key,
        value,
        hash_target,
        size,
        commitment,
        forged: None,
        origin: Some(generation),
    })
}

fn branch(cursor: &mut Cursor<'_>, generation: u64) -> Option<BranchNode> {
    let (commitment, point) = point(cursor)?;
    let prefix = cursor.sized()?;
    if prefix.iter().any(|element| usize::from(*element) >= WIDTH) {
        return None;
    }
    let mut branch = BranchNode::new(prefix);
    (branch.leaf_count, branch.longest_branch) = counts(cursor)?;
    branch.counted = cursor.u8()? == 1;
    branch.size = Size::sum_from_be_bytes(cursor.sized()?)?;
    let children = cursor.varint()?;
    let mut next = 0;
    for _ in 0..children {
        let tag = cursor.u8()?;
        let (index, leaf) = (tag >> 1, tag & 1 == 1);
        if index < next || usize::from(index) >= WIDTH {
            return None;
        }
        next = index + 1;
        let child_generation = generation.checked_sub(cursor.varint()?)?;
        let (leaf_count, longest_branch) = if leaf { (1, 0) } else { counts(cursor)? };
        let size = Size::sum_from_be_bytes(cursor.sized()?)?;
        branch.set(
            index,
            Link::Stored(Arc::new(Summary {
                generation: child_generation,
                leaf,
                leaf_count,
                longest_branch,
                size,
            })),
        );
    }
    branch.stated = Stated::Computed;
    branch.base = Some(Base {
        commitment,
        point,
        changed: Vec::new(),
    });
    branch.origin = Some(generation);
    Some(branch)
}
