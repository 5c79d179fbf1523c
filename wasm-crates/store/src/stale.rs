//! What a frame replaced: read back by the prune, once no kept generation needs it.

use crate::error::{Result, StoreError};
use crate::keys::{MAX_NAME, MAX_PATH, TreeId};
use crate::table::Table;

/// A list is cut into records of about this many bytes.
const CHUNK: usize = 4096;
/// The tree number under which replaced cursors are listed.
pub(crate) const CURSORS: TreeId = TreeId(u32::MAX);

const NODE: u8 = 0;
const ROOT: u8 = 1;
const CURSOR: u8 = 2;
const VALUE: u8 = 3;

/// One replaced record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Replaced {
    Node { generation: u64, path: Vec<u8> },
    Root { generation: u64 },
    Cursor { generation: u64, name: Vec<u8> },
    Value { generation: u64, key: Vec<u8> },
}

impl Replaced {
    fn encode(&self, out: &mut Vec<u8>) {
        let (tag, generation, text): (u8, u64, &[u8]) = match self {
            Self::Node { generation, path } => (NODE, *generation, path),
            Self::Root { generation } => (ROOT, *generation, &[]),
            Self::Cursor { generation, name } => (CURSOR, *generation, name),
            Self::Value { generation, key } => (VALUE, *generation, key),
        };
        out.push(tag);
        out.extend_from_slice(&generation.to_be_bytes());
        out.extend_from_slice(&(text.len() as u16).to_be_bytes());
        out.extend_from_slice(text);
    }
}

/// Values of the records that hold `list`.
pub(crate) fn encode(list: &[Replaced]) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    for replaced in list {
        replaced.encode(&mut chunk);
        if chunk.len() >= CHUNK {
            chunks.push(core::mem::take(&mut chunk));
        }
    }
    if !chunk.is_empty() {
        chunks.push(chunk);
    }
    chunks
}

/// Tree and entries of one record.
pub(crate) fn decode(key: &[u8], value: &[u8]) -> Result<(TreeId, Vec<Replaced>)> {
    let wrong = || StoreError::damaged(Table::Stale, key, "not a list of replaced records");
    let tree = key
        .get(8..12)
        .and_then(|bytes| bytes.first_chunk::<4>())
        .map(|bytes| TreeId(u32::from_be_bytes(*bytes)))
        .ok_or_else(wrong)?;
    let mut list = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (entry, behind) = one(rest).ok_or_else(wrong)?;
        list.push(entry);
        rest = behind;
    }
    Ok((tree, list))
}

fn one(bytes: &[u8]) -> Option<(Replaced, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (generation, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let generation = u64::from_be_bytes(*generation);
    let replaced = match tag {
        NODE if text.len() <= MAX_PATH => Replaced::Node {
            generation,
            path: text.to_vec(),
        },
        ROOT if text.is_empty() => Replaced::Root { generation },
        CURSOR if text.len() <= MAX_NAME => Replaced::Cursor {
            generation,
            name: text.to_vec(),
        },
        VALUE if text.len() <= MAX_PATH => Replaced::Value {
            generation,
            key: text.to_vec(),
        },
        _ => return None,
    };
    Some((replaced, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replaced() -> impl Strategy<Value = Replaced> {
        let path = prop::collection::vec(0u8..64, 0..90);
        let name = prop::collection::vec(any::<u8>(), 1..=MAX_NAME);
        prop_oneof![
            (any::<u64>(), path.clone())
                .prop_map(|(generation, path)| Replaced::Node { generation, path }),
            (any::<u64>(), path).prop_map(|(generation, key)| Replaced::Value { generation, key }),
            any::<u64>().prop_map(|generation| Replaced::Root { generation }),
            (any::<u64>(), name)
                .prop_map(|(generation, name)| Replaced::Cursor { generation, name }),
        ]
    }

    proptest! {
        #[test]
        fn lists_come_back_in_chunks(list in prop::collection::vec(replaced(), 0..400)) {
            let mut read = Vec::new();
            for chunk in encode(&list) {
                prop_assert!(chunk.len() < CHUNK + MAX_PATH + 16);
                read.extend(decode(&[0; 16], &chunk).unwrap().1);
            }
            prop_assert_eq!(read, list);
        }

        #[test]
        fn no_bytes_are_read_otherwise_than_typed(key in prop::collection::vec(any::<u8>(), 0..20), value in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&key, &value);
        }
    }
}
