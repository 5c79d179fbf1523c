//! Committees: decoded keys in index order, thresholds, sums of keys (spec 11 section 8.2,
//! spec 30 section 2).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use bls48581::PublicKey;

use crate::Address;

/// Most members of a committee.
const MAX_MEMBERS: usize = 4096;
/// Most members for which the table of all key sums is made.
const MAX_PINNED: usize = 10;
/// Key sums kept with their prepared lines (about 50 kB each).
const RECENT_SUMS: usize = 8;

/// Description of a member, as configuration or a registry gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberKey {
    /// 585 bytes.
    pub public_key: Vec<u8>,
    /// Seniority (spec 30 section 2).
    pub weight: u64,
    /// Address, compared with P(public key) when given.
    pub address: Option<Address>,
}

/// A member whose key was decoded and tested.
#[derive(Clone, Debug)]
pub struct Member {
    /// Decoded key.
    pub public_key: PublicKey,
    /// P(public key).
    pub address: Address,
    /// Seniority.
    pub weight: u64,
}

/// Why a list of members is no committee.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeError {
    /// No member.
    #[error("a committee needs at least one member")]
    Empty,
    /// Too many members.
    #[error("{0} members, at most {MAX_MEMBERS} are supported")]
    TooMany(usize),
    /// The key of this entry is not a strict encoding of a G2 point.
    #[error("the key of entry {index} is refused: {cause}")]
    Key {
        /// Position in the list given.
        index: usize,
        /// Cause.
        cause: String,
    },
    /// The address of this entry is not that of its key.
    #[error("the address of entry {0} is not the address of its key")]
    Address(usize),
    /// The same key twice.
    #[error("a key stands twice in the committee")]
    Duplicate,
    /// The weights do not fit 64 bits together.
    #[error("the sum of the weights does not fit 64 bits")]
    Weight,
}

/// A committee in index order, that is, ascending by address.
#[derive(Debug)]
pub struct Committee {
    members: Vec<Member>,
    total_weight: u64,
    threshold: u64,
    pinned: OnceLock<PinnedTable>,
    recent: Mutex<Vec<(Vec<usize>, Arc<PublicKey>)>>,
}

/// The members that a bitmask names.
pub(crate) struct Selection {
    /// Indices within the committee, ascending.
    pub(crate) members: Vec<usize>,
    /// All indices named, also beyond the committee.
    pub(crate) bits: Vec<u32>,
    /// Sum of the members' weights.
    pub(crate) weight: u64,
}

impl Committee {
    /// Decodes and tests the keys, computes addresses, sorts. `threshold` is the least signed
    /// weight; nothing means `floor(2 W / 3)` (spec 30 section 2).
    ///
    /// # Errors
    /// [`CommitteeError`].
    pub fn new(entries: &[MemberKey], threshold: Option<u64>) -> Result<Self, CommitteeError> {
        if entries.is_empty() {
            return Err(CommitteeError::Empty);
        }
        if entries.len() > MAX_MEMBERS {
            return Err(CommitteeError::TooMany(entries.len()));
        }
        let mut members = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let refused = |cause: String| CommitteeError::Key { index, cause };
            let public_key =
                PublicKey::from_bytes(&entry.public_key).map_err(|e| refused(e.to_string()))?;
            let address =
                poseidon::hash_bytes(&entry.public_key).map_err(|e| refused(e.to_string()))?;
            if entry.address.is_some_and(|given| given != address) {
                return Err(CommitteeError::Address(index));
            }
            members.push(Member {
                public_key,
                address,
                weight: entry.weight,
            });
        }
        members.sort_by_key(|member| member.address);
        let duplicate = members
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.address == b.address));
        if duplicate {
            return Err(CommitteeError::Duplicate);
        }
        let total_weight = members
            .iter()
            .try_fold(0u64, |sum, member| sum.checked_add(member.weight))
            .ok_or(CommitteeError::Weight)?;
        Ok(Self {
            members,
            total_weight,
            threshold: threshold.unwrap_or_else(|| two_thirds(total_weight)),
            pinned: OnceLock::new(),
            recent: Mutex::default(),
        })
    }

    /// Members in index order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Least signed weight of a certificate.
    pub fn threshold(&self) -> u64 {
        self.threshold
    }

    /// Sum of all weights.
    pub fn total_weight(&self) -> u64 {
        self.total_weight
    }

    /// Index of the member with this address.
    pub fn index_of(&self, address: &[u8]) -> Option<usize> {
        self.members
            .binary_search_by(|member| member.address.as_slice().cmp(address))
            .ok()
    }

    /// All key sums of a committee of at most ten members, made on first use; nothing for a larger
    /// committee.
    pub fn pinned_table(&self) -> Option<&PinnedTable> {
        (self.members.len() <= MAX_PINNED).then(|| {
            self.pinned
                .get_or_init(|| PinnedTable::build(&self.members))
        })
    }

    pub(crate) fn select(&self, bitmask: &[u8]) -> Selection {
        let bits: Vec<u32> = (0u32..)
            .step_by(8)
            .zip(bitmask)
            .flat_map(|(base, byte)| {
                (0..8)
                    .filter(move |i| byte >> i & 1 == 1)
                    .map(move |i| base + i)
            })
            .collect();
        let members: Vec<usize> = bits
            .iter()
            .filter_map(|bit| usize::try_from(*bit).ok())
            .filter(|index| *index < self.members.len())
            .collect();
        let weight = self.weight_of(&members);
        Selection {
            members,
            bits,
            weight,
        }
    }

    /// Sum of the keys of these members; nothing when none is named or the sum is the identity. The
    /// last few sums are kept, since consecutive frames tend to have the same signers: a kept key has
    /// the lines of its Miller loop prepared.
    pub(crate) fn key_sum(&self, indices: &[usize]) -> Option<Arc<PublicKey>> {
        let mut recent = self.recent.lock().unwrap_or_else(|p| p.into_inner());
        if let Some(at) = recent.iter().position(|(known, _)| known == indices) {
            let found = recent.remove(at);
            recent.insert(0, found);
            return recent.first().map(|(_, key)| Arc::clone(key));
        }
        let keys = indices
            .iter()
            .filter_map(|index| self.members.get(*index))
            .map(|member| &member.public_key);
        let sum = Arc::new(bls48581::aggregate_key_refs(keys).ok()?);
        recent.insert(0, (indices.to_vec(), Arc::clone(&sum)));
        recent.truncate(RECENT_SUMS);
        Some(sum)
    }

    fn weight_of(&self, indices: &[usize]) -> u64 {
        indices
            .iter()
            .filter_map(|index| self.members.get(*index))
            .map(|member| member.weight)
            .sum()
    }
}

/// `floor(2 W / 3)` (spec 30 section 2), without overflow.
fn two_thirds(weight: u64) -> u64 {
    u64::try_from(u128::from(weight) * 2 / 3).unwrap_or(u64::MAX)
}

/// Every non-empty subset of a small committee by the encoding of its key sum
/// (spec 11 section 8.2): replaces the bitmask, and does not depend on which members are active.
#[derive(Debug)]
pub struct PinnedTable {
    subsets: BTreeMap<[u8; 585], Subset>,
}

/// A subset of a pinned committee.
#[derive(Clone, Debug)]
pub(crate) struct Subset {
    pub(crate) members: Vec<usize>,
    pub(crate) weight: u64,
}

impl PinnedTable {
    /// One addition per subset: the sum without its lowest member, plus that member. A subset whose
    /// sum is the identity has no encoding and is left out, as are sums that build on it through it.
    fn build(members: &[Member]) -> Self {
        let mut sums: Vec<Option<PublicKey>> = vec![None; 1 << members.len().min(MAX_PINNED)];
        let mut subsets: BTreeMap<[u8; 585], Subset> = BTreeMap::new();
        for mask in 1..sums.len() {
            let lowest = mask.trailing_zeros() as usize;
            let Some(member) = members.get(lowest) else {
                continue;
            };
            let rest = mask & (mask - 1);
            let sum = match (rest, sums.get(rest)) {
                (0, _) => Some(member.public_key.clone()),
                (_, Some(Some(sum))) => {
                    bls48581::aggregate_key_refs([sum, &member.public_key]).ok()
                }
                _ => None,
            };
            let Some(key) = sum else { continue };
            let key_bytes = key.to_bytes();
            if let Some(slot) = sums.get_mut(mask) {
                *slot = Some(key);
            }
            let named: Vec<usize> = (0..members.len()).filter(|i| mask >> i & 1 == 1).collect();
            let weight = named
                .iter()
                .filter_map(|i| members.get(*i))
                .map(|member| member.weight)
                .sum();
            let subset = Subset {
                members: named,
                weight,
            };
            // Two subsets with one sum (keys without proof of possession): the lighter one counts.
            let known = subsets.entry(key_bytes).or_insert_with(|| subset.clone());
            if subset.weight < known.weight {
                *known = subset;
            }
        }
        Self { subsets }
    }

    /// Number of subsets, `2^n - 1` for ordinary keys.
    pub fn len(&self) -> usize {
        self.subsets.len()
    }

    /// Whether there is no subset.
    pub fn is_empty(&self) -> bool {
        self.subsets.is_empty()
    }

    /// Indices of the members whose key sum has this encoding.
    pub fn lookup(&self, key: &[u8]) -> Option<&[usize]> {
        self.find(key).map(|subset| subset.members.as_slice())
    }

    pub(crate) fn find(&self, key: &[u8]) -> Option<&Subset> {
        let key: &[u8; 585] = key.try_into().ok()?;
        self.subsets.get(key)
    }
}
