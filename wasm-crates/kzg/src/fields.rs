//! Opening the fields of a vertex (spec 20 section 10): several slots of one commitment at once.
//!
//! Holds where every field is a leaf directly under the root branch: one-byte keys, fields of different
//! slots. Orders above 63 select sizes without a set-up and are refused (hazard H-09).

use crate::error::KzgError;
use crate::{SLOTS, Slot, Statement};

/// Slot of the type field, whose key is 32 bytes ff.
pub const TYPE_INDEX: u64 = 63;

/// The slot of the field with this order.
///
/// # Errors
/// `Index` for an order above 63.
pub fn index(order: u64) -> Result<u64, KzgError> {
    if order < SLOTS as u64 {
        Ok(order)
    } else {
        Err(KzgError::Index {
            index: order,
            size: SLOTS,
        })
    }
}

/// The key of the field with this order in a schema of one-byte keys.
///
/// # Errors
/// `Index` for an order above 63.
pub fn key(order: u64) -> Result<u8, KzgError> {
    Ok((index(order)? as u8) << 2)
}

/// One opened field: its slot and the evaluation `SHA-512(00 || key || value)`, which the caller hashes.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The slot: the order of the field, or [`TYPE_INDEX`].
    pub index: u64,
    /// The commitment of the leaf.
    pub evaluation: Slot,
}

/// The statements of a multiproof over fields of the vertex with this commitment.
#[must_use]
pub fn statements<'a>(vertex: &'a [u8], fields: &'a [Field]) -> Vec<Statement<'a>> {
    fields
        .iter()
        .map(|field| Statement {
            commitment: vertex,
            index: field.index,
            value: &field.evaluation,
        })
        .collect()
}
