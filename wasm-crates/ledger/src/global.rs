//! Global trees of the generations that are asked for.

use crate::Result;
use crate::error::LedgerError;
use crate::view::{ShardProof, View};
use hypergraph::{Address, GlobalTrees, Roots, ShardKey};
use std::collections::VecDeque;
use tries::proof::encode_plain;

/// Generations whose global trees are kept: clients ask for the newest few.
const KEPT: usize = 4;

/// The 256 trees of a few generations, built from the roots of the shards when they are first asked for.
#[derive(Debug, Default)]
pub struct GlobalCache {
    kept: VecDeque<(u64, GlobalTrees)>,
}

impl GlobalCache {
    /// Proof of the four roots of a shard in the first of its trees; `None` for a shard that is in none.
    pub fn prove(&mut self, view: &View, app: &Address) -> Result<Option<ShardProof>> {
        let key = ShardKey::of(app);
        let [tree, ..] = key.l1();
        let trees = self.of(view)?;
        if !key.is_global() || !trees.shards().any(|(entered, _)| entered == app) {
            return Ok(None);
        }
        let proof = trees.prove_shard(app, 0)?;
        let proof =
            encode_plain(&proof).map_err(|cause| LedgerError::TooLarge(cause.to_string()))?;
        Ok(Some(ShardProof { tree, proof }))
    }

    fn of(&mut self, view: &View) -> Result<&GlobalTrees> {
        let generation = view.generation();
        let place = self.kept.iter().position(|(kept, _)| *kept == generation);
        if place.is_none() {
            let mut trees = GlobalTrees::default();
            for key in view.shards()? {
                let roots = view.roots(&key)?;
                // Made by a later frame: no commitment of this one knows it.
                if roots != Roots::default() {
                    trees.set_shard(&key.app(), roots.to_bytes())?;
                }
            }
            trees.commit()?;
            if self.kept.len() >= KEPT {
                self.kept.pop_front();
            }
            self.kept.push_back((generation, trees));
        }
        let found = place.map_or_else(|| self.kept.back(), |place| self.kept.get(place));
        found
            .map(|(_, trees)| trees)
            .ok_or(LedgerError::State(hypergraph::StateError::NotGlobal))
    }
}
