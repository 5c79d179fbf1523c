//! Hypergraph state in memory (spec 21).

use crate::{closed, thrown};
use calls::Code;
use napi::Result;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// JSON `{l1, shardKey, path, topicBloom}` of an application address.
#[napi(js_name = "hypergraphShardFacts", catch_unwind)]
pub fn hypergraph_shard_facts(address: &[u8]) -> Result<String, Code> {
    calls::hypergraph::shard_facts(address).map_err(thrown)
}

/// JSON of an atom.
#[napi(js_name = "hypergraphDecodeAtom", catch_unwind)]
pub fn hypergraph_decode_atom(bytes: &[u8]) -> Result<String, Code> {
    calls::hypergraph::decode_atom(bytes).map_err(thrown)
}

/// Bytes of the atom that the JSON describes.
#[napi(js_name = "hypergraphEncodeAtom", catch_unwind)]
pub fn hypergraph_encode_atom(atom: String) -> Result<Uint8Array, Code> {
    calls::hypergraph::encode_atom(&atom)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// JSON `{strict, reference, older}`: verdicts on a hyperedge of a message.
#[napi(js_name = "hypergraphJudgeHyperedge", catch_unwind)]
pub fn hypergraph_judge_hyperedge(domain: &[u8], value: &[u8]) -> Result<String, Code> {
    calls::hypergraph::judge_hyperedge(domain, value).map_err(thrown)
}

/// JSON `{form, members}` of a stored hyperedge.
#[napi(js_name = "hypergraphMembers", catch_unwind)]
pub fn hypergraph_members(id: &[u8], value: &[u8]) -> Result<String, Code> {
    calls::hypergraph::members(id, value).map_err(thrown)
}

/// Key of a schema field.
#[napi(js_name = "hypergraphFieldKey", catch_unwind)]
pub fn hypergraph_field_key(order: u32, max_order: u32) -> Result<Uint8Array, Code> {
    calls::hypergraph::field_key(order, max_order)
        .map(Uint8Array::new)
        .map_err(thrown)
}

/// JSON of the 256 global commitments.
#[napi(js_name = "hypergraphGlobalCommitments", catch_unwind)]
pub fn hypergraph_global_commitments(world: String) -> Result<String, Code> {
    calls::hypergraph::global_commitments(&world).map_err(thrown)
}

/// JSON of a sealed metadata vertex.
#[napi(js_name = "hypergraphSealMetadata", catch_unwind)]
pub fn hypergraph_seal_metadata(parts: String) -> Result<String, Code> {
    calls::hypergraph::seal_metadata(&parts).map_err(thrown)
}

/// JSON of an updated metadata vertex.
#[napi(js_name = "hypergraphUpdateMetadata", catch_unwind)]
pub fn hypergraph_update_metadata(update: String) -> Result<String, Code> {
    calls::hypergraph::update_metadata(&update).map_err(thrown)
}

/// The state of one world.
#[napi]
pub struct Hypergraph(Option<calls::hypergraph::HypergraphHandle>);

#[napi]
impl Hypergraph {
    /// An empty world.
    #[napi(constructor)]
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Some(calls::hypergraph::HypergraphHandle::new()))
    }

    /// Applies a JSON list of operations, all or none.
    #[napi(js_name = "apply", catch_unwind)]
    pub fn apply(&mut self, operations: String) -> Result<(), Code> {
        self.0
            .as_mut()
            .ok_or_else(closed)?
            .apply(&operations)
            .map_err(thrown)
    }

    /// JSON of a commit; the frame is decimal.
    #[napi(js_name = "commit", catch_unwind)]
    pub fn commit(&mut self, frame: String) -> Result<String, Code> {
        self.0
            .as_mut()
            .ok_or_else(closed)?
            .commit(&frame)
            .map_err(thrown)
    }

    /// JSON of the node at the path of the shard's address.
    #[napi(js_name = "nodeAtAddress", catch_unwind)]
    pub fn node_at_address(&self, shard_key: &[u8], phase: u32) -> Result<String, Code> {
        self.0
            .as_ref()
            .ok_or_else(closed)?
            .node_at_address(shard_key, phase)
            .map_err(thrown)
    }

    /// JSON of a shard.
    #[napi(js_name = "shard", catch_unwind)]
    pub fn shard(&self, shard_key: &[u8]) -> Result<String, Code> {
        self.0
            .as_ref()
            .ok_or_else(closed)?
            .shard(shard_key)
            .map_err(thrown)
    }

    /// JSON of an atom.
    #[napi(js_name = "atom", catch_unwind)]
    pub fn atom(&self, set: String, id: &[u8]) -> Result<String, Code> {
        self.0
            .as_ref()
            .ok_or_else(closed)?
            .atom(&set, id)
            .map_err(thrown)
    }

    /// Releases the state; later calls throw `handle`.
    #[napi(catch_unwind)]
    pub fn free(&mut self) {
        self.0 = None;
    }
}
