//! KZG commitments over BLS48-581 to vectors of 64-byte slots in evaluation form (spec 20 sections 1
//! to 6 and 10): commit, update, openings, multiproofs.
//!
//! * always: [`verify_opening`], [`verify_multiproof`], [`verify_multiproof_batch`], all strict, over the
//!   585 bytes of [`VerifierSetup`]; [`Multiproof`] and its plain form; [`fields`] of vertices;
//!   [`reference`](mod@reference) for the verdicts of the network's own node where they are laxer
//! * feature `commit`: [`Committer`], [`committer`]
//! * feature `prove`: [`open`], [`multiprove`]
//! * feature `sizes`: vectors of 16, 32, 128 and 256 slots; the protocol uses 64 alone
//! * feature `parallel`: [`Committer::commit_many`] and [`Committer::update_many`] on all cores
//!
//! Everything here is public data: nothing is constant time.

#[cfg(feature = "commit")]
mod commit;
mod domain;
mod error;
pub mod fields;
mod multiproof;
mod points;
#[cfg(feature = "prove")]
mod prove;
pub mod reference;
mod setup;
mod transcript;
mod verify;

#[cfg(feature = "commit")]
pub use commit::{Committer, Update, committer, committer_of};
pub use domain::{SIZES, root_of_unity};
pub use error::KzgError;
pub use multiproof::{MULTIPROOF_BYTES, Multiproof};
pub use points::{Point, decode_own, encode};
#[cfg(feature = "prove")]
pub use prove::{Opening, multiprove, open};
pub use setup::VerifierSetup;
pub use verify::{Claim, Statement, verify_multiproof, verify_multiproof_batch, verify_opening};

/// Slots of a branch of a tree, the only size the protocol uses.
pub const SLOTS: usize = 64;
/// Bytes of a slot.
pub const SLOT_BYTES: usize = 64;
/// Bytes of a commitment or proof: a compressed point of G1.
pub const COMMITMENT_BYTES: usize = bls48581::G1_BYTES;

/// The value of a slot: a big-endian integer, always below the group order. An empty slot is 0.
pub type Slot = [u8; SLOT_BYTES];
/// A compressed point of G1: a commitment, a multicommitment D, or a proof.
pub type Commitment = [u8; COMMITMENT_BYTES];

/// What the reference writes for the identity, and so for the commitment of the all-zero vector
/// (hazard H-06). Verification refuses it: it decodes to a point of order 3.
pub const IDENTITY: Commitment = {
    let mut bytes = [0; COMMITMENT_BYTES];
    bytes[0] = 3;
    bytes
};
