//! Calls of both modules.

use crate::{closed, thrown};
use calls::Code;
use napi::Result;
use napi::bindgen_prelude::{Function, Uint8Array};
use napi_derive::napi;

/// JSON `{module, build, kernel}`.
#[napi(catch_unwind)]
#[must_use]
pub fn describe() -> String {
    calls::describe("full", "native")
}

/// `P(message)`, 32 bytes.
#[napi(js_name = "poseidonHashBytes", catch_unwind)]
pub fn poseidon_hash_bytes(message: &[u8]) -> Result<Uint8Array, Code> {
    calls::poseidon::hash_bytes(message)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// Whether the signature is valid; never throws.
#[napi(js_name = "blsVerify", catch_unwind)]
#[must_use]
pub fn bls_verify(public_key: &[u8], signature: &[u8], message: &[u8], domain: &[u8]) -> bool {
    calls::bls::verify(public_key, signature, message, domain)
}

/// Whether the output is the VDF of challenge and difficulty; never throws.
#[napi(js_name = "vdfVerify", catch_unwind)]
#[must_use]
pub fn vdf_verify(challenge: &[u8], difficulty: u32, output: &[u8]) -> bool {
    calls::vdf::verify(challenge, difficulty, output)
}

/// The same with a known discriminant.
#[napi(js_name = "vdfVerifyWith", catch_unwind)]
pub fn vdf_verify_with(discriminant: &[u8], difficulty: u32, output: &[u8]) -> Result<bool, Code> {
    calls::vdf::verify_with(discriminant, difficulty, output).map_err(thrown)
}

/// JSON facts of a global header.
#[napi(js_name = "globalHeaderFacts", catch_unwind)]
pub fn global_header_facts(header: &[u8]) -> Result<String, Code> {
    calls::header::global_facts(header).map_err(thrown)
}

/// JSON check named `vdf`.
#[napi(js_name = "verifyTimeProof", catch_unwind)]
pub fn verify_time_proof(header: &[u8], discriminant: &[u8]) -> Result<String, Code> {
    calls::header::verify_time_proof(header, discriminant).map_err(thrown)
}

/// A committee with its keys decoded once.
#[napi]
pub struct Committee(Option<calls::header::Committee>);

#[napi]
impl Committee {
    /// From JSON `EngineCommittee`.
    #[napi(constructor)]
    pub fn new(committee: String) -> Result<Committee, Code> {
        calls::header::Committee::new(&committee)
            .map(|open| Self(Some(open)))
            .map_err(thrown)
    }

    /// JSON `EngineVerdict`; `rules` is JSON `EngineRules`; `made(name)` is called after each check.
    #[napi(js_name = "verifyCertificate", catch_unwind)]
    pub fn verify_certificate(
        &self,
        header: &[u8],
        rules: String,
        made: Option<Function<String, ()>>,
    ) -> Result<String, Code> {
        let mut report = |name: &str| {
            if let Some(callback) = &made {
                // An observer cannot change the verdict, not even by throwing.
                let _ = callback.call(name.to_owned());
            }
        };
        opened(&self.0)?
            .verify_certificate(header, &rules, &mut report)
            .map_err(thrown)
    }

    /// Sum of the keys that the bitmask names.
    #[napi(js_name = "aggregateKey", catch_unwind)]
    pub fn aggregate_key(&self, bitmask: &[u8]) -> Result<Uint8Array, Code> {
        opened(&self.0)?
            .aggregate_key(bitmask)
            .map(Uint8Array::new)
            .map_err(thrown)
    }

    /// JSON array of hex addresses in index order.
    #[napi(catch_unwind)]
    pub fn addresses(&self) -> Result<String, Code> {
        opened(&self.0)?.addresses().map_err(thrown)
    }

    /// Gives the memory back; later calls throw `handle`.
    #[napi]
    pub fn free(&mut self) {
        self.0 = None;
    }
}

/// Search for the discriminant of one challenge, in slices.
#[napi]
pub struct DiscriminantSearch(Option<calls::vdf::DiscriminantSearch>);

#[napi]
impl DiscriminantSearch {
    /// Prepares the search.
    #[napi(constructor)]
    pub fn new(challenge: &[u8], bits: u32) -> Result<DiscriminantSearch, Code> {
        calls::vdf::DiscriminantSearch::new(challenge, bits)
            .map(|open| Self(Some(open)))
            .map_err(thrown)
    }

    /// Smallest prime's index in [from, from + count), or -1.
    #[napi(js_name = "testRange", catch_unwind)]
    pub fn test_range(&self, from: u32, count: u32) -> Result<i32, Code> {
        Ok(opened(&self.0)?.test_range(from, count))
    }

    /// Big-endian magnitude of the candidate.
    #[napi(catch_unwind)]
    pub fn candidate(&self, index: u32) -> Result<Uint8Array, Code> {
        opened(&self.0)?
            .candidate(index)
            .map(Uint8Array::new)
            .map_err(thrown)
    }

    /// Gives the memory back; later calls throw `handle`.
    #[napi]
    pub fn free(&mut self) {
        self.0 = None;
    }
}

/// What a handle holds until it is freed.
fn opened<T>(handle: &Option<T>) -> Result<&T, Code> {
    handle.as_ref().ok_or_else(closed)
}
