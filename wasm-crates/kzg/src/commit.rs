//! Commitments and their updates (spec 20 sections 3, 4 and 8.3).

use std::sync::OnceLock;

use bls48581::comb::{Combs, Sum};
use bls48581::g1::{self, G1Affine};
use bls48581::public_scalar::PublicScalar;

use crate::domain::{Domain, SIZES};
use crate::error::KzgError;
use crate::points::{Point, encode};
use crate::verify::scalar;
use crate::{Commitment, SLOT_BYTES, SLOTS, Slot, setup};

/// Commits to vectors of one size. Holds tables of the Lagrange points: 1.3 MB in WebAssembly, 5.2 MB
/// natively for 64 slots.
#[derive(Debug)]
pub struct Committer {
    size: usize,
    combs: Combs,
}

/// Changes of one vector since its commitment was made.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The commitment before; `None` is the commitment of the all-zero vector.
    pub before: Point,
    /// Position, value before, value after. A position given twice counts twice.
    pub changes: &'a [(u8, Slot, Slot)],
}

/// The committer of the protocol, for 64 slots; its tables are made at first use.
///
/// # Errors
/// `Setup` when the embedded bytes are damaged.
pub fn committer() -> Result<&'static Committer, KzgError> {
    committer_of(SLOTS)
}

/// The committer of a size; only 64 without the feature `sizes`.
///
/// # Errors
/// `Size`, `Setup`.
pub fn committer_of(size: usize) -> Result<&'static Committer, KzgError> {
    static COMMITTERS: [OnceLock<Result<Committer, KzgError>>; SIZES.len()] =
        [const { OnceLock::new() }; SIZES.len()];
    let found = SIZES
        .iter()
        .zip(&COMMITTERS)
        .find(|(known, _)| **known == size);
    let (_, slot) = found.ok_or(KzgError::Size(size))?;
    slot.get_or_init(|| Committer::new(size))
        .as_ref()
        .map_err(|error| *error)
}

impl Committer {
    /// Decodes the Lagrange points of a size and makes their tables; [`committer_of`] does it once.
    ///
    /// # Errors
    /// `Size`, `Setup`.
    pub fn new(size: usize) -> Result<Self, KzgError> {
        let bytes = setup::lagrange(size).ok_or(KzgError::Size(size))?;
        let points: Result<Vec<G1Affine>, _> = bytes
            .chunks(g1::G1_BYTES)
            .map(g1::decode_on_curve)
            .collect();
        let points = points.map_err(|_| KzgError::Setup)?;
        let combs = Combs::new(&points).ok_or(KzgError::Setup)?;
        Ok(Self { size, combs })
    }

    /// Slots of a vector.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The commitment of a vector given by its slots that are not empty; a position given twice counts
    /// twice.
    ///
    /// # Errors
    /// `Index`.
    pub fn commit(&self, slots: &[(u8, Slot)]) -> Result<Point, KzgError> {
        Ok(self.commit_many(&[slots])?.pop().flatten())
    }

    /// The commitments of many vectors, which share inversions (and cores, with the feature `parallel`).
    ///
    /// # Errors
    /// `Index`.
    pub fn commit_many(&self, vectors: &[&[(u8, Slot)]]) -> Result<Vec<Point>, KzgError> {
        let sums: Result<Vec<Sum>, KzgError> = vectors
            .iter()
            .map(|slots| {
                self.sum(
                    None,
                    slots.iter().map(|(index, slot)| (*index, scalar(slot))),
                )
            })
            .collect();
        Ok(self.sums(&sums?))
    }

    /// The commitment after one slot changed from `old` to `new`.
    ///
    /// # Errors
    /// `Index`.
    pub fn update(
        &self,
        before: Point,
        index: u8,
        old: &Slot,
        new: &Slot,
    ) -> Result<Point, KzgError> {
        let changes = [(index, *old, *new)];
        Ok(self
            .update_many(&[Update {
                before,
                changes: &changes,
            }])?
            .pop()
            .flatten())
    }

    /// The commitments after changes of many vectors.
    ///
    /// # Errors
    /// `Index`.
    pub fn update_many(&self, updates: &[Update<'_>]) -> Result<Vec<Point>, KzgError> {
        let sums: Result<Vec<Sum>, KzgError> = updates
            .iter()
            .map(|Update { before, changes }| {
                let differences = changes
                    .iter()
                    .map(|(index, old, new)| (*index, scalar(new).sub(&scalar(old))));
                self.sum(*before, differences)
            })
            .collect();
        Ok(self.sums(&sums?))
    }

    /// The commitment of data cut in chunks of 64 bytes, the last one possibly shorter (section 3).
    ///
    /// # Errors
    /// `TooLong`.
    pub fn commit_data(&self, data: &[u8]) -> Result<Commitment, KzgError> {
        let values = scalars(data, self.size)?;
        Ok(encode(&self.commit_values(&values)))
    }

    /// The powers `tau^0 G1, tau^1 G1, ..` below the size, compressed, for whoever checks the set-up:
    /// commitments to the polynomials 1, X, X^2 and so on.
    #[must_use]
    pub fn powers_of_tau(&self, count: usize) -> Vec<Commitment> {
        let roots = Domain::of(self.size)
            .map(|domain| domain.roots.as_slice())
            .unwrap_or_default();
        let powers = (0..count.min(self.size)).map(|power| {
            let values: Vec<_> = roots.iter().map(|root| root.pow(&[power as u64])).collect();
            encode(&self.commit_values(&values))
        });
        powers.collect()
    }

    /// The Lagrange points of this size, compressed, one after the other.
    ///
    /// # Errors
    /// `Size`.
    pub fn lagrange(&self) -> Result<&'static [u8], KzgError> {
        setup::lagrange(self.size).ok_or(KzgError::Size(self.size))
    }

    /// The commitment of a whole vector.
    pub(crate) fn commit_values(&self, values: &[PublicScalar]) -> Point {
        let terms = values.iter().copied().enumerate().collect();
        self.combs
            .sums(&[Sum { start: None, terms }])
            .pop()
            .flatten()
    }

    fn sum(
        &self,
        start: Point,
        terms: impl Iterator<Item = (u8, PublicScalar)>,
    ) -> Result<Sum, KzgError> {
        let terms: Result<Vec<_>, KzgError> = terms
            .map(|(index, factor)| {
                let at = usize::from(index);
                (at < self.size)
                    .then_some((at, factor))
                    .ok_or(KzgError::Index {
                        index: index.into(),
                        size: self.size,
                    })
            })
            .collect();
        Ok(Sum {
            start,
            terms: terms?,
        })
    }

    #[cfg(not(feature = "parallel"))]
    fn sums(&self, sums: &[Sum]) -> Vec<Point> {
        sums.chunks(CHUNK)
            .flat_map(|chunk| self.combs.sums(chunk))
            .collect()
    }

    #[cfg(feature = "parallel")]
    fn sums(&self, sums: &[Sum]) -> Vec<Point> {
        use rayon::prelude::*;
        sums.par_chunks(CHUNK)
            .flat_map_iter(|chunk| self.combs.sums(chunk))
            .collect()
    }
}

/// Sums that share inversions: more would only leave the cache.
const CHUNK: usize = 16;

/// The vector of data: chunks of 64 bytes from the left, a short last one right-aligned, then zeros.
///
/// # Errors
/// `TooLong`.
pub(crate) fn scalars(data: &[u8], size: usize) -> Result<Vec<PublicScalar>, KzgError> {
    if data.len().div_ceil(SLOT_BYTES) > size {
        return Err(KzgError::TooLong {
            bytes: data.len(),
            size,
        });
    }
    let chunks = data
        .chunks(SLOT_BYTES)
        .map(|chunk| PublicScalar::from_bytes(chunk).unwrap_or(PublicScalar::ZERO));
    Ok(chunks
        .chain(std::iter::repeat(PublicScalar::ZERO))
        .take(size)
        .collect())
}
