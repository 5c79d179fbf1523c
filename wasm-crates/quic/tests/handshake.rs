//! Who is let in (spec 50 section 2): certificates with one thing wrong each, protocols, garbage and silence.

mod support;

use std::net::UdpSocket;
use std::time::Duration;

use quic::{Draft, Endpoint, Limits};
use quinn::ConnectionError;
use rcgen::{CustomExtension, KeyPair, date_time_ymd};
use support::*;
use tokio::time::timeout;

const BAD_CERTIFICATE: u8 = 42;
const CERTIFICATE_EXPIRED: u8 = 45;
const ACCESS_DENIED: u8 = 49;
const DECODE_ERROR: u8 = 50;
const DECRYPT_ERROR: u8 = 51;
const CERTIFICATE_REQUIRED: u8 = 116;
const NO_APPLICATION_PROTOCOL: u8 = 120;

/// TLS alert that ended the connection.
fn alert(ended: Result<quinn::Connection, ConnectionError>) -> u8 {
    let code = match ended.expect_err("the connection is open") {
        ConnectionError::ConnectionClosed(close) => u64::from(close.error_code),
        ConnectionError::TransportError(error) => u64::from(error.code),
        other => panic!("{other:?}"),
    };
    assert_eq!(code >> 8, 1, "no TLS alert: {code:x}");
    code as u8
}

/// A peer with all in order is let in.
async fn expect_serving(server: &Endpoint) {
    let from = endpoint(limits());
    let (dialled, accepted) = tokio::join!(from.dial(server.address()), server.accept_peer());
    dialled.unwrap();
    accepted.unwrap();
    from.close().await;
}

#[tokio::test]
async fn both_ends_learn_the_host_key_of_the_other() {
    let (_from, _to, dialled, accepted) = pair(limits()).await;
    for session in [dialled, accepted] {
        let claimed = session.host_key().unwrap();
        assert_eq!(claimed.public_key, Host::new(1).record());
        assert!(claimed.message.starts_with(b"libp2p-tls-handshake:0Y0\x13"));
        let public = &claimed.public_key[4..];
        assert!(ed448::verify(public, &claimed.message, &claimed.signature));
    }
}

#[tokio::test]
async fn a_certificate_with_one_thing_wrong_is_refused() {
    let server = server(limits());
    let host = Host::new(2);
    let chain = |made: Made| Some((vec![made.certificate], made.key));
    let good = made(&host, |_| {});
    let stranger = made(&host, |_| {});
    let mut broken = good.certificate.clone();
    *broken.last_mut().unwrap() ^= 1;
    let not_der = CustomExtension::from_oid_content(OID, vec![0x30, 3, 4, 1]);
    let mut foreign = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    foreign.set_criticality(true);

    let wrong = [
        (
            "no extension",
            ACCESS_DENIED,
            chain(made(&host, |of| of.custom_extensions.clear())),
        ),
        (
            "a malformed extension",
            BAD_CERTIFICATE,
            chain(made(&host, |of| of.custom_extensions = vec![not_der])),
        ),
        (
            "two extensions",
            BAD_CERTIFICATE,
            chain(made(&host, |of| {
                of.custom_extensions.extend(of.custom_extensions.clone())
            })),
        ),
        (
            "a critical extension of no meaning",
            BAD_CERTIFICATE,
            chain(made(&host, |of| of.custom_extensions.push(foreign))),
        ),
        (
            "expired",
            CERTIFICATE_EXPIRED,
            chain(made(&host, |of| of.not_after = date_time_ymd(2001, 1, 1))),
        ),
        (
            "not yet valid",
            CERTIFICATE_EXPIRED,
            chain(made(&host, |of| of.not_before = date_time_ymd(3001, 1, 1))),
        ),
        (
            "too long",
            BAD_CERTIFICATE,
            chain(made(&host, |of| {
                let filler = CustomExtension::from_oid_content(&[1, 2, 3, 5], vec![0; 9_000]);
                of.custom_extensions.push(filler);
            })),
        ),
        (
            "not signed by its own key",
            DECRYPT_ERROR,
            Some((vec![broken], good.key.clone())),
        ),
        (
            "a chain of two",
            ACCESS_DENIED,
            Some((
                vec![good.certificate.clone(), stranger.certificate],
                good.key,
            )),
        ),
    ];
    for (name, expected, shown) in wrong {
        let ended = connect(&client(), client_tls(&[b"libp2p"], shown), server.address()).await;
        assert_eq!(alert(ended), expected, "{name}");
    }
    assert!(
        timeout(Duration::from_millis(50), server.accept_peer())
            .await
            .is_err()
    );

    let shown = chain(made(&host, |_| {}));
    let _open = connect(&client(), client_tls(&[b"libp2p"], shown), server.address())
        .await
        .unwrap();
    let accepted = server.accept_peer().await.unwrap();
    assert_eq!(accepted.host_key().unwrap().public_key, host.record());
}

#[tokio::test]
async fn a_server_is_held_to_the_same() {
    let from = endpoint(limits());
    let host = Host::new(2);
    let wrong = [
        made(&host, |of| of.custom_extensions.clear()),
        made(&host, |of| of.not_after = date_time_ymd(2001, 1, 1)),
    ];
    for shown in wrong {
        let to = impostor(shown);
        assert!(from.dial(to.local_addr().unwrap()).await.is_err());
    }
    let to = impostor(made(&host, |_| {}));
    let session = from.dial(to.local_addr().unwrap()).await.unwrap();
    assert_eq!(session.host_key().unwrap().public_key, host.record());
}

/// The check that makes a copied certificate worth nothing.
#[tokio::test]
async fn a_certificate_whose_key_the_peer_does_not_own_is_refused() {
    let server = server(limits());
    let copied = made(&Host::new(2), |_| {});
    let other = KeyPair::generate().unwrap().serialize_der();
    let shown = Some((vec![copied.certificate], other));
    let tls = client_tls(&[b"libp2p"], shown);
    let ended = connect(&client(), tls, server.address()).await;
    assert_eq!(alert(ended), DECRYPT_ERROR);
    expect_serving(&server).await;
}

/// TLS cannot tell: the caller has to verify the signature, and has all it needs for it.
#[tokio::test]
async fn an_extension_that_another_key_signed_is_shown_as_it_is() {
    let server = server(limits());
    let draft = Draft::new().unwrap();
    let signature = Host::new(8).sign(&draft.message());
    let liar = draft.sign(&Host::new(9).record(), &signature).unwrap();
    let from = Endpoint::bind(loopback(), &liar, limits()).unwrap();
    let (_dialled, accepted) = tokio::join!(from.dial(server.address()), server.accept_peer());
    let accepted = accepted.unwrap();
    let claimed = accepted.host_key().unwrap();
    let verifies =
        |host: Host| ed448::verify(&host.record()[4..], &claimed.message, &claimed.signature);
    assert!(!verifies(Host::new(9)));
    assert!(verifies(Host::new(8)));
}

#[tokio::test]
async fn without_a_certificate_a_peer_is_refused_and_a_browser_is_not_asked() {
    let server = server(limits());
    let ended = connect(&client(), client_tls(&[b"libp2p"], None), server.address()).await;
    assert_eq!(alert(ended), CERTIFICATE_REQUIRED);
    let tls = client_tls(&[b"h3"], None);
    connect(&client(), tls, server.address()).await.unwrap();
}

#[tokio::test]
async fn other_protocols_are_refused() {
    let server = server(limits());
    for offered in [&[][..], &[&b"h2"[..]], &[b"libp2p2", b"http/1.1"]] {
        let ended = connect(&client(), client_tls(offered, None), server.address()).await;
        assert_eq!(alert(ended), NO_APPLICATION_PROTOCOL, "{offered:?}");
    }
    // The first that is served counts.
    let tls = client_tls(&[b"h2", b"h3", b"libp2p"], None);
    connect(&client(), tls, server.address()).await.unwrap();
}

#[tokio::test]
async fn what_is_not_served_is_refused_until_it_is() {
    let server = endpoint(limits());
    server.serve_libp2p(true).unwrap();
    let h3 = || client_tls(&[b"h3"], None);
    assert_eq!(
        alert(connect(&client(), h3(), server.address()).await),
        NO_APPLICATION_PROTOCOL
    );
    let browser = quic::BrowserCertificate::new(1).unwrap();
    server
        .serve_webtransport(PATH, &browser.certificate, &browser.private_key)
        .unwrap();
    connect(&client(), h3(), server.address()).await.unwrap();
    server.stop_webtransport().unwrap();
    assert_eq!(
        alert(connect(&client(), h3(), server.address()).await),
        NO_APPLICATION_PROTOCOL
    );
    server.serve_libp2p(false).unwrap();
    let from = endpoint(limits());
    assert!(from.dial(server.address()).await.is_err());
}

#[test]
fn certificates_that_cannot_be_used_are_errors() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let endpoint = endpoint(limits());
    let (one, other) = (
        quic::BrowserCertificate::new(14).unwrap(),
        quic::BrowserCertificate::new(14).unwrap(),
    );
    for (certificate, key) in [
        (&one.certificate[..], &other.private_key[..]),
        (&[], &one.private_key),
        (&one.certificate, &[1, 2, 3]),
    ] {
        assert!(endpoint.serve_webtransport(PATH, certificate, key).is_err());
    }
    assert!(quic::BrowserCertificate::new(0).is_err());
    assert!(quic::BrowserCertificate::new(15).is_err());
}

#[tokio::test]
async fn a_first_message_that_is_no_client_hello_ends_the_connection() {
    let server = server(Limits {
        handshake: Duration::from_millis(500),
        ..limits()
    });
    /// Name, what is sent instead, and whether the server can tell at once.
    type Case = (&'static str, fn(Vec<u8>) -> Vec<u8>, bool);
    let cases: [Case; 7] = [
        ("garbage", |_| vec![0xa5; 600], true),
        (
            "another message",
            |hello| [&[2], &hello[1..]].concat(),
            true,
        ),
        ("16 MB", |_| vec![1, 0xff, 0xff, 0xff, 3, 3], true),
        (
            "20 KiB",
            |hello| [&[1, 0, 0x50, 0], &hello[4..], &[0; 20_480]].concat(),
            true,
        ),
        (
            "extensions beyond its end",
            |mut hello| {
                hello.pop();
                hello[3] = hello[3].wrapping_sub(1);
                hello
            },
            true,
        ),
        ("half", |hello| hello[..hello.len() / 2].to_vec(), false),
        ("one byte", |hello| hello[..1].to_vec(), false),
    ];
    for (name, change, at_once) in cases {
        let client = client();
        let ending = connect_garbled(&client, change, server.address());
        let ended = timeout(Duration::from_secs(20), ending).await.unwrap();
        if at_once {
            assert_eq!(alert(ended), DECODE_ERROR, "{name}");
        } else {
            assert!(ended.is_err(), "{name}");
        }
    }
    expect_serving(&server).await;
}

/// Datagrams of no meaning, and such that begin like QUIC.
#[tokio::test]
async fn garbage_does_nothing() {
    let server = server(limits());
    let socket = UdpSocket::bind(loopback()).unwrap();
    let mut seed = 0x9e37_79b9_u32;
    for round in 0..2_000_usize {
        let mut bytes: Vec<u8> = (0..1 + round % 1_400)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        if round % 3 == 0 && bytes.len() > 5 {
            bytes[..5].copy_from_slice(&[0xc3, 0, 0, 0, 1]);
            bytes.resize(1_200, 0);
        }
        socket.send_to(&bytes, server.address()).unwrap();
    }
    expect_serving(&server).await;
}
