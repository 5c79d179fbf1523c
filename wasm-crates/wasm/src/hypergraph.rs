//! Hypergraph state in memory, full module only (spec 21).

use crate::thrown;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

type Bytes = Result<Vec<u8>, JsValue>;
type Json = Result<String, JsValue>;

/// JSON `{l1, shardKey, path, topicBloom}` of an application address.
#[wasm_bindgen(js_name = hypergraphShardFacts)]
pub fn hypergraph_shard_facts(address: &[u8]) -> Json {
    calls::hypergraph::shard_facts(address).map_err(thrown)
}

/// JSON of an atom.
#[wasm_bindgen(js_name = hypergraphDecodeAtom)]
pub fn hypergraph_decode_atom(bytes: &[u8]) -> Json {
    calls::hypergraph::decode_atom(bytes).map_err(thrown)
}

/// Bytes of the atom that the JSON describes.
#[wasm_bindgen(js_name = hypergraphEncodeAtom)]
pub fn hypergraph_encode_atom(atom: &str) -> Bytes {
    calls::hypergraph::encode_atom(atom).map_err(thrown)
}

/// JSON `{strict, reference, older}`: verdicts on a hyperedge of a message.
#[wasm_bindgen(js_name = hypergraphJudgeHyperedge)]
pub fn hypergraph_judge_hyperedge(domain: &[u8], value: &[u8]) -> Json {
    calls::hypergraph::judge_hyperedge(domain, value).map_err(thrown)
}

/// JSON `{form, members}` of a stored hyperedge.
#[wasm_bindgen(js_name = hypergraphMembers)]
pub fn hypergraph_members(id: &[u8], value: &[u8]) -> Json {
    calls::hypergraph::members(id, value).map_err(thrown)
}

/// Key of a schema field.
#[wasm_bindgen(js_name = hypergraphFieldKey)]
pub fn hypergraph_field_key(order: u32, max_order: u32) -> Bytes {
    calls::hypergraph::field_key(order, max_order).map_err(thrown)
}

/// JSON of the 256 global commitments.
#[wasm_bindgen(js_name = hypergraphGlobalCommitments)]
pub fn hypergraph_global_commitments(world: &str) -> Json {
    calls::hypergraph::global_commitments(world).map_err(thrown)
}

/// JSON of a sealed metadata vertex.
#[wasm_bindgen(js_name = hypergraphSealMetadata)]
pub fn hypergraph_seal_metadata(parts: &str) -> Json {
    calls::hypergraph::seal_metadata(parts).map_err(thrown)
}

/// JSON of an updated metadata vertex.
#[wasm_bindgen(js_name = hypergraphUpdateMetadata)]
pub fn hypergraph_update_metadata(update: &str) -> Json {
    calls::hypergraph::update_metadata(update).map_err(thrown)
}

/// The state of one world.
#[wasm_bindgen]
#[derive(Default)]
pub struct Hypergraph(calls::hypergraph::HypergraphHandle);

#[wasm_bindgen]
impl Hypergraph {
    /// An empty world.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a JSON list of operations, all or none.
    #[wasm_bindgen(js_name = apply)]
    pub fn apply(&mut self, operations: &str) -> Result<(), JsValue> {
        self.0.apply(operations).map_err(thrown)
    }

    /// JSON of a commit; the frame is decimal.
    #[wasm_bindgen(js_name = commit)]
    pub fn commit(&mut self, frame: &str) -> Json {
        self.0.commit(frame).map_err(thrown)
    }

    /// JSON of the node at the path of the shard's address.
    #[wasm_bindgen(js_name = nodeAtAddress)]
    pub fn node_at_address(&self, shard_key: &[u8], phase: u32) -> Json {
        self.0.node_at_address(shard_key, phase).map_err(thrown)
    }

    /// JSON of a shard.
    #[wasm_bindgen(js_name = shard)]
    pub fn shard(&self, shard_key: &[u8]) -> Json {
        self.0.shard(shard_key).map_err(thrown)
    }

    /// JSON of an atom.
    #[wasm_bindgen(js_name = atom)]
    pub fn atom(&self, set: &str, id: &[u8]) -> Json {
        self.0.atom(set, id).map_err(thrown)
    }
}
