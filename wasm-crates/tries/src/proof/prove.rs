//! Making traversal proofs (spec 20 section 9.1).

use super::{MAX_SUB_PROOFS, SubProof, TraversalProof};
use crate::commit::slot;
use crate::error::TreeError;
use crate::leaf::Slot;
use crate::node::Link;
use crate::path::{WIDTH, common_length, path};
use crate::store::NodeStore;
use crate::tree::Tree;
use kzg::{Opening, SLOTS};
use std::collections::BTreeMap;

/// The branches on the way to a key: position, and index of the slot taken.
type Way = Vec<(Vec<u8>, u8)>;

/// A branch above all ways of a proof: of a covered part, whose ancestors are known by their slots.
pub(crate) struct Above<'a> {
    pub commitment: &'a [u8],
    /// All 64.
    pub slots: &'a [Slot],
    pub prefix: &'a [u8],
    pub index: u8,
}

/// A branch on the way: its commitment and its 64 slots in a row.
struct Opened {
    commitment: Vec<u8>,
    slots: Vec<u8>,
}

impl<S: NodeStore> Tree<S> {
    /// One proof for all keys, in their order.
    ///
    /// # Errors
    /// [`TreeError::Absent`] for the first key that is not there and [`TreeError::SingleLeaf`]: no proof exists;
    /// [`TreeError::KeyCount`], [`TreeError::Uncommitted`], store failures.
    pub fn prove(&self, keys: &[&[u8]]) -> Result<TraversalProof, TreeError> {
        self.prove_below(keys, &[], 0)
    }

    /// The same for a tree that is part of another one: below the branches `above`, in a slot of `depth` elements.
    pub(crate) fn prove_below(
        &self,
        keys: &[&[u8]],
        above: &[Above<'_>],
        depth: usize,
    ) -> Result<TraversalProof, TreeError> {
        if keys.is_empty() || keys.len() > MAX_SUB_PROOFS {
            return Err(TreeError::KeyCount { count: keys.len() });
        }
        self.root()?;
        // Branches by position: those on several ways are read once.
        let mut opened = BTreeMap::new();
        let mut sub_proofs = Vec::with_capacity(keys.len());
        let mut ways = Vec::with_capacity(keys.len());
        for key in keys {
            let (sub_proof, way) = self.way(key, &mut opened)?;
            sub_proofs.push(below(sub_proof, above, depth));
            ways.push(way);
        }
        let rows: Vec<Vec<u8>> = above.iter().map(|branch| branch.slots.concat()).collect();
        let mut openings: Vec<Opening<'_>> = Vec::new();
        for way in &ways {
            openings.extend(above.iter().zip(&rows).map(|(branch, row)| Opening {
                commitment: branch.commitment,
                data: row,
                index: u64::from(branch.index),
            }));
            openings.extend(way.iter().filter_map(|(position, index)| {
                let branch: &Opened = opened.get(position)?;
                Some(Opening {
                    commitment: &branch.commitment,
                    data: &branch.slots,
                    index: u64::from(*index),
                })
            }));
        }
        if openings.is_empty() {
            return Err(TreeError::SingleLeaf);
        }
        let multiproof = kzg::multiprove(&openings, SLOTS)?;
        Ok(TraversalProof {
            multicommitment: multiproof.multicommitment.to_vec(),
            proof: multiproof.proof.to_vec(),
            sub_proofs,
        })
    }

    /// The sub-proof of a key and its way; the branches on it are added to `opened`.
    fn way(
        &self,
        key: &[u8],
        opened: &mut BTreeMap<Vec<u8>, Opened>,
    ) -> Result<(SubProof, Way), TreeError> {
        let absent = || TreeError::Absent { key: key.to_vec() };
        let path = path(key);
        let mut link = self.root.clone().ok_or_else(absent)?;
        let mut depth = 0;
        let mut sub = SubProof::default();
        let mut way = Vec::new();
        loop {
            let position = path.get(..depth).unwrap_or_default();
            let branch = match self.loaded(&link, position)? {
                Link::Leaf(leaf) if *leaf.key == *key => {
                    sub.commits.push(leaf.commitment.to_vec());
                    sub.ys.push(self.leaf(&leaf)?.hashed().to_vec());
                    return Ok((sub, way));
                }
                Link::Branch(branch) => branch,
                Link::Leaf(_) | Link::Stored(_) => return Err(absent()),
            };
            let rest = path.from_depth(depth);
            let common = common_length(rest, &branch.prefix);
            let index = match rest.get(common) {
                Some(index) if common == branch.prefix.len() => *index,
                _ => return Err(absent()),
            };
            let child = branch.child(index).ok_or_else(absent)?;
            if !opened.contains_key(position) {
                let mut slots = Vec::with_capacity(WIDTH * 64);
                for index in 0..WIDTH as u8 {
                    slots.extend_from_slice(&slot(&branch, index, &self.store, position)?);
                }
                let commitment = branch.stated_bytes().to_vec();
                opened.insert(position.to_vec(), Opened { commitment, slots });
            }
            let branch_opened = opened.get(position).ok_or_else(absent)?;
            let start = usize::from(index) * 64;
            let y = branch_opened.slots.get(start..start + size_of::<Slot>());
            sub.commits.push(branch_opened.commitment.clone());
            sub.ys.push(y.unwrap_or_default().to_vec());
            let elements = rest.get(..=common).unwrap_or_default();
            sub.paths
                .push(elements.iter().map(|element| u64::from(*element)).collect());
            way.push((position.to_vec(), index));
            link = child.clone();
            depth += common + 1;
        }
    }
}

/// A sub-proof that starts in a part of a tree as one that starts at the root.
fn below(part: SubProof, above: &[Above<'_>], depth: usize) -> SubProof {
    let mut sub = SubProof::default();
    for branch in above {
        let y = branch.slots.get(usize::from(branch.index));
        sub.commits.push(branch.commitment.to_vec());
        sub.ys.push(y.map(|slot| slot.to_vec()).unwrap_or_default());
        let elements = branch.prefix.iter().chain([&branch.index]);
        sub.paths
            .push(elements.map(|element| u64::from(*element)).collect());
    }
    sub.commits.extend(part.commits);
    sub.ys.extend(part.ys);
    // The part counts its first path from the root of the whole tree.
    let mut skip = depth;
    sub.paths.extend(part.paths.into_iter().map(|path| {
        let elements = path.get(std::mem::take(&mut skip)..);
        elements.unwrap_or_default().to_vec()
    }));
    sub
}
