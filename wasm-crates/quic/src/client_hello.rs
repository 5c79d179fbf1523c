//! Reads the protocols (ALPN) that a TLS client offers, from the first bytes it sends (RFC 8446 section 4.1.2, RFC 7301).

/// Most bytes of a first message; Chromium's has about 1,800.
pub(crate) const MAX_CLIENT_HELLO_BYTES: usize = 16 << 10;
/// Most protocols of one offer that are looked at.
const MAX_PROTOCOLS: usize = 64;

const CLIENT_HELLO: u8 = 1;
const EXTENSION_ALPN: u16 = 16;
/// Handshake type and length.
const HEADER_BYTES: usize = 4;

/// The bytes are no ClientHello, or one beyond [`MAX_CLIENT_HELLO_BYTES`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Names of the offered protocols in the client's order, empty if it offers none; `None` while the message is not complete.
/// Bytes after the message are not looked at.
pub(crate) fn offered_protocols(bytes: &[u8]) -> Result<Option<Vec<&[u8]>>, Malformed> {
    let Some((&kind, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    if kind != CLIENT_HELLO {
        return Err(Malformed);
    }
    let [high, middle, low, ..] = *rest else {
        return Ok(None);
    };
    let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
    if length + HEADER_BYTES > MAX_CLIENT_HELLO_BYTES {
        return Err(Malformed);
    }
    let Some(body) = bytes.get(HEADER_BYTES..HEADER_BYTES + length) else {
        return Ok(None);
    };
    protocols_of(Reader(body)).map(Some).ok_or(Malformed)
}

fn protocols_of(mut hello: Reader<'_>) -> Option<Vec<&[u8]>> {
    let _version_and_random = hello.take(2 + 32)?;
    let _session_id = hello.vector8()?;
    let _cipher_suites = hello.vector16()?;
    let _compression_methods = hello.vector8()?;
    let mut extensions = Reader(hello.vector16()?);
    if !hello.is_empty() {
        return None;
    }
    let mut protocols = None;
    while !extensions.is_empty() {
        let kind = extensions.number16()?;
        let content = extensions.vector16()?;
        if kind != EXTENSION_ALPN {
            continue;
        }
        if protocols.is_some() {
            return None;
        }
        protocols = Some(names_of(Reader(content))?);
    }
    Some(protocols.unwrap_or_default())
}

fn names_of(mut extension: Reader<'_>) -> Option<Vec<&[u8]>> {
    let mut list = Reader(extension.vector16()?);
    let mut names = Vec::new();
    while !list.is_empty() {
        let name = list.vector8()?;
        if name.is_empty() || names.len() == MAX_PROTOCOLS {
            return None;
        }
        names.push(name);
    }
    extension.is_empty().then_some(names)
}

/// Takes what TLS calls vectors off the front of its bytes; `None` when there are too few.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(usize::from(length))
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.number16()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vector16(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap();
        [&length.to_be_bytes(), content].concat()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [kind.to_be_bytes().to_vec(), vector16(content)].concat()
    }

    fn alpn(names: &[&[u8]]) -> Vec<u8> {
        let list: Vec<u8> = names
            .iter()
            .flat_map(|name| [&[name.len() as u8], *name].concat())
            .collect();
        extension(EXTENSION_ALPN, &vector16(&list))
    }

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3; 34];
        body.extend([0]); // session id
        body.extend(vector16(&[0x13, 1]));
        body.extend([1, 0]); // compression
        body.extend(vector16(extensions));
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[CLIENT_HELLO], &length[1..], &body].concat()
    }

    #[test]
    fn the_offer_is_read_in_its_order_among_other_extensions() {
        let message = hello(
            &[
                extension(0x2a2a, b""),
                alpn(&[b"h3", b"libp2p"]),
                extension(57, &[7; 90]),
            ]
            .concat(),
        );
        assert_eq!(
            offered_protocols(&message),
            Ok(Some(vec![&b"h3"[..], b"libp2p"]))
        );
        assert_eq!(offered_protocols(&hello(&[])), Ok(Some(vec![])));
    }

    #[test]
    fn every_beginning_of_a_message_is_incomplete() {
        let message = hello(&alpn(&[b"libp2p"]));
        for end in 0..message.len() {
            assert_eq!(offered_protocols(&message[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn what_is_no_client_hello_is_refused() {
        let malformed = [
            vec![2, 0, 0, 0],
            vec![CLIENT_HELLO, 0, 0x40, 0], // 16 KiB and its header
            vec![CLIENT_HELLO, 0xff, 0xff, 0xff],
            hello(&[alpn(&[b"h3"]), alpn(&[b"h3"])].concat()),
            hello(&alpn(&[b""])),
            hello(&alpn(&[&b"x"[..]; MAX_PROTOCOLS + 1])),
            hello(&extension(EXTENSION_ALPN, &[0, 4, 2, b'h', b'3', 9])),
            hello(&extension(EXTENSION_ALPN, &[0, 1, 0, 0])),
            hello(&[0, 16, 0]),
        ];
        for bytes in malformed {
            assert_eq!(offered_protocols(&bytes), Err(Malformed), "{bytes:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = offered_protocols(&bytes);
        }

        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = offered_protocols(&hello(&body));
        }

        #[test]
        fn no_damage_panics(
            names in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..9), 0..5),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
            let mut message = hello(&alpn(&names));
            prop_assert_eq!(offered_protocols(&message), Ok(Some(names)));
            *at.get_mut(&mut message) = byte;
            let _ = offered_protocols(&message);
        }
    }
}
