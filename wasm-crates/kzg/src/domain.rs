//! The roots of unity over which vectors are evaluated (spec 20 section 1).

use std::sync::OnceLock;

use bls48581::public_scalar::PublicScalar;

use crate::error::KzgError;

/// Sizes of vectors for which a set-up exists.
pub const SIZES: [usize; 5] = [16, 32, 64, 128, 256];

/// The powers of the root of unity of one size.
#[derive(Debug)]
pub(crate) struct Domain {
    /// `w^0 .. w^(N-1)`.
    pub roots: Vec<PublicScalar>,
    /// `1 / (w^d - 1)` at d, 0 at 0.
    #[cfg(feature = "prove")]
    pub inverses: Vec<PublicScalar>,
}

impl Domain {
    /// The domain of a size of [`SIZES`].
    pub fn of(size: usize) -> Result<&'static Self, KzgError> {
        static DOMAINS: [OnceLock<Option<Domain>>; SIZES.len()] =
            [const { OnceLock::new() }; SIZES.len()];
        SIZES
            .iter()
            .zip(&DOMAINS)
            .find(|(known, _)| **known == size)
            .and_then(|(_, domain)| domain.get_or_init(|| Self::new(size)).as_ref())
            .ok_or(KzgError::Size(size))
    }

    fn new(size: usize) -> Option<Self> {
        let root = PublicScalar::root_of_unity(size)?;
        let powers =
            std::iter::successors(Some(PublicScalar::one()), |power| Some(power.mul(&root)));
        let roots: Vec<PublicScalar> = powers.take(size).collect();
        Some(Self {
            #[cfg(feature = "prove")]
            inverses: {
                let one = PublicScalar::one();
                let differences: Vec<_> = roots.iter().map(|root| root.sub(&one)).collect();
                PublicScalar::invert_all(&differences)
            },
            roots,
        })
    }

    /// `w^index`; an index beyond the size is refused (hazard H-04).
    pub fn root(&self, index: u64) -> Result<PublicScalar, KzgError> {
        usize::try_from(index)
            .ok()
            .and_then(|at| self.roots.get(at))
            .copied()
            .ok_or(KzgError::Index {
                index,
                size: self.roots.len(),
            })
    }
}

/// The root of unity `37^((r-1)/size)`, 73 bytes, of a size of [`SIZES`].
///
/// # Errors
/// `Size`.
pub fn root_of_unity(size: usize) -> Result<[u8; bls48581::SCALAR_BYTES], KzgError> {
    Ok(Domain::of(size)?.root(1)?.to_bytes())
}
