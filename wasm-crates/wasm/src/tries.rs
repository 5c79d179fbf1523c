//! Vector commitment trees, full module only (spec 20 sections 7 to 9).

use crate::{copies, slices, thrown};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

type Bytes = Result<Vec<u8>, JsValue>;
type Json = Result<String, JsValue>;

/// Path of a key, one byte per element.
#[wasm_bindgen(js_name = treePath)]
pub fn tree_path(key: &[u8]) -> Bytes {
    calls::tries::path(key).map_err(thrown)
}

/// `accepts`, `refuses` or `aborts`: the generic verdict of the reference.
#[wasm_bindgen(js_name = traversalReferenceVerdict)]
#[must_use]
pub fn traversal_reference_verdict(root: &[u8], proof: &[u8]) -> String {
    calls::tries::reference_verdict(root, proof)
}

/// A traversal proof in another form.
#[wasm_bindgen(js_name = traversalConvert)]
pub fn traversal_convert(proof: &[u8], from: &str, to: &str) -> Bytes {
    calls::tries::convert(proof, from, to).map_err(thrown)
}

/// A tree in memory.
#[wasm_bindgen]
#[derive(Default)]
pub struct Tree(calls::tries::TreeHandle);

#[wasm_bindgen]
impl Tree {
    /// An empty tree.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of a blob; its commitments are not believed.
    #[wasm_bindgen(js_name = fromBlob)]
    pub fn from_blob(blob: &[u8]) -> Result<Tree, JsValue> {
        calls::tries::TreeHandle::from_blob(blob)
            .map(Self)
            .map_err(thrown)
    }

    /// Adds or replaces an entry; true when the key is new.
    pub fn insert(
        &mut self,
        key: &[u8],
        value: &[u8],
        hash_target: &[u8],
        size: &str,
    ) -> Result<bool, JsValue> {
        self.0.insert(key, value, hash_target, size).map_err(thrown)
    }

    /// Removes an entry; false when there was none.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool, JsValue> {
        self.0.delete(key).map_err(thrown)
    }

    /// The root, after computing what is not up to date.
    pub fn commit(&mut self) -> Bytes {
        self.0.commit().map_err(thrown)
    }

    /// The wire form as the tree stands.
    pub fn serialise(&self) -> Bytes {
        self.0.serialise().map_err(thrown)
    }

    /// JSON `{leafCount, longestBranch, size}`.
    pub fn facts(&self) -> Json {
        self.0.facts().map_err(thrown)
    }

    /// A proof of all keys in plain form; undefined when none exists.
    pub fn prove(&self, keys: Vec<Uint8Array>) -> Result<Option<Vec<u8>>, JsValue> {
        let keys = copies(&keys);
        self.0.prove(&slices(&keys)).map_err(thrown)
    }
}
