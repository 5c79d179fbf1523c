//! Poseidon (spec 10 section 3).

use crate::error::{Call, CallError, Code};
use poseidon::Error;

/// `P(message)`, 32 bytes.
///
/// # Errors
/// `empty` for an empty message.
pub fn hash_bytes(message: &[u8]) -> Call<Vec<u8>> {
    poseidon::hash_bytes(message)
        .map(Vec::from)
        .map_err(|error| refuse(&error))
}

/// Hash of 1 to 16 field elements of 32 bytes.
///
/// # Errors
/// `empty`, `length` or `range`.
pub fn hash_elements(elements: &[&[u8]]) -> Call<Vec<u8>> {
    let elements = elements
        .iter()
        .map(|element| {
            <[u8; 32]>::try_from(*element).map_err(|_| {
                CallError::new(
                    Code::Length,
                    format!("an element has {} bytes, not 32", element.len()),
                )
            })
        })
        .collect::<Call<Vec<_>>>()?;
    poseidon::hash_elements(&elements)
        .map(Vec::from)
        .map_err(|error| refuse(&error))
}

fn refuse(error: &Error) -> CallError {
    let code = match error {
        Error::Empty | Error::ElementCount(0) => Code::Empty,
        _ => Code::Range,
    };
    CallError::new(code, error.to_string())
}
