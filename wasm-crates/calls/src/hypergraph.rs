//! Names, atoms, metadata and global commitments of the hypergraph, and a world in memory (spec 21).

use crate::error::{Call, CallError, Code};
use crate::json;
use hypergraph::metadata::{self, ConfigurationKeys, Deployment, Entries, MetadataError};
use hypergraph::{
    Address, Atom, AtomError, AtomId, GlobalTrees, Hyperedge, RootBytes, ShardKey, StateError,
    Vertex, blob::Sealed,
};
use serde::{Deserialize, Serialize};
use tries::Size;

mod world;

pub use world::HypergraphHandle;

fn refuse(code: Code, cause: &impl std::fmt::Display) -> CallError {
    CallError::new(code, cause.to_string())
}

fn address(bytes: &[u8]) -> Call<Address> {
    hypergraph::address_of(bytes).map_err(|cause| refuse(Code::Length, &cause))
}

fn atom_id(bytes: &[u8]) -> Call<AtomId> {
    AtomId::from_bytes(bytes).map_err(|cause| refuse(Code::Length, &cause))
}

fn hex_address(name: &str, text: &str) -> Call<Address> {
    address(&json::bytes(name, text)?)
}

fn size(text: &str) -> Call<Size> {
    Size::from_decimal(text).ok_or_else(|| CallError::new(Code::Arguments, "a size is no decimal"))
}

fn no_atom(cause: &AtomError) -> CallError {
    refuse(Code::Decode, cause)
}

fn no_state(cause: &StateError) -> CallError {
    let code = match cause {
        StateError::Order { .. } | StateError::Committed(_) | StateError::Path => Code::Range,
        StateError::NoNode | StateError::NotGlobal => Code::Empty,
        StateError::Tree(_) | StateError::Global(_) => Code::Arguments,
        _ => Code::Decode,
    };
    refuse(code, cause)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShardFacts {
    l1: String,
    shard_key: String,
    path: Vec<u8>,
    topic_bloom: String,
}

/// JSON `{l1, shardKey, path, topicBloom}` of an application address; `path` has 43 elements.
///
/// # Errors
/// `length`.
pub fn shard_facts(app: &[u8]) -> Call<String> {
    let key = ShardKey::of(&address(app)?);
    json::text(&ShardFacts {
        l1: hex::encode(key.l1()),
        shard_key: hex::encode(key.to_bytes()),
        path: key.path().to_vec(),
        topic_bloom: hex::encode(hypergraph::topic_bloom(app)),
    })
}

/// An atom in JSON: `commitment` of a hyperedge is the root of its extrinsic tree, `members` are atom bytes in tree order.
#[derive(Serialize, Deserialize)]
struct AtomJson {
    kind: String,
    app: String,
    data: String,
    #[serde(default)]
    commitment: String,
    #[serde(default)]
    size: String,
    #[serde(default)]
    members: Vec<String>,
}

/// JSON `{kind, app, data, commitment, size, members}` of atom bytes.
///
/// # Errors
/// `decode`.
pub fn decode_atom(bytes: &[u8]) -> Call<String> {
    let (kind, id, commitment, size, members) = match Atom::from_bytes(bytes) {
        Ok(Atom::Vertex(vertex)) => {
            let size = vertex.size();
            ("vertex", vertex.id, vertex.commitment, size, Vec::new())
        }
        Ok(Atom::Hyperedge(edge)) => {
            let root = edge.commitment().map_err(|cause| no_atom(&cause))?;
            let members = edge.members.iter().map(|member| hex::encode(&member.atom));
            let members = members.collect();
            (
                "hyperedge",
                edge.id,
                root.as_bytes().to_vec(),
                edge.size(),
                members,
            )
        }
        Err(cause) => return Err(no_atom(&cause)),
    };
    json::text(&AtomJson {
        kind: kind.to_owned(),
        app: hex::encode(id.app()),
        data: hex::encode(id.data()),
        commitment: hex::encode(commitment),
        size: size.to_string(),
        members,
    })
}

/// Atom bytes of the same JSON. Of a vertex `commitment` (64 or 74 bytes) and `size` count, of a hyperedge `members`, whose tree is committed
/// before it is serialised.
///
/// # Errors
/// `arguments`, `length`, `decode` for a member that is no atom.
pub fn encode_atom(atom: &str) -> Call<Vec<u8>> {
    let atom: AtomJson = json::parse(atom)?;
    let id = AtomId::new(
        &hex_address("app", &atom.app)?,
        &hex_address("data", &atom.data)?,
    );
    match atom.kind.as_str() {
        "vertex" => {
            let commitment = json::bytes("commitment", &atom.commitment)?;
            if !matches!(commitment.len(), 64 | 74) {
                return Err(CallError::new(
                    Code::Length,
                    "a commitment has 64 or 74 bytes",
                ));
            }
            let digits = size(&atom.size)?.to_be_bytes();
            let mut size = [0; hypergraph::SIZE_LENGTH];
            let unused = size.len().checked_sub(digits.len());
            let low = unused.and_then(|start| size.get_mut(start..));
            low.ok_or_else(|| CallError::new(Code::Range, "a size above 32 bytes"))?
                .copy_from_slice(&digits);
            let vertex = Vertex {
                id,
                commitment,
                size,
            };
            Ok(vertex.to_bytes())
        }
        "hyperedge" => {
            let members = atom
                .members
                .iter()
                .map(|member| json::bytes("member", member))
                .collect::<Call<Vec<_>>>()?;
            Hyperedge::from_members(id, &members)
                .map(|edge| edge.to_bytes())
                .map_err(|cause| no_atom(&cause))
        }
        _ => Err(CallError::new(
            Code::Arguments,
            "an atom is a vertex or a hyperedge",
        )),
    }
}

#[derive(Serialize)]
struct Verdict {
    valid: bool,
    reason: Option<String>,
}

impl<T> From<Result<T, AtomError>> for Verdict {
    fn from(outcome: Result<T, AtomError>) -> Self {
        Self {
            valid: outcome.is_ok(),
            reason: outcome.err().map(|cause| cause.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Judgement {
    strict: Verdict,
    reference: Verdict,
    older: Verdict,
}

/// JSON `{strict, reference, older}` of a HyperedgeAdd, each `{valid, reason}`: the verdict to give, that of the current release, that
/// of the older component's parser (spec 21 section 2).
///
/// # Errors
/// `length` of the domain.
pub fn judge_hyperedge(domain: &[u8], value: &[u8]) -> Call<String> {
    let domain = address(domain)?;
    json::text(&Judgement {
        strict: hypergraph::strict_verdict(&domain, value).into(),
        reference: hypergraph::reference_verdict(&domain, value).into(),
        older: hypergraph::older_verdict(value).into(),
    })
}

#[derive(Serialize)]
struct StoredMembers {
    form: &'static str,
    members: Vec<String>,
}

/// JSON `{form, members}` of the value stored under a 64-byte id: `form` is full, bare or empty, `members` are ids in tree order.
///
/// # Errors
/// `length` of the id, `decode`.
pub fn members(id: &[u8], value: &[u8]) -> Call<String> {
    let stored = hypergraph::read_stored(&atom_id(id)?, value).map_err(|cause| no_atom(&cause))?;
    let members = stored.members.iter();
    json::text(&StoredMembers {
        form: stored.form.as_str(),
        members: members
            .map(|member| hex::encode(member.id.as_bytes()))
            .collect(),
    })
}

/// Key of a schema field, 1 to 3 bytes.
///
/// # Errors
/// `range`.
pub fn field_key(order: u32, max_order: u32) -> Call<Vec<u8>> {
    hypergraph::field_key(order, max_order).map_err(|cause| refuse(Code::Range, &cause))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct World {
    rule: String,
    shards: Vec<WorldShard>,
    #[serde(default)]
    alternatives: Vec<WorldShard>,
    #[serde(default)]
    prover_root: String,
}

#[derive(Deserialize)]
struct WorldShard {
    app: String,
    roots: Option<Vec<String>>,
    value: Option<String>,
}

#[derive(Serialize)]
struct Commitments {
    commitments: Vec<String>,
    hash: String,
}

fn roots_of(shard: &WorldShard) -> Call<RootBytes> {
    let roots = shard.roots.iter().flatten();
    let roots: Vec<_> = roots
        .map(|root| json::bytes("root", root))
        .collect::<Call<_>>()?;
    RootBytes::try_from(roots).map_err(|_| CallError::new(Code::Length, "a shard has four roots"))
}

/// JSON `{commitments, hash}` of JSON `{rule, shards, alternatives?, proverRoot?}` (spec 21 section 6): with rule frame a shard is
/// `{app, roots}`, with rule genesis `{app, value}`; `hash` binds the 256 values and the prover root.
///
/// # Errors
/// `arguments`, `length`.
pub fn global_commitments(world: &str) -> Call<String> {
    let world: World = json::parse(world)?;
    let refused = |cause: StateError| no_state(&cause);
    let commitments = match world.rule.as_str() {
        "frame" => {
            let mut trees = GlobalTrees::default();
            for shard in &world.shards {
                let app = hex_address("app", &shard.app)?;
                trees.set_shard(&app, roots_of(shard)?).map_err(refused)?;
            }
            for shard in &world.alternatives {
                let app = hex_address("app", &shard.app)?;
                trees
                    .set_alternative(&app, roots_of(shard)?)
                    .map_err(refused)?;
            }
            trees.commit().map_err(refused)?;
            trees.commitments()
        }
        "genesis" => {
            let entries = world.shards.iter().map(|shard| {
                let value = shard.value.as_deref().unwrap_or_default();
                Ok((
                    hex_address("app", &shard.app)?,
                    json::bytes("value", value)?,
                ))
            });
            hypergraph::genesis_commitments(&entries.collect::<Call<Vec<_>>>()?).map_err(refused)?
        }
        _ => {
            return Err(CallError::new(
                Code::Arguments,
                "the rule is frame or genesis",
            ));
        }
    };
    let prover_root = json::bytes("prover root", &world.prover_root)?;
    json::text(&Commitments {
        hash: hex::encode(commitments.hash(&prover_root)),
        commitments: commitments.to_bytes().map(hex::encode).collect(),
    })
}

#[derive(Deserialize)]
struct EntryJson {
    key: String,
    value: String,
}

#[derive(Deserialize)]
struct SlotJson {
    slot: u32,
    leaves: Vec<EntryJson>,
}

#[derive(Deserialize)]
struct DeploymentJson {
    consensus: Vec<EntryJson>,
    sumcheck: Vec<EntryJson>,
    slots: Vec<SlotJson>,
    schema: String,
    r#type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateJson {
    before: String,
    read_key: Option<String>,
    write_key: Option<String>,
    schema: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SealedJson {
    blob: String,
    root: String,
    size: String,
    leaf_count: String,
}

fn sealed(outcome: Result<Sealed, MetadataError>) -> Call<String> {
    let sealed = outcome.map_err(|cause| {
        let code = match cause {
            MetadataError::Tree(_) | MetadataError::Empty => Code::Decode,
            _ => Code::Range,
        };
        refuse(code, &cause)
    })?;
    json::text(&SealedJson {
        blob: hex::encode(&sealed.blob),
        root: hex::encode(sealed.root.as_bytes()),
        size: sealed.size.to_string(),
        leaf_count: sealed.leaf_count.to_string(),
    })
}

fn entries(list: &[EntryJson]) -> Call<Entries> {
    list.iter()
        .map(|leaf| {
            Ok((
                json::bytes("key", &leaf.key)?,
                json::bytes("value", &leaf.value)?,
            ))
        })
        .collect()
}

/// JSON `{blob, root, size, leafCount}` of the metadata vertex of JSON `{consensus, sumcheck, slots: [{slot, leaves}], schema, type}`;
/// leaves are `{key, value}`, all bytes hex, the schema too.
///
/// # Errors
/// `arguments`, `length`, `range` for slots that are reserved, missing or above 61.
pub fn seal_metadata(parts: &str) -> Call<String> {
    let parts: DeploymentJson = json::parse(parts)?;
    let slots = parts.slots.iter();
    sealed(metadata::deploy(Deployment {
        consensus: entries(&parts.consensus)?,
        sumcheck: entries(&parts.sumcheck)?,
        slots: slots
            .map(|slot| Ok((slot.slot, entries(&slot.leaves)?)))
            .collect::<Call<_>>()?,
        schema: json::bytes("schema", &parts.schema)?,
        type_domain: hex_address("type", &parts.r#type)?,
    }))
}

/// The same of an update, JSON `{before, readKey, writeKey, schema}`: both keys or none; null leaves keys or schema as they are. Whether the
/// schema may follow the one before is not decided here (spec 41 section 5.1).
///
/// # Errors
/// `arguments`, `length`, `decode` when `before` is no tree.
pub fn update_metadata(update: &str) -> Call<String> {
    let update: UpdateJson = json::parse(update)?;
    let key = |name: &str, text: &str| {
        json::bytes(name, text)?
            .try_into()
            .map_err(|_| CallError::new(Code::Length, format!("{name} is not 57 bytes")))
    };
    let keys = match (&update.read_key, &update.write_key) {
        (Some(read), Some(write)) => Some(ConfigurationKeys {
            read: key("read key", read)?,
            write: key("write key", write)?,
        }),
        (None, None) => None,
        _ => {
            return Err(CallError::new(
                Code::Arguments,
                "one of the two keys is missing",
            ));
        }
    };
    let schema = update
        .schema
        .map(|text| json::bytes("schema", &text))
        .transpose()?;
    let before = json::bytes("before", &update.before)?;
    sealed(metadata::update(&before, keys.as_ref(), schema.as_deref()))
}
