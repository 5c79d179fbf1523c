//! Frame headers of the global chain and of app shards: bytes in, one verdict out.
//!
//! - [`GlobalHeader`], [`AppHeader`], [`AggregateSignature`]: protobuf and canonical bytes,
//!   strict and bounded (spec 11 sections 4 and 5, spec 40 section 3).
//! - Challenge, identity and the signed strings: [`GlobalHeader::challenge`], [`identity_of`],
//!   [`messages`] (spec 11 section 4, spec 30 section 5, spec 31 section 6.1).
//! - [`Committee`] with its thresholds and its table of key sums (spec 11 section 8.2).
//! - [`verify_certificate`], [`verify_time_proof`], [`verify_global`], [`verify_pinned`] and
//!   [`verify_app`]: a list of [`Check`]s, each computed on its own also after another one failed.
//! - [`genesis`]: mainnet constants and the rules of other networks (spec 11 section 4.5).
//!
//! Verdicts are values; only bytes that are no header at all are an error ([`DecodeError`]).

#![forbid(unsafe_code)]

mod aggregate;
mod app;
mod canonical;
mod certificate;
mod challenge;
mod check;
mod committee;
mod error;
pub mod genesis;
mod global;
mod header;
pub mod join;
pub mod messages;
mod protobuf;
mod rules;
mod wire;

pub use aggregate::SIGNATURE_LENGTH;
pub use app::{TailIds, verify_app};
pub use certificate::{AttachError, QuorumCertificate};
pub use challenge::{IdentityError, OUTPUT_LENGTH, identity_of};
pub use check::{Check, Verdict};
pub use committee::{Committee, CommitteeError, Member, MemberKey, PinnedTable};
pub use error::{DecodeError, EncodeError};
pub use global::{
    Observer, verify_certificate, verify_certificate_observed, verify_global, verify_pinned,
    verify_pinned_observed, verify_time_proof,
};
pub use header::{AggregateSignature, AppHeader, GlobalHeader};
pub use protobuf::{MAX_APP_HEADER, MAX_GLOBAL_HEADER};
pub use rules::{GenesisFields, Rules};

/// The Poseidon address of a public key, or of any fixed-length byte string (spec 10 section 3.3).
pub type Address = [u8; 32];
