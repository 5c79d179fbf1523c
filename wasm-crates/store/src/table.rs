use core::fmt;

/// The tables of the store file. Keys are bytes in big-endian order; values end with a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// generation, tree, path -> node record, never overwritten.
    Node = 1,
    /// tree, generation -> [`RootRecord`](crate::RootRecord).
    Root = 2,
    /// generation of the replacement, tree, chunk -> what it replaced.
    Stale = 3,
    /// generation, reason -> expiry.
    Pin = 4,
    /// frame number -> header bytes.
    Frame = 5,
    /// frame number -> certificate bytes.
    Cert = 6,
    /// cursor name, generation -> bytes.
    Registry = 7,
    /// generation, tree, key of the leaf -> value that is not inside its leaf's record.
    Blob = 8,
    /// Schema version, file identity, head, watermark.
    Meta = 9,
    /// Ordered keys and values of the TypeScript `Store` contract.
    Kv = 10,
    /// Tree name -> tree number, and back.
    Tree = 11,
}

impl Table {
    /// Every table, in the order in which they are copied and verified.
    pub const ALL: [Self; 11] = [
        Self::Meta,
        Self::Kv,
        Self::Tree,
        Self::Pin,
        Self::Registry,
        Self::Root,
        Self::Stale,
        Self::Frame,
        Self::Cert,
        Self::Node,
        Self::Blob,
    ];

    /// Name of the table in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Root => "root",
            Self::Stale => "stale",
            Self::Pin => "pin",
            Self::Frame => "frame",
            Self::Cert => "cert",
            Self::Registry => "registry",
            Self::Blob => "blob",
            Self::Meta => "meta",
            Self::Kv => "kv",
            Self::Tree => "tree",
        }
    }

    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    pub(crate) const fn definition(
        self,
    ) -> redb::TableDefinition<'static, &'static [u8], &'static [u8]> {
        redb::TableDefinition::new(self.name())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
