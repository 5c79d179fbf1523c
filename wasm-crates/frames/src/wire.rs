//! The protobuf wire format, as far as headers use it: variable-length integers and byte strings.
//!
//! The reader accepts exactly what the writer produces (checklist FRM-06): fields in number order,
//! shortest integers, zero and empty values left out. A decoded message therefore has one encoding.

use crate::error::DecodeError;

/// One field as it stands on the wire.
pub(crate) enum Value<'a> {
    Integer(u64),
    Bytes(&'a [u8]),
}

/// A field: where it stands, and what it holds.
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    message: &'static str,
    value: Value<'a>,
}

impl<'a> Field<'a> {
    /// A non-zero integer.
    pub(crate) fn u64(&self, what: &'static str) -> Result<u64, DecodeError> {
        match self.value {
            Value::Integer(0) => Err(DecodeError::DefaultWritten(what)),
            Value::Integer(x) => Ok(x),
            Value::Bytes(_) => Err(DecodeError::WireType(self.number, self.message)),
        }
    }

    /// A non-zero 32-bit integer.
    pub(crate) fn u32(&self, what: &'static str) -> Result<u32, DecodeError> {
        let value = self.u64(what)?;
        u32::try_from(value).map_err(|_| DecodeError::Range { what, value })
    }

    /// Bytes that may be empty: an element of a repeated field, or a sub-message.
    pub(crate) fn element(
        &self,
        what: &'static str,
        limit: usize,
    ) -> Result<&'a [u8], DecodeError> {
        match self.value {
            Value::Integer(_) => Err(DecodeError::WireType(self.number, self.message)),
            Value::Bytes(bytes) if bytes.len() > limit => Err(DecodeError::TooLong {
                what,
                length: bytes.len(),
                limit,
            }),
            Value::Bytes(bytes) => Ok(bytes),
        }
    }

    /// Non-empty bytes of at most `limit`.
    pub(crate) fn bytes(&self, what: &'static str, limit: usize) -> Result<Vec<u8>, DecodeError> {
        match self.element(what, limit)? {
            [] => Err(DecodeError::DefaultWritten(what)),
            bytes => Ok(bytes.to_vec()),
        }
    }

    /// The error for a number that the message does not have.
    pub(crate) fn unknown(&self) -> DecodeError {
        DecodeError::UnknownField(self.number, self.message)
    }
}

/// Reads the fields of one message.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    message: &'static str,
    repeated: u32,
    last: u32,
}

impl<'a> Reader<'a> {
    /// `repeated`: the number of the one repeated field, or 0.
    pub(crate) fn new(
        bytes: &'a [u8],
        message: &'static str,
        limit: usize,
        repeated: u32,
    ) -> Result<Self, DecodeError> {
        if bytes.len() > limit {
            return Err(DecodeError::TooLong {
                what: message,
                length: bytes.len(),
                limit,
            });
        }
        Ok(Self {
            rest: bytes,
            message,
            repeated,
            last: 0,
        })
    }

    /// The next field, or nothing at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Field<'a>>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.integer()?;
        let number = u32::try_from(tag >> 3).unwrap_or(u32::MAX);
        let again = number == self.last && number == self.repeated;
        if number == 0 || tag >> 3 > (1 << 29) - 1 {
            return Err(DecodeError::UnknownField(number, self.message));
        }
        if number <= self.last && !again {
            return Err(DecodeError::FieldOrder(number, self.message));
        }
        self.last = number;
        let value = match tag & 7 {
            0 => Value::Integer(self.integer()?),
            2 => Value::Bytes(self.length_prefixed()?),
            _ => return Err(DecodeError::WireType(number, self.message)),
        };
        Ok(Some(Field {
            number,
            message: self.message,
            value,
        }))
    }

    fn length_prefixed(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.integer()?).unwrap_or(usize::MAX);
        let (bytes, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated(self.message))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn integer(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self
                .rest
                .split_first()
                .ok_or(DecodeError::Truncated(self.message))?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && byte > 1 || shift > 0 && byte == 0 {
                return Err(DecodeError::Varint);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Varint)
    }
}

/// Writes the fields of one message, in the order of the calls.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    fn integer(&mut self, mut x: u64) {
        while x >= 0x80 {
            self.0.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
    }

    /// An integer, left out when it is zero.
    pub(crate) fn u64(&mut self, number: u32, x: u64) {
        if x != 0 {
            self.integer(u64::from(number) << 3);
            self.integer(x);
        }
    }

    /// Bytes, left out when empty.
    pub(crate) fn bytes(&mut self, number: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.element(number, bytes);
        }
    }

    /// An element of a repeated field or a sub-message: written also when empty.
    pub(crate) fn element(&mut self, number: u32, bytes: &[u8]) {
        self.integer(u64::from(number) << 3 | 2);
        self.integer(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}
