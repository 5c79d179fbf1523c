//! Pages of leaves in tree order, as synchronisation serves them (spec 22 section 3).

use crate::error::TreeError;
use crate::leaf::Leaf;
use crate::node::Link;
use crate::path::{Path, common_length, path};
use crate::store::NodeStore;
use crate::tree::Tree;

/// Where a page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// At the leaf with this number, counted in tree order below the node that was asked for.
    Index(u64),
    /// At the first leaf whose path is greater than that of this key, present or not.
    After(&'a [u8]),
}

/// How much one page may hold; at least one leaf is given whatever its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// Most leaves.
    pub leaves: usize,
    /// Most bytes of keys, values and hash targets together.
    pub bytes: usize,
}

/// Consecutive leaves below a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafPage {
    /// The leaves, in path order.
    pub leaves: Vec<Leaf>,
    /// Number of leaves below the node.
    pub total: u64,
    /// Number of the next leaf; `None` on the last page.
    pub next: Option<u64>,
}

impl<S: NodeStore> Tree<S> {
    /// A page of the leaves below the node at `under` (spec 20 section 8.6); subtrees before and after the page are not loaded. An empty
    /// page with total 0 when there is no such node.
    ///
    /// # Errors
    /// Store failures and damage.
    pub fn leaves(
        &self,
        under: &[u8],
        start: Start<'_>,
        limit: PageLimit,
    ) -> Result<LeafPage, TreeError> {
        let Some((link, mut position)) = self.locate(under)? else {
            return Ok(LeafPage::default());
        };
        let total = count(&link);
        let first = match start {
            Start::Index(index) => index.min(total),
            Start::After(key) => self.count_to(&link, &mut position, &path(key))?,
        };
        let mut page = Page {
            leaves: Vec::new(),
            bytes: 0,
            skip: first,
            limit,
        };
        self.fill(&link, &mut position, &mut page)?;
        let next = first + page.leaves.len() as u64;
        Ok(LeafPage {
            leaves: page.leaves,
            total,
            next: (next < total).then_some(next),
        })
    }

    /// Number of leaves below a node whose path is at most `to`.
    fn count_to(&self, link: &Link, position: &mut Vec<u8>, to: &Path) -> Result<u64, TreeError> {
        let known = common_length(position, to);
        if known < position.len() {
            let before = to.get(known) < position.get(known);
            return if before { Ok(0) } else { Ok(count(link)) };
        }
        let branch = match self.loaded(link, position)? {
            Link::Leaf(leaf) => return Ok(u64::from(path(&leaf.key) <= *to)),
            Link::Branch(branch) => branch,
            Link::Stored(_) => return Ok(0),
        };
        let rest = to.from_depth(position.len());
        let common = common_length(rest, &branch.prefix);
        let Some(index) = rest.get(common).copied() else {
            return Ok(0);
        };
        if let Some(element) = branch.prefix.get(common) {
            return if index < *element {
                Ok(0)
            } else {
                Ok(count(link))
            };
        }
        let depth = position.len();
        position.extend_from_slice(&branch.prefix);
        let mut sum = 0u64;
        for (slot, child) in branch.children().take_while(|(slot, _)| *slot <= index) {
            position.push(slot);
            let below = if slot < index {
                count(child)
            } else {
                self.count_to(child, position, to)?
            };
            sum = sum.saturating_add(below);
            position.pop();
        }
        position.truncate(depth);
        Ok(sum)
    }

    /// Puts the leaves below a node on the page; false when it is full.
    fn fill(
        &self,
        link: &Link,
        position: &mut Vec<u8>,
        page: &mut Page,
    ) -> Result<bool, TreeError> {
        if page.leaves.len() >= page.limit.leaves {
            return Ok(false);
        }
        if page.skip > 0 {
            let count = count(link);
            if count <= page.skip {
                page.skip -= count;
                return Ok(true);
            }
        }
        match self.loaded(link, position)? {
            Link::Leaf(leaf) => Ok(page.take(self.leaf(&leaf)?)),
            Link::Branch(branch) => {
                let depth = position.len();
                position.extend_from_slice(&branch.prefix);
                for (index, child) in branch.children() {
                    position.push(index);
                    if !self.fill(child, position, page)? {
                        return Ok(false);
                    }
                    position.pop();
                }
                position.truncate(depth);
                Ok(true)
            }
            Link::Stored(_) => Ok(false),
        }
    }
}

/// Number of leaves below a node. What a blob states is not believed.
fn count(link: &Link) -> u64 {
    match link {
        Link::Leaf(_) => 1,
        Link::Stored(summary) => u64::try_from(summary.leaf_count).unwrap_or(0),
        Link::Branch(branch) if branch.counted => u64::try_from(branch.leaf_count).unwrap_or(0),
        Link::Branch(branch) => branch
            .children()
            .fold(0u64, |sum, (_, child)| sum.saturating_add(count(child))),
    }
}

struct Page {
    leaves: Vec<Leaf>,
    bytes: usize,
    /// Leaves to pass over.
    skip: u64,
    limit: PageLimit,
}

impl Page {
    fn take(&mut self, leaf: Leaf) -> bool {
        let bytes = leaf.key.len() + leaf.value.len() + leaf.hash_target.len();
        if !self.leaves.is_empty() && self.bytes + bytes > self.limit.bytes {
            return false;
        }
        self.bytes += bytes;
        self.leaves.push(leaf);
        true
    }
}
