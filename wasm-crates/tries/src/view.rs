//! Nodes by path (spec 20 section 8.6), as synchronisation serves them.

use crate::error::TreeError;
use crate::node::Link;
use crate::path::{common_length, path};
use crate::size::Size;
use crate::store::NodeStore;
use crate::tree::Tree;

/// A node as another one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Full path of a branch, its prefix included; path of the key for a leaf.
    pub full_path: Vec<u8>,
    /// Own commitment: 64 bytes for a leaf, 74 for a branch.
    pub commitment: Vec<u8>,
    /// Whether it is a leaf.
    pub is_leaf: bool,
    /// Leaves below it, itself included.
    pub leaf_count: i64,
    /// Sum of the sizes of these leaves.
    pub size: Size,
    /// Number and own commitment of each child, ascending; empty for a leaf. A child's commitment is not its slot value (the prefix of a
    /// branch child is not in it).
    pub children: Vec<(u8, Vec<u8>)>,
}

impl<S: NodeStore> Tree<S> {
    /// The node at a path: the first one in path order whose own path starts with it. A compressed branch or a leaf answers for every
    /// path that leads to it. `None` when there is none.
    ///
    /// # Errors
    /// [`TreeError::Uncommitted`]; store failures and damage.
    pub fn node_at(&self, path: &[u8]) -> Result<Option<NodeView>, TreeError> {
        self.root()?;
        let Some((link, position)) = self.locate(path)? else {
            return Ok(None);
        };
        let mut view = NodeView {
            full_path: self.full_path(&link, &position),
            commitment: own_commitment(&link),
            is_leaf: matches!(link, Link::Leaf(_)),
            leaf_count: link.leaf_count(),
            size: link.size().clone(),
            children: Vec::new(),
        };
        if let Link::Branch(branch) = &link {
            let mut below = view.full_path.clone();
            for (index, child) in branch.children() {
                below.push(index);
                let child = self.loaded(child, &below)?;
                view.children.push((index, own_commitment(&child)));
                below.pop();
            }
        }
        Ok(Some(view))
    }

    /// The loaded node at a path, and the position of the slot that holds it.
    pub(crate) fn locate(&self, wanted: &[u8]) -> Result<Option<(Link, Vec<u8>)>, TreeError> {
        let Some(mut link) = self.root.clone() else {
            return Ok(None);
        };
        let mut depth = 0;
        loop {
            let position = wanted.get(..depth).unwrap_or_default();
            let node = self.loaded(&link, position)?;
            let rest = wanted.get(depth..).unwrap_or_default();
            let branch = match &node {
                Link::Leaf(leaf) => {
                    let found = path(&leaf.key).starts_with(wanted);
                    return Ok(found.then(|| (node.clone(), position.to_vec())));
                }
                Link::Branch(branch) => branch,
                Link::Stored(_) => return Ok(None),
            };
            let common = common_length(rest, &branch.prefix);
            let Some(index) = rest.get(common).copied() else {
                return Ok(Some((node.clone(), position.to_vec())));
            };
            match branch.child(index) {
                Some(child) if common == branch.prefix.len() => link = child.clone(),
                _ => return Ok(None),
            }
            depth += common + 1;
        }
    }

    fn full_path(&self, link: &Link, position: &[u8]) -> Vec<u8> {
        match link {
            Link::Leaf(leaf) => path(&leaf.key).to_vec(),
            Link::Branch(branch) => [position, &branch.prefix].concat(),
            Link::Stored(_) => position.to_vec(),
        }
    }
}

fn own_commitment(link: &Link) -> Vec<u8> {
    match link {
        Link::Leaf(leaf) => leaf.commitment.to_vec(),
        Link::Branch(branch) => branch.stated_bytes().to_vec(),
        Link::Stored(_) => Vec::new(),
    }
}
