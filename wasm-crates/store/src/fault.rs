//! What can go wrong inside one call to the engine, before it becomes a [`StoreError`].

use crate::error::StoreError;

#[doc(hidden)]
#[derive(Debug)]
pub enum Fault {
    Engine(Box<redb::Error>),
    Store(StoreError),
}

impl Fault {
    pub(crate) fn into_error(self) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Engine(error) => *error,
        };
        match error {
            redb::Error::Io(cause) => StoreError::io("store file", &cause),
            redb::Error::DatabaseAlreadyOpen => StoreError::InUse("file".to_owned()),
            redb::Error::DatabaseClosed => StoreError::Closed,
            redb::Error::ValueTooLarge(length) => {
                StoreError::Arguments(format!("value of {length} bytes"))
            }
            redb::Error::TransactionInProgress => StoreError::Busy,
            // An earlier error of the file has latched: the handle has to be opened again.
            error @ redb::Error::PreviousIo => StoreError::Io {
                during: "store file".to_owned(),
                cause: error.to_string(),
            },
            error @ (redb::Error::Corrupted(_)
            | redb::Error::TransactionPoisoned
            | redb::Error::LockPoisoned(_)
            | redb::Error::TableDoesNotExist(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::UpgradeRequired(_)
            | redb::Error::RepairAborted) => StoreError::structure(error.to_string()),
            error => StoreError::Io {
                during: "store engine".to_owned(),
                cause: error.to_string(),
            },
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

macro_rules! from_engine {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Engine(Box::new(error.into()))
            }
        })*
    };
}
from_engine!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::CompactionError,
    redb::SetDurabilityError
);
