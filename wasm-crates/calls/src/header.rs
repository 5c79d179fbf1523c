//! Headers: facts, certificates, time proofs (spec 11 sections 4, 5, 8).

use crate::error::{Call, CallError, Code};
use crate::json;
use classgroup::Discriminant;

#[cfg(feature = "full")]
mod full;
#[cfg(feature = "full")]
pub use full::{
    app_encode, app_facts, global_build, global_encode, mainnet_genesis, sha3_256,
    signing_messages, verify_app,
};

fn decode(bytes: &[u8]) -> Call<frames::GlobalHeader> {
    frames::GlobalHeader::from_bytes(bytes)
        .map_err(|cause| CallError::new(Code::Decode, cause.to_string()))
}

/// JSON `EngineGlobalHeader`.
///
/// # Errors
/// `decode`.
pub fn global_facts(header: &[u8]) -> Call<String> {
    let header = decode(header)?;
    json::text(&json::GlobalHeader {
        frame_number: header.frame_number.to_string(),
        rank: header.rank.to_string(),
        timestamp: header.timestamp.to_string(),
        difficulty: header.difficulty,
        output: hex::encode(&header.output),
        parent_selector: hex::encode(&header.parent_selector),
        global_commitments: header.global_commitments.iter().map(hex::encode).collect(),
        prover_tree_commitment: hex::encode(&header.prover_tree_commitment),
        requests_root: hex::encode(&header.requests_root),
        prover: hex::encode(&header.prover),
        signature: header.signature.as_ref().map(json::Signature::from),
        challenge: hex::encode(header.challenge()),
        identity: header.identity().ok().map(hex::encode),
    })
}

/// JSON `EngineCheck` named `vdf`.
///
/// # Errors
/// `decode` when the header or the discriminant is none.
pub fn verify_time_proof(header: &[u8], discriminant: &[u8]) -> Call<String> {
    let header = decode(header)?;
    let discriminant = Discriminant::from_bytes(discriminant)
        .map_err(|cause| CallError::new(Code::Decode, format!("discriminant: {cause}")))?;
    json::text(&json::Check::from(&frames::verify_time_proof(
        &header,
        &discriminant,
    )))
}

/// A committee with its keys decoded and tested once.
pub struct Committee(frames::Committee);

impl Committee {
    /// From JSON `EngineCommittee`.
    ///
    /// # Errors
    /// `arguments` when the JSON has another shape, `decode` when a key is none or the list is no committee.
    pub fn new(committee: &str) -> Call<Self> {
        let description: json::Committee = json::parse(committee)?;
        let members = description
            .members
            .iter()
            .map(|member| {
                Ok(frames::MemberKey {
                    public_key: json::bytes("public key", &member.public_key)?,
                    weight: json::number("weight", &member.weight)?,
                    address: None,
                })
            })
            .collect::<Call<Vec<_>>>()?;
        let threshold = description
            .threshold
            .map(|text| json::number("threshold", &text))
            .transpose()?;
        frames::Committee::new(&members, threshold)
            .map(Self)
            .map_err(|cause| CallError::new(Code::Decode, cause.to_string()))
    }

    /// JSON `EngineVerdict` by JSON `EngineRules`: every check but the time proof. With `signersByKey` the embedded key is looked
    /// up in the table of key sums instead of being rebuilt from the bitmask (spec 11 section 8.2); committees too large
    /// for a table always use the bitmask. `made` is called with the name of each check right after it.
    ///
    /// # Errors
    /// `decode` when the bytes are no header, `arguments` when the rules have another shape.
    pub fn verify_certificate(
        &self,
        header: &[u8],
        rules: &str,
        made: &mut dyn FnMut(&str),
    ) -> Call<String> {
        let header = decode(header)?;
        let description: json::Rules = json::parse(rules)?;
        let identity = json::bytes("genesis identity", &description.genesis_identity)?;
        let rules = frames::Rules {
            genesis_number: json::number("genesis number", &description.genesis_number)?,
            genesis_identity: identity
                .try_into()
                .map_err(|_| CallError::new(Code::Arguments, "genesis identity is not 32 bytes"))?,
            genesis_fields: None,
            prover_in_committee: description.prover_in_committee,
            difficulty_floor: description.difficulty_floor,
            allow_bare_commitments: false,
        };
        let mut observer = |check: &frames::Check| made(check.name);
        let pinned = if description.signers_by_key {
            frames::verify_pinned_observed(&header, &self.0, &rules, &mut observer)
        } else {
            None
        };
        let verdict = pinned.unwrap_or_else(|| {
            frames::verify_certificate_observed(&header, &self.0, &rules, &mut observer)
        });
        json::text(&json::Verdict::from(&verdict))
    }

    /// JSON array of hex addresses in index order.
    ///
    /// # Errors
    /// None in practice.
    pub fn addresses(&self) -> Call<String> {
        let addresses: Vec<String> = self
            .0
            .members()
            .iter()
            .map(|member| hex::encode(member.address))
            .collect();
        json::text(&addresses)
    }

    /// Sum of the keys that the bitmask names, 585 bytes.
    ///
    /// # Errors
    /// `range` for a bit beyond the committee, `empty`, `identity`.
    #[cfg(feature = "full")]
    pub fn aggregate_key(&self, bitmask: &[u8]) -> Call<Vec<u8>> {
        let named = |index: usize| {
            bitmask
                .get(index / 8)
                .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
        };
        let members = self.0.members();
        if (members.len()..bitmask.len() * 8).any(named) {
            return Err(CallError::new(
                Code::Range,
                "a bit is set beyond the committee",
            ));
        }
        let keys = members
            .iter()
            .enumerate()
            .filter(|(index, _)| named(*index))
            .map(|(_, member)| &member.public_key);
        crate::bls::sum_of_keys(keys)
    }

    #[cfg(feature = "full")]
    pub(crate) fn inner(&self) -> &frames::Committee {
        &self.0
    }
}
