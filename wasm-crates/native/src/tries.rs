//! Vector commitment trees (spec 20 sections 7 to 9).

use crate::{closed, slices, thrown};
use calls::Code;
use napi::Result;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// Path of a key, one byte per element.
#[napi(js_name = "treePath", catch_unwind)]
pub fn tree_path(key: &[u8]) -> Result<Uint8Array, Code> {
    calls::tries::path(key).map(Uint8Array::new).map_err(thrown)
}

/// JSON `EngineTraversal`: strict verdict on a proof in plain form.
#[napi(js_name = "traversalVerify", catch_unwind)]
pub fn traversal_verify(root: &[u8], keys: Vec<Uint8Array>, proof: &[u8]) -> Result<String, Code> {
    calls::tries::verify(root, &slices(&keys), proof).map_err(thrown)
}

/// Root of the tree of these leaves.
#[napi(js_name = "rebuildRoot", catch_unwind)]
pub fn rebuild_root(
    keys: Vec<Uint8Array>,
    values: Vec<Uint8Array>,
    hash_targets: Vec<Uint8Array>,
) -> Result<Uint8Array, Code> {
    calls::tries::rebuild_root(&slices(&keys), &slices(&values), &slices(&hash_targets))
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Commitment of a branch of 64 slots.
#[napi(js_name = "commitBranch", catch_unwind)]
pub fn commit_branch(slots: &[u8]) -> Result<Uint8Array, Code> {
    calls::tries::commit_branch(slots)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// `accepts`, `refuses` or `aborts`: the generic verdict of the reference.
#[napi(js_name = "traversalReferenceVerdict", catch_unwind)]
#[must_use]
pub fn traversal_reference_verdict(root: &[u8], proof: &[u8]) -> String {
    calls::tries::reference_verdict(root, proof)
}

/// A traversal proof in another form.
#[napi(js_name = "traversalConvert", catch_unwind)]
pub fn traversal_convert(proof: &[u8], from: String, to: String) -> Result<Uint8Array, Code> {
    calls::tries::convert(proof, &from, &to)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// A tree in memory.
#[napi]
pub struct Tree(Option<calls::tries::TreeHandle>);

#[napi]
impl Tree {
    /// An empty tree.
    #[napi(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self(Some(calls::tries::TreeHandle::new()))
    }

    /// The tree of a blob; its commitments are not believed.
    #[napi(factory, js_name = "fromBlob", catch_unwind)]
    pub fn from_blob(blob: &[u8]) -> Result<Tree, Code> {
        calls::tries::TreeHandle::from_blob(blob)
            .map(|tree| Self(Some(tree)))
            .map_err(thrown)
    }

    /// Adds or replaces an entry; true when the key is new.
    #[napi(catch_unwind)]
    pub fn insert(
        &mut self,
        key: &[u8],
        value: &[u8],
        hash_target: &[u8],
        size: String,
    ) -> Result<bool, Code> {
        self.open_mut()?
            .insert(key, value, hash_target, &size)
            .map_err(thrown)
    }

    /// Removes an entry; false when there was none.
    #[napi(catch_unwind)]
    pub fn delete(&mut self, key: &[u8]) -> Result<bool, Code> {
        self.open_mut()?.delete(key).map_err(thrown)
    }

    /// The root, after computing what is not up to date.
    #[napi(catch_unwind)]
    pub fn commit(&mut self) -> Result<Uint8Array, Code> {
        self.open_mut()?
            .commit()
            .map(Uint8Array::new)
            .map_err(thrown)
    }

    /// The wire form as the tree stands.
    #[napi(catch_unwind)]
    pub fn serialise(&self) -> Result<Uint8Array, Code> {
        self.open()?
            .serialise()
            .map(Uint8Array::new)
            .map_err(thrown)
    }

    /// JSON `{leafCount, longestBranch, size}`.
    #[napi(catch_unwind)]
    pub fn facts(&self) -> Result<String, Code> {
        self.open()?.facts().map_err(thrown)
    }

    /// A proof of all keys in plain form; null when none exists.
    #[napi(catch_unwind)]
    pub fn prove(&self, keys: Vec<Uint8Array>) -> Result<Option<Uint8Array>, Code> {
        let proof = self.open()?.prove(&slices(&keys)).map_err(thrown)?;
        Ok(proof.map(Uint8Array::new))
    }

    /// Releases the tree; later calls throw `handle`.
    #[napi(catch_unwind)]
    pub fn free(&mut self) {
        self.0 = None;
    }
}

impl Tree {
    fn open(&self) -> Result<&calls::tries::TreeHandle, Code> {
        self.0.as_ref().ok_or_else(closed)
    }

    fn open_mut(&mut self) -> Result<&mut calls::tries::TreeHandle, Code> {
        self.0.as_mut().ok_or_else(closed)
    }
}
