//! Atoms and hyperedges: reading, members, and the verdicts on messages (spec 21 sections 2 and 4.3, HYP-02, HYP-12, HYP-13).

use crate::address::{ATOM_ID_LENGTH, Address, AtomId};
use crate::blob::{self, Sealed};
use crate::vertex::{VERTEX_TAG, Vertex, VertexError};
use tries::{Leaf, Size};

/// First byte of a hyperedge.
pub const HYPEREDGE_TAG: u8 = 1;
/// Bytes before the extrinsic tree.
const HEAD_LENGTH: usize = 1 + ATOM_ID_LENGTH;
/// How deep hyperedges may nest, the outermost counted (hazard H-07).
pub const MAX_DEPTH: usize = 8;
/// Longest hyperedge that is read, the payload limit of a message (spec 43 section 1.2).
pub const MAX_HYPEREDGE_BYTES: usize = 5 << 20;

/// Why bytes are no atom, or a message is refused.
#[derive(Debug, thiserror::Error)]
pub enum AtomError {
    /// Too few bytes for a hyperedge: its tree takes at least one byte.
    #[error("{0} bytes are too few for a hyperedge, which has 66 or more")]
    Short(usize),
    /// More than [`MAX_HYPEREDGE_BYTES`].
    #[error("a hyperedge of {0} bytes is above the limit of 5 MiB")]
    Long(usize),
    /// No bytes at all.
    #[error("an atom of no bytes")]
    Empty,
    /// The first byte is neither 00 nor 01 where an atom is read, or not 01 where a hyperedge is.
    #[error("first byte {0:02x} is not that of the atom")]
    Tag(u8),
    /// The application address is not the domain of the message.
    #[error("the application address of the hyperedge is not the domain of the message")]
    Domain,
    /// The vertex is malformed.
    #[error(transparent)]
    Vertex(#[from] VertexError),
    /// The extrinsic tree does not parse.
    #[error("extrinsic tree: {0}")]
    Tree(#[from] blob::BlobError),
    /// A member's key is not 64 bytes long.
    #[error("the key of a member has {0} bytes, not 64")]
    MemberKey(usize),
    /// The leaf size of a member is not the size of its atom.
    #[error("the leaf size of a member, {leaf}, is not the size of its atom, {atom}")]
    MemberSize {
        /// Size in the leaf.
        leaf: Size,
        /// Size of the atom.
        atom: Size,
    },
    /// Hyperedges nest deeper than [`MAX_DEPTH`].
    #[error("hyperedges nest deeper than 8")]
    Depth,
}

/// A vertex or a hyperedge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Atom {
    /// Vertex, without its data tree.
    Vertex(Vertex),
    /// Hyperedge, with its members.
    Hyperedge(Hyperedge),
}

/// A hyperedge and the bytes of its extrinsic tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hyperedge {
    /// Where it lives.
    pub id: AtomId,
    /// `ser(extrinsic tree)` as it came, with whatever follows it.
    pub tree: Vec<u8>,
    /// Members in the order of the tree.
    pub members: Vec<Member>,
}

/// A member of a hyperedge: the key names it, whatever id stands inside its atom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Key of the leaf.
    pub id: AtomId,
    /// Its atom bytes, checked to be an atom.
    pub atom: Vec<u8>,
}

/// What may stand as first byte of a nested hyperedge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// 01 only.
    Strict,
    /// Anything but 00, as the older component reads.
    Older,
}

impl Atom {
    /// Reads a vertex or a hyperedge: members are atoms themselves, under keys of 64 bytes, with the size of the atom as leaf size.
    ///
    /// # Errors
    /// [`AtomError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AtomError> {
        match bytes.first() {
            None => Err(AtomError::Empty),
            Some(&VERTEX_TAG) => Ok(Self::Vertex(Vertex::from_bytes(bytes)?)),
            Some(_) => Hyperedge::from_bytes(bytes).map(Self::Hyperedge),
        }
    }
}

impl Hyperedge {
    /// Reads `01 || id || ser(extrinsic tree)` as [`Atom::from_bytes`] does.
    ///
    /// # Errors
    /// [`AtomError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AtomError> {
        read(bytes, Tags::Strict, 1)
    }

    /// A hyperedge of these atoms: key = the atom's own id, size = its size, the tree committed before it is serialised.
    ///
    /// # Errors
    /// [`AtomError`] for a member that is no atom.
    pub fn from_members(id: AtomId, atoms: &[Vec<u8>]) -> Result<Self, AtomError> {
        let mut leaves = Vec::with_capacity(atoms.len());
        for atom in atoms {
            let (key, size) = match Atom::from_bytes(atom)? {
                Atom::Vertex(vertex) => (vertex.id, vertex.size()),
                Atom::Hyperedge(edge) => (edge.id, edge.size()),
            };
            leaves.push(Leaf {
                key: key.as_bytes().to_vec(),
                value: atom.clone(),
                hash_target: Vec::new(),
                size,
            });
        }
        let Sealed { blob, .. } = blob::seal(leaves)?;
        Self::from_bytes(&[&[HYPEREDGE_TAG], &id.as_bytes()[..], &blob].concat())
    }

    /// `01 || id || ser(extrinsic tree)`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[HYPEREDGE_TAG], &self.id.as_bytes()[..], &self.tree].concat()
    }

    /// Number of members: the size of a hyperedge.
    #[must_use]
    pub fn size(&self) -> Size {
        Size::from(self.members.len() as u64)
    }

    /// Root of the extrinsic tree, every commitment in it computed anew.
    ///
    /// # Errors
    /// [`AtomError::Tree`] when the commitment can not be computed.
    pub fn commitment(&self) -> Result<tries::Root, AtomError> {
        Ok(blob::recommit(&self.tree)?.root)
    }
}

fn read(bytes: &[u8], tags: Tags, depth: usize) -> Result<Hyperedge, AtomError> {
    if depth > MAX_DEPTH {
        return Err(AtomError::Depth);
    }
    let (tag, id, tree) = split(bytes)?;
    if tags == Tags::Strict && tag != HYPEREDGE_TAG {
        return Err(AtomError::Tag(tag));
    }
    let mut members = Vec::new();
    for leaf in blob::leaves(tree)? {
        let id = member_id(&leaf)?;
        let size = match leaf.value.first() {
            None => return Err(AtomError::Empty),
            Some(&VERTEX_TAG) => Vertex::from_bytes(&leaf.value)?.size(),
            Some(_) => read(&leaf.value, tags, depth + 1)?.size(),
        };
        if leaf.size != size {
            return Err(AtomError::MemberSize {
                leaf: leaf.size,
                atom: size,
            });
        }
        members.push(Member {
            id,
            atom: leaf.value,
        });
    }
    let tree = tree.to_vec();
    Ok(Hyperedge { id, tree, members })
}

fn split(bytes: &[u8]) -> Result<(u8, AtomId, &[u8]), AtomError> {
    if bytes.len() > MAX_HYPEREDGE_BYTES {
        return Err(AtomError::Long(bytes.len()));
    }
    let short = || AtomError::Short(bytes.len());
    let (head, tree) = bytes.split_at_checked(HEAD_LENGTH).ok_or_else(short)?;
    let (tag, id) = head.split_first().ok_or_else(short)?;
    if tree.is_empty() {
        return Err(short());
    }
    Ok((*tag, AtomId::from_bytes(id).map_err(|_| short())?, tree))
}

fn member_id(leaf: &Leaf) -> Result<AtomId, AtomError> {
    AtomId::from_bytes(&leaf.key).map_err(|cause| AtomError::MemberKey(cause.got))
}

/// Verdict of the current release on a HyperedgeAdd: 66 bytes or more, first byte 01, application address = domain, a
/// tree that parses; members are not looked at. To be used for what a certified frame contains.
///
/// # Errors
/// [`AtomError`].
pub fn reference_verdict(domain: &Address, value: &[u8]) -> Result<AtomId, AtomError> {
    let (tag, id, tree) = split(value)?;
    if tag != HYPEREDGE_TAG {
        return Err(AtomError::Tag(tag));
    }
    if id.app() != *domain {
        return Err(AtomError::Domain);
    }
    blob::leaves(tree)?;
    Ok(id)
}

/// Verdict of the parser of the older component: any first byte, but every member an atom of the right size. Nesting is
/// limited to [`MAX_DEPTH`] here, not there.
///
/// # Errors
/// [`AtomError`].
pub fn older_verdict(value: &[u8]) -> Result<AtomId, AtomError> {
    read(value, Tags::Older, 1).map(|edge| edge.id)
}

/// The verdict to give on a HyperedgeAdd: what both implementations take, nested no deeper than [`MAX_DEPTH`].
///
/// # Errors
/// [`AtomError`].
pub fn strict_verdict(domain: &Address, value: &[u8]) -> Result<Hyperedge, AtomError> {
    reference_verdict(domain, value)?;
    Hyperedge::from_bytes(value)
}

/// The id that a HyperedgeRemove names: the first 65 bytes of its value, whatever follows.
///
/// # Errors
/// [`AtomError::Short`], [`AtomError::Tag`], [`AtomError::Domain`].
pub fn removed_id(domain: &Address, value: &[u8]) -> Result<AtomId, AtomError> {
    let short = || AtomError::Short(value.len());
    let (head, _) = value.split_at_checked(HEAD_LENGTH).ok_or_else(short)?;
    let (tag, id) = head.split_first().ok_or_else(short)?;
    if *tag != HYPEREDGE_TAG {
        return Err(AtomError::Tag(*tag));
    }
    let id = AtomId::from_bytes(id).map_err(|_| short())?;
    if id.app() == *domain {
        Ok(id)
    } else {
        Err(AtomError::Domain)
    }
}

/// How a hyperedge is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// No bytes: the marker of a removal of an id never added.
    Empty,
    /// The whole hyperedge, as a message brought it.
    Full,
    /// `ser(extrinsic tree)` only, as prover hyperedges are written.
    Bare,
}

impl Form {
    /// The form as text: `empty`, `full`, `bare`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Full => "full",
            Self::Bare => "bare",
        }
    }
}

/// A hyperedge as it is read back from the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHyperedge {
    /// How it is stored.
    pub form: Form,
    /// Its members in the order of the tree: key and atom bytes, the latter not checked.
    pub members: Vec<Member>,
}

/// Reads the value stored under `id`. It is a whole hyperedge only when its bytes 1..65 are the id: a bare tree of one leaf
/// starts with 01 too.
///
/// # Errors
/// [`AtomError::Tree`], [`AtomError::MemberKey`], [`AtomError::Long`].
pub fn read_stored(id: &AtomId, value: &[u8]) -> Result<StoredHyperedge, AtomError> {
    if value.len() > MAX_HYPEREDGE_BYTES {
        return Err(AtomError::Long(value.len()));
    }
    let whole = [&[HYPEREDGE_TAG], &id.as_bytes()[..]].concat();
    let (form, tree) = match value.strip_prefix(&whole[..]) {
        _ if value.is_empty() => (Form::Empty, None),
        Some(tree) => (Form::Full, Some(tree)),
        None => (Form::Bare, Some(value)),
    };
    let leaves = tree.map(blob::leaves).transpose()?.unwrap_or_default();
    let members = leaves
        .into_iter()
        .map(|leaf| {
            Ok(Member {
                id: member_id(&leaf)?,
                atom: leaf.value,
            })
        })
        .collect::<Result<_, AtomError>>()?;
    Ok(StoredHyperedge { form, members })
}
