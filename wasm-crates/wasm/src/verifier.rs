//! Calls of both modules.

use crate::{copies, slices, thrown};
use js_sys::{Function, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// JSON `{module, build, kernel}`.
#[wasm_bindgen]
#[must_use]
pub fn describe() -> String {
    let module = if cfg!(feature = "full") {
        "full"
    } else {
        "verifier"
    };
    calls::describe(module, crate::build_name())
}

/// `P(message)`, 32 bytes.
#[wasm_bindgen(js_name = poseidonHashBytes)]
pub fn poseidon_hash_bytes(message: &[u8]) -> Result<Vec<u8>, JsValue> {
    calls::poseidon::hash_bytes(message).map_err(thrown)
}

/// Whether the signature is valid; never throws.
#[wasm_bindgen(js_name = blsVerify)]
#[must_use]
pub fn bls_verify(public_key: &[u8], signature: &[u8], message: &[u8], domain: &[u8]) -> bool {
    calls::bls::verify(public_key, signature, message, domain)
}

/// Whether the output is the VDF of challenge and difficulty; never throws.
#[wasm_bindgen(js_name = vdfVerify)]
#[must_use]
pub fn vdf_verify(challenge: &[u8], difficulty: u32, output: &[u8]) -> bool {
    calls::vdf::verify(challenge, difficulty, output)
}

/// The same with a known discriminant.
#[wasm_bindgen(js_name = vdfVerifyWith)]
pub fn vdf_verify_with(
    discriminant: &[u8],
    difficulty: u32,
    output: &[u8],
) -> Result<bool, JsValue> {
    calls::vdf::verify_with(discriminant, difficulty, output).map_err(thrown)
}

/// JSON facts of a global header.
#[wasm_bindgen(js_name = globalHeaderFacts)]
pub fn global_header_facts(header: &[u8]) -> Result<String, JsValue> {
    calls::header::global_facts(header).map_err(thrown)
}

/// JSON check named `vdf`.
#[wasm_bindgen(js_name = verifyTimeProof)]
pub fn verify_time_proof(header: &[u8], discriminant: &[u8]) -> Result<String, JsValue> {
    calls::header::verify_time_proof(header, discriminant).map_err(thrown)
}

/// JSON `EngineTraversal`: strict verdict on a proof in plain form.
#[wasm_bindgen(js_name = traversalVerify)]
pub fn traversal_verify(
    root: &[u8],
    keys: Vec<Uint8Array>,
    proof: &[u8],
) -> Result<String, JsValue> {
    let keys = copies(&keys);
    calls::tries::verify(root, &slices(&keys), proof).map_err(thrown)
}

/// Root of the tree of these leaves.
#[wasm_bindgen(js_name = rebuildRoot)]
pub fn rebuild_root(
    keys: Vec<Uint8Array>,
    values: Vec<Uint8Array>,
    hash_targets: Vec<Uint8Array>,
) -> Result<Vec<u8>, JsValue> {
    let (keys, values, targets) = (copies(&keys), copies(&values), copies(&hash_targets));
    calls::tries::rebuild_root(&slices(&keys), &slices(&values), &slices(&targets)).map_err(thrown)
}

/// Commitment of a branch of 64 slots.
#[wasm_bindgen(js_name = commitBranch)]
pub fn commit_branch(slots: &[u8]) -> Result<Vec<u8>, JsValue> {
    calls::tries::commit_branch(slots).map_err(thrown)
}

/// A committee with its keys decoded once.
#[wasm_bindgen]
pub struct Committee(calls::header::Committee);

#[wasm_bindgen]
impl Committee {
    /// From JSON `EngineCommittee`.
    #[wasm_bindgen(constructor)]
    pub fn new(committee: &str) -> Result<Committee, JsValue> {
        calls::header::Committee::new(committee)
            .map(Self)
            .map_err(thrown)
    }

    /// JSON `EngineVerdict`; `rules` is JSON `EngineRules`; `made(name)` is called after each check.
    #[wasm_bindgen(js_name = verifyCertificate)]
    pub fn verify_certificate(
        &self,
        header: &[u8],
        rules: &str,
        made: Option<Function>,
    ) -> Result<String, JsValue> {
        let mut report = |name: &str| {
            if let Some(callback) = &made {
                // An observer cannot change the verdict, not even by throwing.
                let _ = callback.call1(&JsValue::NULL, &name.into());
            }
        };
        self.0
            .verify_certificate(header, rules, &mut report)
            .map_err(thrown)
    }

    /// Sum of the keys that the bitmask names.
    #[cfg(feature = "full")]
    #[wasm_bindgen(js_name = aggregateKey)]
    pub fn aggregate_key(&self, bitmask: &[u8]) -> Result<Vec<u8>, JsValue> {
        self.0.aggregate_key(bitmask).map_err(thrown)
    }

    /// JSON array of hex addresses in index order.
    pub fn addresses(&self) -> Result<String, JsValue> {
        self.0.addresses().map_err(thrown)
    }
}

/// Search for the discriminant of one challenge, in slices.
#[wasm_bindgen]
pub struct DiscriminantSearch(calls::vdf::DiscriminantSearch);

#[wasm_bindgen]
impl DiscriminantSearch {
    /// Prepares the search.
    #[wasm_bindgen(constructor)]
    pub fn new(challenge: &[u8], bits: u32) -> Result<DiscriminantSearch, JsValue> {
        calls::vdf::DiscriminantSearch::new(challenge, bits)
            .map(Self)
            .map_err(thrown)
    }

    /// Smallest prime's index in [from, from + count), or -1.
    #[wasm_bindgen(js_name = testRange)]
    pub fn test_range(&self, from: u32, count: u32) -> i32 {
        self.0.test_range(from, count)
    }

    /// Big-endian magnitude of the candidate.
    pub fn candidate(&self, index: u32) -> Result<Vec<u8>, JsValue> {
        self.0.candidate(index).map_err(thrown)
    }
}
