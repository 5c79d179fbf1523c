//! Commits of many trees, on all cores with feature `parallel`.

use crate::error::StateError;
use tries::{NodeStore, Tree};

/// Commits every tree; one that fails keeps what it had, and the call can be repeated.
#[cfg(not(feature = "parallel"))]
pub(crate) fn commit_all<S: NodeStore>(trees: Vec<&mut Tree<S>>) -> Result<(), StateError> {
    for tree in trees {
        tree.commit()?;
    }
    Ok(())
}

/// Commits every tree; one that fails keeps what it had, and the call can be repeated.
#[cfg(feature = "parallel")]
pub(crate) fn commit_all<S: NodeStore + Send + Sync>(
    trees: Vec<&mut Tree<S>>,
) -> Result<(), StateError> {
    use rayon::prelude::*;
    trees
        .into_par_iter()
        .try_for_each(|tree| tree.commit().map(drop))
        .map_err(StateError::from)
}
