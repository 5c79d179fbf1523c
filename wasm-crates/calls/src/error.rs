//! The one error type of the call surface.

/// Stable code of an error, as JavaScript sees it in `error.code` (`core/platform/engine.ts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A byte string has the wrong length.
    Length,
    /// Bytes are not a valid encoding of what the call expects.
    Decode,
    /// A number or element is out of range.
    Range,
    /// An empty list where at least one item is needed.
    Empty,
    /// The result would be the point at infinity, which has no encoding.
    Identity,
    /// The caller cancelled the job.
    Cancelled,
    /// A handle was already closed.
    Handle,
    /// JSON arguments do not have the documented shape.
    Arguments,
}

impl Code {
    /// The code as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Decode => "decode",
            Self::Range => "range",
            Self::Empty => "empty",
            Self::Identity => "identity",
            Self::Cancelled => "cancelled",
            Self::Handle => "handle",
            Self::Arguments => "arguments",
        }
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// A call that cannot answer: code and a text for people.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What callers branch on.
    pub code: Code,
    /// What happened, with which value.
    pub message: String,
}

impl CallError {
    /// An error with this code and text.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// Outcome of a call.
pub type Call<T> = Result<T, CallError>;
