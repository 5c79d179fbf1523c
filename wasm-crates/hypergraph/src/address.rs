//! Addresses, shard keys and the topic bloom (spec 21 section 1, spec 50 section 4).

use sha3::digest::{ExtendableOutput, Update, XofReader};
use sha3::{Digest, Sha3_256, Shake256};

/// Length of an address in bytes.
pub const ADDRESS_LENGTH: usize = 32;
/// Length of an atom id in bytes.
pub const ATOM_ID_LENGTH: usize = 64;
/// Length of a shard key in bytes.
pub const SHARD_KEY_LENGTH: usize = 35;
/// Address of the global intrinsic: the domain of the prover registry.
pub const GLOBAL_ADDRESS: Address = [0xff; ADDRESS_LENGTH];
/// Data address of the metadata vertex of a deployed application.
pub const METADATA_ADDRESS: Address = [0xff; ADDRESS_LENGTH];
/// Largest first byte of an address that is folded into the global commitments.
pub const MAX_FOLDED_FIRST_BYTE: u8 = 0x3f;

/// Application address (L2, domain) or data address (L3).
pub type Address = [u8; ADDRESS_LENGTH];

/// Bytes that do not have the one length they must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {got} bytes, not {wanted}")]
pub struct WrongLength {
    /// What the bytes should be.
    pub what: &'static str,
    /// Length needed.
    pub wanted: usize,
    /// Length found.
    pub got: usize,
}

fn exact<const N: usize>(what: &'static str, bytes: &[u8]) -> Result<[u8; N], WrongLength> {
    bytes.try_into().map_err(|_| WrongLength {
        what,
        wanted: N,
        got: bytes.len(),
    })
}

/// An address of exactly 32 bytes.
///
/// # Errors
/// [`WrongLength`].
pub fn address_of(bytes: &[u8]) -> Result<Address, WrongLength> {
    exact("an address", bytes)
}

/// Id of an atom: application address, then data address; also its location in the state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AtomId([u8; ATOM_ID_LENGTH]);

impl AtomId {
    /// The id of the atom at `data` in the application at `app`.
    #[must_use]
    pub fn new(app: &Address, data: &Address) -> Self {
        let mut bytes = [0; ATOM_ID_LENGTH];
        let (left, right) = bytes.split_at_mut(ADDRESS_LENGTH);
        left.copy_from_slice(app);
        right.copy_from_slice(data);
        Self(bytes)
    }

    /// Reads 64 bytes.
    ///
    /// # Errors
    /// [`WrongLength`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WrongLength> {
        exact("an atom id", bytes).map(Self)
    }

    /// All 64 bytes: the key of the atom in the trees of its shard.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; ATOM_ID_LENGTH] {
        &self.0
    }

    /// Application address, L2.
    #[must_use]
    pub fn app(&self) -> Address {
        let mut out = [0; ADDRESS_LENGTH];
        out.copy_from_slice(self.0.split_at(ADDRESS_LENGTH).0);
        out
    }

    /// Data address, L3.
    #[must_use]
    pub fn data(&self) -> Address {
        let mut out = [0; ADDRESS_LENGTH];
        out.copy_from_slice(self.0.split_at(ADDRESS_LENGTH).1);
        out
    }

    /// Key of the shard that holds the atom.
    #[must_use]
    pub fn shard(&self) -> ShardKey {
        ShardKey::of(&self.app())
    }
}

impl std::fmt::Debug for AtomId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        hex(f, &self.0)
    }
}

/// Shard key: L1 (three index bytes), then L2 (application address).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardKey {
    l1: [u8; 3],
    l2: Address,
}

impl ShardKey {
    /// The shard of an application address.
    #[must_use]
    pub fn of(app: &Address) -> Self {
        Self {
            l1: l1(app),
            l2: *app,
        }
    }

    /// Shard of the prover registry: `000000`, then 32 bytes `ff`.
    #[must_use]
    pub fn registry() -> Self {
        Self::of(&GLOBAL_ADDRESS)
    }

    /// Reads 35 bytes and requires L1 to be the function of L2 that it is.
    ///
    /// # Errors
    /// [`ShardKeyError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ShardKeyError> {
        let all: [u8; SHARD_KEY_LENGTH] = exact("a shard key", bytes)?;
        let (indices, app) = all.split_at(3);
        let key = Self::of(&address_of(app)?);
        if indices == key.l1 {
            Ok(key)
        } else {
            Err(ShardKeyError::Indices)
        }
    }

    /// The 35 bytes L1, L2.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SHARD_KEY_LENGTH] {
        let mut out = [0; SHARD_KEY_LENGTH];
        let (left, right) = out.split_at_mut(3);
        left.copy_from_slice(&self.l1);
        right.copy_from_slice(&self.l2);
        out
    }

    /// L1: the three global trees that bind the shard; `000000` for shards that no global tree binds.
    #[must_use]
    pub const fn l1(&self) -> [u8; 3] {
        self.l1
    }

    /// L2: the application address.
    #[must_use]
    pub const fn app(&self) -> Address {
        self.l2
    }

    /// Whether the global commitments cover the shard (spec 21 section 6, hazard H-05).
    #[must_use]
    pub const fn is_global(&self) -> bool {
        self.l1[0] != 0 || self.l1[1] != 0 || self.l1[2] != 0
    }

    /// `path(L2)`: 43 elements of 6 bits, the last one holding four bits of L2 and two zero bits. It is a prefix of the
    /// paths of in-field data addresses only, not of that of the metadata vertex (hazard H-12).
    #[must_use]
    pub fn path(&self) -> tries::Path {
        tries::path(&self.l2)
    }
}

impl std::fmt::Debug for ShardKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        hex(f, &self.to_bytes())
    }
}

/// Why bytes are no shard key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardKeyError {
    /// Not 35 bytes.
    #[error(transparent)]
    Length(#[from] WrongLength),
    /// The first three bytes are not L1 of the rest.
    #[error("the first three bytes of the shard key are not the indices of its address")]
    Indices,
}

fn hex(f: &mut std::fmt::Formatter<'_>, bytes: &[u8]) -> std::fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// L1 of an address: `000000` when its first byte is above 3f or it is all zero, else the first three distinct bytes
/// of its SHAKE256 stream in ascending order.
#[must_use]
pub fn l1(address: &Address) -> [u8; 3] {
    let [first, ..] = address;
    if *first > MAX_FOLDED_FIRST_BYTE || address == &[0; ADDRESS_LENGTH] {
        return [0; 3];
    }
    let mut hash = Shake256::default();
    Update::update(&mut hash, address);
    let mut stream = hash.finalize_xof();
    let mut next = || {
        let mut byte = [0];
        stream.read(&mut byte);
        byte[0]
    };
    let a = next();
    let b = std::iter::repeat_with(&mut next).find(|byte| *byte != a);
    let b = b.unwrap_or_default();
    let c = std::iter::repeat_with(next).find(|byte| *byte != a && *byte != b);
    let mut out = [a, b, c.unwrap_or_default()];
    out.sort_unstable();
    out
}

/// Topic bloom of an address of any length: 256 bits, three of them set unless positions repeat (spec 50 section 4).
#[must_use]
pub fn topic_bloom(address: &[u8]) -> [u8; 32] {
    let digest = Sha3_256::digest(address);
    let mut out = [0u8; 32];
    let mut wanted = 3;
    // Position i has bit 8i of the digest as its most significant bit: byte 31 - i, bits reversed.
    for byte in digest.iter().rev().take(8) {
        if wanted == 0 {
            break;
        }
        let position = byte.reverse_bits();
        let mask = 1 << (position % 8);
        if let Some(target) = out.get_mut(31 - usize::from(position / 8))
            && *target & mask == 0
        {
            *target |= mask;
            wanted -= 1;
        }
    }
    out
}
