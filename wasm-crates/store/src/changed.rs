//! What a frame changed, from the order of the keys: generation first, then tree.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::error::Result;
use crate::fault::Fault;
use crate::keys::{TreeId, number};
use crate::meta;
use crate::node::number_key;
use crate::reader::{Reader, Span};
use crate::snapshot::Read;
use crate::stale::CURSORS;
use crate::table::Table;
use crate::verify::tree_at;

/// Names of the trees that a frame wrote to: one look-up for each, however much it wrote. The frame must be newer than the oldest kept
/// generation, whose own changes a prune may have taken.
pub(crate) fn changed_trees(reader: &Reader, generation: u64) -> Result<Vec<Vec<u8>>, Fault> {
    let mut trees = BTreeSet::new();
    for table in [Table::Node, Table::Stale] {
        let mut next = Some(0u32);
        while let Some(tree) = next {
            let found = first_tree(reader, table, generation, tree)?;
            trees.extend(found);
            next = found.and_then(|tree| tree.0.checked_add(1));
        }
    }
    trees.remove(&CURSORS);
    let mut names = Vec::with_capacity(trees.len());
    for tree in trees {
        names.extend(reader.get(Table::Tree, &number_key(tree))?);
    }
    Ok(names)
}

/// The first tree from `from` on that has a record of the generation.
fn first_tree(
    reader: &Reader,
    table: Table,
    generation: u64,
    from: u32,
) -> Result<Option<TreeId>, Fault> {
    let start = [generation.to_be_bytes().as_slice(), &from.to_be_bytes()].concat();
    let end = [generation.to_be_bytes().as_slice(), &[0xff; 4 + 512]].concat();
    let span = Span {
        from: Bound::Included(&start),
        to: Bound::Included(&end),
        reverse: false,
        limit: 1,
        max_bytes: usize::MAX,
    };
    let found = reader.scan(table, span)?.0;
    Ok(found.first().and_then(|(key, _)| tree_at(key, 8)))
}

/// The first generation in which every tree can be read: after a repair later than the oldest kept one.
pub(crate) fn whole_since<R: Read + ?Sized>(store: &R, trees: &[(Vec<u8>, TreeId)]) -> Result<u64> {
    let mut since = 0;
    for (_, tree) in trees {
        let key = meta::refused_key(tree.0);
        let mark = store.with(|reader| reader.get(Table::Meta, &key))?;
        if let Some(mark) = mark.filter(|mark| !mark.is_empty()) {
            since = since.max(number(Table::Meta, &key, &mark)?);
        }
    }
    Ok(since)
}
