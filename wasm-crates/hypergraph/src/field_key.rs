//! Tree keys of schema fields (spec 21 section 7, HYP-06).

/// Largest order that has a key.
pub const MAX_ORDER: u32 = 262_142;

/// A field order without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldKeyError {
    /// The largest order of the document is above [`MAX_ORDER`].
    #[error("order {0} is above 262142, the largest that has a key")]
    TooLarge(u32),
    /// The order is above the largest order of its own document.
    #[error("order {order} is above the largest order of its document, {max}")]
    AboveMaximum {
        /// Order of the field.
        order: u32,
        /// Largest order that the document was said to have.
        max: u32,
    },
}

/// Key of the field of `order` in a document whose largest order over all classes is `max`: one, two or three bytes,
/// the same number for every field of the document.
///
/// # Errors
/// [`FieldKeyError`].
pub fn field_key(order: u32, max: u32) -> Result<Vec<u8>, FieldKeyError> {
    if max > MAX_ORDER {
        return Err(FieldKeyError::TooLarge(max));
    }
    if order > max {
        return Err(FieldKeyError::AboveMaximum { order, max });
    }
    let [_, high, middle, low] = match max {
        0..=63 => order << 2,
        64..=4093 => order << 4,
        _ => order << 6,
    }
    .to_be_bytes();
    Ok(match max {
        0..=63 => vec![low],
        64..=4093 => vec![middle, low],
        _ => vec![high, middle, low],
    })
}
