//! JSON shapes of the call surface (`core/platform/engine.ts`): bytes as lower-case hex, 64-bit numbers as decimal text.

use crate::error::{Call, CallError, Code};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Text of a value. These shapes always serialise.
pub(crate) fn text<T: Serialize>(value: &T) -> Call<String> {
    serde_json::to_string(value).map_err(|cause| CallError::new(Code::Arguments, cause.to_string()))
}

/// Value of a text.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Call<T> {
    serde_json::from_str(text).map_err(|cause| CallError::new(Code::Arguments, cause.to_string()))
}

/// Bytes of lower-case or upper-case hex.
pub(crate) fn bytes(name: &str, text: &str) -> Call<Vec<u8>> {
    hex::decode(text)
        .map_err(|cause| CallError::new(Code::Arguments, format!("{name} is no hex: {cause}")))
}

/// Number of decimal text.
pub(crate) fn number<T: std::str::FromStr>(name: &str, text: &str) -> Call<T> {
    text.parse().map_err(|_| {
        CallError::new(
            Code::Arguments,
            format!("{name} is no number of its type: {}", shortened(text)),
        )
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Signature {
    pub signature: String,
    pub public_key: String,
    pub bitmask: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GlobalHeader {
    pub frame_number: String,
    pub rank: String,
    pub timestamp: String,
    pub difficulty: u32,
    pub output: String,
    pub parent_selector: String,
    pub global_commitments: Vec<String>,
    pub prover_tree_commitment: String,
    pub requests_root: String,
    pub prover: String,
    pub signature: Option<Signature>,
    #[serde(default)]
    pub challenge: String,
    #[serde(default)]
    pub identity: Option<String>,
}

#[cfg(feature = "full")]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppHeader {
    pub address: String,
    pub frame_number: String,
    pub rank: String,
    pub timestamp: String,
    pub difficulty: u32,
    pub output: String,
    pub parent_selector: String,
    pub requests_root: String,
    pub state_roots: Vec<String>,
    pub prover: String,
    pub fee_multiplier_vote: String,
    pub signature: Option<Signature>,
    pub challenge: String,
    pub identity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    pub public_key: String,
    pub weight: String,
}

#[derive(Deserialize)]
pub(crate) struct Committee {
    pub members: Vec<Member>,
    pub threshold: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rules {
    pub genesis_number: String,
    pub genesis_identity: String,
    pub prover_in_committee: bool,
    pub difficulty_floor: u32,
    #[serde(default)]
    pub signers_by_key: bool,
}

#[derive(Serialize)]
pub(crate) struct Check<'a> {
    pub name: &'a str,
    pub ok: bool,
    pub reason: Option<&'a str>,
    pub section: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict<'a> {
    pub checks: Vec<Check<'a>>,
    pub valid: bool,
    pub signed_weight: String,
    pub signers: &'a [u32],
}

impl<'a> From<&'a frames::Check> for Check<'a> {
    fn from(check: &'a frames::Check) -> Self {
        Self {
            name: check.name,
            ok: check.ok,
            reason: check.reason.as_deref(),
            section: check.section,
        }
    }
}

impl<'a> From<&'a frames::Verdict> for Verdict<'a> {
    fn from(verdict: &'a frames::Verdict) -> Self {
        Self {
            checks: verdict.checks.iter().map(Check::from).collect(),
            valid: verdict.valid,
            signed_weight: verdict.signed_weight.to_string(),
            signers: &verdict.signers,
        }
    }
}

impl From<&frames::AggregateSignature> for Signature {
    fn from(value: &frames::AggregateSignature) -> Self {
        Self {
            signature: hex::encode(&value.signature),
            public_key: hex::encode(value.key_bytes()),
            bitmask: hex::encode(&value.bitmask),
        }
    }
}
