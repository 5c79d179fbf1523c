//! Global trees of the generations that are asked for.

use crate::Result;
use crate::error::LedgerError;
use crate::view::{ShardProof, View};
use hypergraph::{Address, GlobalTrees, Roots, ShardKey};
use std::collections::BTreeSet;
use tries::proof::encode_plain;

/// Generations whose global trees are kept. They share what they have in common, so that one more costs a few hundred kilobytes with
/// thousands of shards.
const KEPT: usize = 16;

/// Frames between two generations of which one is made from the other.
const MAX_FRAMES: u64 = 1024;

/// The 256 trees of some generations. The trees of a generation that is not kept come from the nearest one that is, by the shards that
/// the frames between them changed; only the first ones of all are built from the roots of every shard.
#[derive(Debug, Default)]
pub struct GlobalCache {
    /// The one that was asked for last comes last.
    kept: Vec<(u64, GlobalTrees)>,
}

impl GlobalCache {
    /// Proof of the four roots of a shard in the first of its trees; `None` for a shard that is in none.
    pub fn prove(&mut self, view: &View, app: &Address) -> Result<Option<ShardProof>> {
        let key = ShardKey::of(app);
        let [tree, ..] = key.l1();
        let trees = self.of(view)?;
        if !key.is_global() || !trees.has_shard(app) {
            return Ok(None);
        }
        let proof = trees.prove_shard(app, 0)?;
        let proof =
            encode_plain(&proof).map_err(|cause| LedgerError::TooLarge(cause.to_string()))?;
        Ok(Some(ShardProof { tree, proof }))
    }

    /// Keeps the trees of a generation, as the state has them anyway.
    pub fn keep(&mut self, generation: u64, trees: &GlobalTrees) {
        if trees.is_changed() || self.kept.iter().any(|(kept, _)| *kept == generation) {
            return;
        }
        self.put(generation, trees.clone());
    }

    fn put(&mut self, generation: u64, trees: GlobalTrees) {
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push((generation, trees));
    }

    fn of(&mut self, view: &View) -> Result<&GlobalTrees> {
        let generation = view.generation();
        let place = self.kept.iter().position(|(kept, _)| *kept == generation);
        if let Some(place) = place {
            let kept = self.kept.remove(place);
            self.kept.push(kept);
        } else {
            let trees = match self.nearest(generation, view.oldest()?) {
                Some((from, trees)) => derived(view, from, trees.clone())?,
                None => built(view)?,
            };
            self.put(generation, trees);
        }
        let found = self.kept.last().map(|(_, trees)| trees);
        found.ok_or(LedgerError::State(hypergraph::StateError::NotGlobal))
    }

    /// Of what lies before the oldest generation a prune has taken what led from it to others.
    fn nearest(&self, generation: u64, oldest: u64) -> Option<(u64, &GlobalTrees)> {
        let near = |kept: u64| kept >= oldest && kept.abs_diff(generation) <= MAX_FRAMES;
        let nearest = self
            .kept
            .iter()
            .filter(|(kept, _)| near(*kept))
            .min_by_key(|(kept, _)| kept.abs_diff(generation));
        nearest.map(|(kept, trees)| (*kept, trees))
    }
}

/// The trees of a view from those of another generation.
fn derived(view: &View, from: u64, mut trees: GlobalTrees) -> Result<GlobalTrees> {
    let generation = view.generation();
    let mut changed = BTreeSet::new();
    for frame in from.min(generation) + 1..=from.max(generation) {
        changed.extend(view.changed_shards(frame)?);
    }
    for key in changed {
        enter(view, &key, &mut trees)?;
    }
    trees.commit()?;
    Ok(trees)
}

/// The trees of a view from the roots of all shards.
fn built(view: &View) -> Result<GlobalTrees> {
    let mut trees = GlobalTrees::default();
    for key in view.shards()? {
        enter(view, &key, &mut trees)?;
    }
    trees.commit()?;
    Ok(trees)
}

fn enter(view: &View, key: &ShardKey, trees: &mut GlobalTrees) -> Result<()> {
    let roots = view.roots(key)?;
    // Empty when a later frame made it: no commitment of this one knows it.
    if roots == Roots::default() {
        trees.remove_shard(&key.app())?;
    } else {
        trees.set_shard(&key.app(), roots.to_bytes())?;
    }
    Ok(())
}
