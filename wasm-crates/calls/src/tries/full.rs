//! Trees in memory, proofs, conversions.

use super::{LevelJson, refuse};
use crate::error::{Call, CallError, Code};
use crate::json;
use serde::Serialize;
use tries::proof::{
    EncodingError, ReferenceVerdict, decode_canonical, decode_plain, encode_canonical,
    encode_plain, encode_plain_with_trailer,
};
use tries::{Leaf, PageLimit, Size, Start, Tree, TreeError};

fn encoding(cause: &EncodingError) -> CallError {
    CallError::new(Code::Decode, cause.to_string())
}

/// Path of a key, one byte per element (spec 20 section 7).
///
/// # Errors
/// `empty` for an empty key.
pub fn path(key: &[u8]) -> Call<Vec<u8>> {
    if key.is_empty() {
        return Err(refuse(&TreeError::EmptyKey));
    }
    Ok(tries::path(key).to_vec())
}

/// `accepts`, `refuses` or `aborts`: what the generic verifier of the reference makes of a proof in plain form (spec 20 section 9.2). For
/// consensus replay only; what does not decode is refused.
#[must_use]
pub fn reference_verdict(root: &[u8], proof: &[u8]) -> String {
    let verdict = decode_plain(proof).map_or(ReferenceVerdict::Refuses, |proof| {
        tries::proof::reference_verdict(root, &proof)
    });
    let text = match verdict {
        ReferenceVerdict::Accepts => "accepts",
        ReferenceVerdict::Refuses => "refuses",
        ReferenceVerdict::Aborts => "aborts",
    };
    text.into()
}

/// A traversal proof in another form: `plain`, `plain_with_trailer` or `canonical` (spec 20 section 9.4).
///
/// # Errors
/// `decode` for bytes that are no proof within the limits, `arguments` for another form.
pub fn convert(proof: &[u8], from: &str, to: &str) -> Call<Vec<u8>> {
    let unknown = |form: &str| CallError::new(Code::Arguments, format!("{form} is no form"));
    let proof = match from {
        "plain" | "plain_with_trailer" => decode_plain(proof),
        "canonical" => decode_canonical(proof),
        other => return Err(unknown(other)),
    };
    let proof = proof.map_err(|cause| encoding(&cause))?;
    let bytes = match to {
        "plain" => encode_plain(&proof),
        "plain_with_trailer" => encode_plain_with_trailer(&proof),
        "canonical" => encode_canonical(&proof),
        other => return Err(unknown(other)),
    };
    bytes.map_err(|cause| encoding(&cause))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeafJson {
    key: String,
    value: String,
    hash_target: String,
    size: String,
}

impl From<&Leaf> for LeafJson {
    fn from(leaf: &Leaf) -> Self {
        Self {
            key: hex::encode(&leaf.key),
            value: hex::encode(&leaf.value),
            hash_target: hex::encode(&leaf.hash_target),
            size: leaf.size.to_string(),
        }
    }
}

#[derive(Serialize)]
struct PageJson {
    leaves: Vec<LeafJson>,
    total: String,
    next: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FactsJson {
    leaf_count: String,
    longest_branch: i32,
    size: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeJson {
    full_path: Vec<u8>,
    commitment: String,
    is_leaf: bool,
    leaf_count: String,
    size: String,
    children: Vec<(u8, String)>,
}

/// Most bytes of one page of leaves (spec 22 section 7: messages stay below 16 MiB).
const PAGE_BYTES: usize = 8 << 20;

/// A tree in memory.
#[derive(Debug, Default)]
pub struct TreeHandle(Tree);

impl TreeHandle {
    /// An empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of a blob (spec 20 section 8.5); its commitments are not believed.
    ///
    /// # Errors
    /// `decode`.
    pub fn from_blob(blob: &[u8]) -> Call<Self> {
        Tree::from_blob(blob)
            .map(Self)
            .map_err(|cause| CallError::new(Code::Decode, cause.to_string()))
    }

    /// Adds or replaces an entry; true when the key is new. `size` is decimal.
    ///
    /// # Errors
    /// `empty` for an empty key, `length` for a field too long, `range` for a key that excludes a present one, and the tree is unchanged;
    /// `arguments` for a size that is none.
    pub fn insert(
        &mut self,
        key: &[u8],
        value: &[u8],
        hash_target: &[u8],
        size: &str,
    ) -> Call<bool> {
        let size = Size::from_decimal(size).ok_or_else(|| {
            CallError::new(Code::Arguments, "the size is no decimal number below 2^512")
        })?;
        let leaf = Leaf {
            key: key.to_vec(),
            value: value.to_vec(),
            hash_target: hash_target.to_vec(),
            size,
        };
        self.0.insert(leaf).map_err(|cause| refuse(&cause))
    }

    /// Removes an entry; false when there was none.
    ///
    /// # Errors
    /// None: the tree is in memory.
    pub fn delete(&mut self, key: &[u8]) -> Call<bool> {
        self.0.delete(key).map_err(|cause| refuse(&cause))
    }

    /// JSON `{key, value, hashTarget, size}` of an entry, `null` when it is absent.
    ///
    /// # Errors
    /// None: the tree is in memory.
    pub fn get(&self, key: &[u8]) -> Call<String> {
        let leaf = self.0.get(key).map_err(|cause| refuse(&cause))?;
        json::text(&leaf.as_ref().map(LeafJson::from))
    }

    /// Computes what is not up to date; the root.
    ///
    /// # Errors
    /// `decode` when the set-up is damaged.
    pub fn commit(&mut self) -> Call<Vec<u8>> {
        let root = self.0.commit().map_err(|cause| refuse(&cause))?;
        Ok(root.as_bytes().to_vec())
    }

    /// The root.
    ///
    /// # Errors
    /// `arguments` when the tree changed since the last commit.
    pub fn root(&self) -> Call<Vec<u8>> {
        let root = self.0.root().map_err(|cause| refuse(&cause))?;
        Ok(root.as_bytes().to_vec())
    }

    /// The wire form of the tree as it stands, committed or not.
    ///
    /// # Errors
    /// `length` above 64 MiB.
    pub fn serialise(&self) -> Call<Vec<u8>> {
        self.0.to_blob().map_err(|cause| refuse(&cause))
    }

    /// JSON `{leafCount, longestBranch, size}` of the root as the wire form states them.
    ///
    /// # Errors
    /// None but a failure to write JSON.
    pub fn facts(&self) -> Call<String> {
        json::text(&FactsJson {
            leaf_count: self.0.leaf_count().to_string(),
            longest_branch: self.0.longest_branch(),
            size: self.0.size().to_string(),
        })
    }

    /// A proof of all keys in plain form, `None` when none exists: a key is absent, or the tree is a single leaf.
    ///
    /// # Errors
    /// `arguments` when the tree is not committed, `range` for no or more than 100 keys, `decode` for a value longer than the 2,000 bytes
    /// that a proof can hold.
    pub fn prove(&self, keys: &[&[u8]]) -> Call<Option<Vec<u8>>> {
        match self.0.prove(keys) {
            Ok(proof) => encode_plain(&proof)
                .map(Some)
                .map_err(|cause| encoding(&cause)),
            Err(TreeError::Absent { .. } | TreeError::SingleLeaf) => Ok(None),
            Err(cause) => Err(refuse(&cause)),
        }
    }

    /// JSON `{leaves, total, next}`: at most `count` leaves (at most 1,000) below the node at a path (one byte per element) from the leaf
    /// with number `from` on; `next` is the number of the next leaf or null. Numbers of leaves are decimal.
    ///
    /// # Errors
    /// None but a failure to write JSON.
    pub fn leaves(&self, under: &[u8], from: u32, count: u32) -> Call<String> {
        let limit = PageLimit {
            leaves: count.min(1000) as usize,
            bytes: PAGE_BYTES,
        };
        let page = self
            .0
            .leaves(under, Start::Index(from.into()), limit)
            .map_err(|cause| refuse(&cause))?;
        json::text(&PageJson {
            leaves: page.leaves.iter().map(LeafJson::from).collect(),
            total: page.total.to_string(),
            next: page.next.map(|next| next.to_string()),
        })
    }

    /// JSON `{fullPath, commitment, isLeaf, leafCount, size, children}` of the node at a path (spec 20 section 8.6), or `null`.
    ///
    /// # Errors
    /// `arguments` when the tree is not committed.
    pub fn node_at(&self, path: &[u8]) -> Call<String> {
        let view = self.0.node_at(path).map_err(|cause| refuse(&cause))?;
        json::text(&view.map(|view| {
            NodeJson {
                full_path: view.full_path,
                commitment: hex::encode(view.commitment),
                is_leaf: view.is_leaf,
                leaf_count: view.leaf_count.to_string(),
                size: view.size.to_string(),
                children: view
                    .children
                    .into_iter()
                    .map(|(index, commitment)| (index, hex::encode(commitment)))
                    .collect(),
            }
        }))
    }

    /// JSON of the levels above the node at a path, as [`super::subtree_verify`] takes them, or `null`.
    ///
    /// # Errors
    /// `arguments` when the tree is not committed.
    pub fn levels(&self, path: &[u8]) -> Call<String> {
        let levels = self.0.levels(path).map_err(|cause| refuse(&cause))?;
        json::text(&levels.map(|levels| {
            levels
                .into_iter()
                .map(|level| LevelJson {
                    prefix: level.prefix,
                    index: level.index,
                    slots: level
                        .slots
                        .into_iter()
                        .map(|(index, slot)| (index, hex::encode(slot)))
                        .collect(),
                })
                .collect::<Vec<_>>()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{rebuild_root, subtree_verify, verify};
    use super::*;

    fn tree() -> TreeHandle {
        let mut tree = TreeHandle::new();
        for key in 0..40u8 {
            assert!(tree.insert(&[key, 7], &[key], &[], "3").unwrap());
        }
        tree
    }

    #[test]
    fn a_proof_of_a_handle_passes_the_verifier_of_the_light_client() {
        let mut tree = tree();
        assert_eq!(tree.root().unwrap_err().code, Code::Arguments);
        let root = tree.commit().unwrap();
        let keys: [&[u8]; 2] = [&[3, 7], &[33, 7]];
        let proof = tree.prove(&keys).unwrap().unwrap();
        let verdict = verify(&root, &keys, &proof).unwrap();
        assert_eq!(
            verdict,
            r#"{"valid":true,"reason":null,"values":["03","21"]}"#
        );
        assert!(
            verify(&root, &keys[..1], &proof)
                .unwrap()
                .contains("sub_proofs")
        );
        assert!(
            verify(&root, &keys, &proof[1..])
                .unwrap()
                .contains("encoding")
        );
        assert_eq!(tree.prove(&[&[99, 7]]).unwrap(), None);
        let canonical = convert(&proof, "plain", "canonical").unwrap();
        assert_eq!(convert(&canonical, "canonical", "plain").unwrap(), proof);
        assert_eq!(reference_verdict(&root, &proof), "accepts");
    }

    #[test]
    fn leaves_rebuild_the_root_and_verify_as_a_subtree() {
        let mut tree = tree();
        let root = tree.commit().unwrap();
        let keys: Vec<[u8; 2]> = (0..40u8).map(|key| [key, 7]).collect();
        let values: Vec<[u8; 1]> = (0..40u8).map(|key| [key]).collect();
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 2]>::as_slice).collect();
        let values: Vec<&[u8]> = values.iter().map(<[u8; 1]>::as_slice).collect();
        let targets: Vec<&[u8]> = vec![&[]; 40];
        assert_eq!(rebuild_root(&keys, &values, &targets).unwrap(), root);
        let under = path(keys[5]).unwrap()[..1].to_vec();
        let levels = tree.levels(&under).unwrap();
        let below: Vec<usize> = (0..40)
            .filter(|at| path(keys[*at]).unwrap().starts_with(&under))
            .collect();
        let k: Vec<&[u8]> = below.iter().map(|at| keys[*at]).collect();
        let v: Vec<&[u8]> = below.iter().map(|at| values[*at]).collect();
        let verdict = subtree_verify(&root, &levels, &k, &v, &targets[..k.len()]).unwrap();
        assert!(verdict.contains(r#""valid":true"#), "{verdict}");
        let less = subtree_verify(&root, &levels, &k[1..], &v[1..], &targets[..k.len() - 1]);
        assert!(less.unwrap().contains(r#""valid":false"#));
    }
}
