//! Class group and VDF (spec 11 sections 1 to 3).

use crate::error::{Call, CallError, Code};
use classgroup::Discriminant;

#[cfg(feature = "full")]
mod full;
#[cfg(feature = "full")]
pub use full::{
    discriminant, form, form_power, form_square_n, multi_solve, multi_values, multi_verify, solve,
};

fn refuse(code: Code, cause: &classgroup::Error) -> CallError {
    CallError::new(code, cause.to_string())
}

/// Whether the output is the VDF of challenge and difficulty.
#[must_use]
pub fn verify(challenge: &[u8], difficulty: u32, output: &[u8]) -> bool {
    classgroup::verify(challenge, difficulty, output)
}

/// The same with a known discriminant, given by its big-endian magnitude.
///
/// # Errors
/// `decode` when the magnitude is no discriminant.
pub fn verify_with(discriminant: &[u8], difficulty: u32, output: &[u8]) -> Call<bool> {
    let discriminant =
        Discriminant::from_bytes(discriminant).map_err(|cause| refuse(Code::Decode, &cause))?;
    Ok(classgroup::verify_with(&discriminant, difficulty, output))
}

/// Search for the discriminant of one challenge, in slices.
pub struct DiscriminantSearch(classgroup::DiscriminantSearch);

impl DiscriminantSearch {
    /// Prepares the search.
    ///
    /// # Errors
    /// `range` for a bit length that is not supported.
    pub fn new(challenge: &[u8], bits: u32) -> Call<Self> {
        classgroup::DiscriminantSearch::new(challenge, bits)
            .map(Self)
            .map_err(|cause| refuse(Code::Range, &cause))
    }

    /// Smallest index in [from, from + count) whose candidate is prime, or -1.
    #[must_use]
    pub fn test_range(&self, from: u32, count: u32) -> i32 {
        self.0
            .test_range(from, count)
            .and_then(|index| i32::try_from(index).ok())
            .unwrap_or(-1)
    }

    /// Big-endian magnitude of the candidate with that index.
    ///
    /// # Errors
    /// `range` when no such candidate exists.
    pub fn candidate(&self, index: u32) -> Call<Vec<u8>> {
        self.0
            .discriminant(index)
            .map(|found| found.to_bytes())
            .map_err(|cause| refuse(Code::Range, &cause))
    }
}
