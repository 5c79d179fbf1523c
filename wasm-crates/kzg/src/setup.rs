//! The embedded parts of the trusted set-up (spec 20 section 2).
//!
//! `setup/verifier.bin` is `ceremony_verifier.bin`; `lagrange64.bin` is the second half of
//! `ceremony_prover64.bin` (the first, powers of tau, is not needed: quotients are computed in
//! evaluation form); `lagrange16_32_128_256.bin` are the other Lagrange points of `ceremony_full.bin`.

use std::sync::OnceLock;

#[cfg(feature = "commit")]
use bls48581::G1_BYTES;
use bls48581::g1::G1Affine;
use bls48581::g2;
use bls48581::pairing::{Prepared, product_is_one};

use crate::error::KzgError;

/// tau G2, 585 bytes compressed.
static TAU_G2: &[u8; 585] = include_bytes!("../setup/verifier.bin");

/// What verification needs: the Miller lines of both generators' counterparts, tau G2 and G2.
#[derive(Debug)]
pub struct VerifierSetup {
    tau: Prepared,
    generator: &'static Prepared,
}

impl VerifierSetup {
    /// The set-up of the network, decoded strictly at first use.
    ///
    /// # Errors
    /// `Setup` when the embedded bytes are damaged.
    pub fn get() -> Result<&'static Self, KzgError> {
        static SETUP: OnceLock<Option<VerifierSetup>> = OnceLock::new();
        SETUP
            .get_or_init(|| {
                let tau = g2::decode_on_curve(TAU_G2).ok()?;
                Some(Self {
                    tau: Prepared::of(&tau)?,
                    generator: Prepared::generator()?,
                })
            })
            .as_ref()
            .ok_or(KzgError::Setup)
    }

    /// tau G2, compressed.
    #[must_use]
    pub fn tau_g2() -> &'static [u8; 585] {
        TAU_G2
    }

    /// Whether `e(a, tau G2) e(b, G2) = 1`; `None` is the identity.
    pub(crate) fn holds(&self, a: Option<G1Affine>, b: Option<G1Affine>) -> bool {
        let pairs = a
            .map(|a| (&self.tau, a))
            .into_iter()
            .chain(b.map(|b| (self.generator, b)));
        product_is_one(&pairs.collect::<Vec<_>>())
    }
}

/// The Lagrange points of a size, compressed, one after the other.
#[cfg(feature = "commit")]
pub(crate) fn lagrange(size: usize) -> Option<&'static [u8]> {
    static LAGRANGE_64: &[u8; 64 * G1_BYTES] = include_bytes!("../setup/lagrange64.bin");
    if size == crate::SLOTS {
        return Some(LAGRANGE_64);
    }
    #[cfg(feature = "sizes")]
    {
        static OTHERS: &[u8; 432 * G1_BYTES] = include_bytes!("../setup/lagrange16_32_128_256.bin");
        let before = match size {
            16 => 0,
            32 => 16,
            128 => 48,
            256 => 176,
            _ => return None,
        };
        OTHERS.get(before * G1_BYTES..(before + size) * G1_BYTES)
    }
    #[cfg(not(feature = "sizes"))]
    None
}
