//! A damaged file read as far as it goes, into a new one.

use std::path::{Path, PathBuf};

use crate::copy::span_after;
use crate::engine::{Durability, Engine};
use crate::error::{Result, StoreError};
use crate::options::Options;
use crate::store::{FILE, NEW_FILE, Store, lock_directory, publish};
use crate::table::Table;
use crate::writer::{Operation, settle};

/// Damaged files that are kept beside the store, at most.
const MAX_KEPT: u32 = 1000;

/// What [`Store::salvage`] could read, and what not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Records copied.
    pub copied: u64,
    /// Records that are there and wrong. Those of pages that cannot be read are not counted: nobody knows how many there were.
    pub unreadable: u64,
    /// Tables that could not be read to their end.
    pub cut: Vec<Table>,
    /// Where the damaged file is kept.
    pub kept: PathBuf,
}

impl Store {
    /// Copies every record of the closed store in `directory` that can still be read to a new file, which takes the place of the damaged
    /// one; that is kept beside it as `state.redb.damaged`. What is missing then is for [`Store::verify_trees`] to find and for
    /// [`Store::mend`] to make again.
    ///
    /// # Errors
    /// `Damaged` when not even the list of tables can be read, or a record of `meta` or `tree` is lost, which nothing here can make again;
    /// the file is as it was then.
    pub fn salvage(directory: impl AsRef<Path>, options: &Options) -> Result<Salvaged> {
        let directory = directory.as_ref();
        let _held = lock_directory(directory)?;
        let (path, new) = (directory.join(FILE), directory.join(NEW_FILE));
        let _ = std::fs::remove_file(&new);
        let reading = Options {
            salvage: true,
            check_on_open: false,
            ..options.clone()
        };
        let source = Engine::open_existing(&path, &reading)?;
        let mut salvaged = Salvaged::default();
        let copied = copy_readable(&source, &new, options, &mut salvaged);
        source.freeze();
        let _ = source.close();
        if let Err(error) = copied {
            let _ = std::fs::remove_file(&new);
            return Err(error);
        }
        salvaged.kept = keep(&path)?;
        publish(directory, &new, &path)?;
        Ok(salvaged)
    }

    /// Puts the damaged file of a salvage that came to nothing back in its place: the store is closed.
    ///
    /// # Errors
    /// A disk that fails; then the damaged file is still where it was kept.
    pub fn put_back(directory: impl AsRef<Path>, salvaged: &Salvaged) -> Result<()> {
        let directory = directory.as_ref();
        let _held = lock_directory(directory)?;
        publish(directory, &salvaged.kept, &directory.join(FILE))
    }
}

fn copy_readable(
    source: &Engine,
    new: &Path,
    options: &Options,
    salvaged: &mut Salvaged,
) -> Result<()> {
    let target = Engine::open(new, true, options.cache_bytes, false)?;
    target.create_tables()?;
    for table in Table::ALL {
        let mut after: Option<Vec<u8>> = None;
        let before = salvaged.copied;
        loop {
            let scanned = source.attempt(|reader| reader.scan(table, span_after(after.as_deref())));
            let Ok((records, more)) = scanned else {
                salvaged.cut.push(table);
                break;
            };
            let last = records.last().map(|(key, _)| key.clone());
            let mut operations = Vec::with_capacity(records.len());
            for (key, value) in records {
                match value {
                    Ok(value) => operations.push(Operation::put(table, key, &value)),
                    Err(_) => salvaged.unreadable += 1,
                }
            }
            salvaged.copied += operations.len() as u64;
            settle(&mut operations);
            target.write(Durability::Relaxed, |writer| writer.apply(&operations))?;
            // A damaged key may be out of order: never back.
            if !more || last <= after {
                break;
            }
            after = last;
        }
        // Without the newest frame in it, a store would pass for an empty one; without a number, a tree for another.
        if matches!(table, Table::Meta | Table::Tree)
            && source.attempt(|reader| reader.records(table))? != salvaged.copied - before
        {
            return Err(StoreError::damaged(table, &[], "records are lost"));
        }
    }
    target.write(Durability::Durable, |_| Ok(()))?;
    target.close()
}

/// A second name for the damaged file, so that the first can be given to the new one at once.
fn keep(path: &Path) -> Result<PathBuf> {
    for number in 1..=MAX_KEPT {
        let suffix = if number == 1 {
            "damaged".to_owned()
        } else {
            format!("damaged-{number}")
        };
        let kept = path.with_extension(format!("redb.{suffix}"));
        match std::fs::hard_link(path, &kept) {
            Ok(()) => return Ok(kept),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io("keep the damaged file", &error)),
        }
    }
    Err(StoreError::Arguments(format!(
        "{MAX_KEPT} damaged files are kept already: remove some"
    )))
}
