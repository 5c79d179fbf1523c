//! What a peer can take is bounded: handshakes, connections, sessions nobody accepts, time.

mod support;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quic::{Endpoint, Limits, Result, Session};
use quinn_proto::crypto::rustls::QuicClientConfig;
use support::*;
use tokio::time::{sleep, timeout};

/// Longer than anything here takes unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

async fn dial(from: &Endpoint, to: &Endpoint) -> Result<(Session, Session)> {
    let dialled = from.dial(to.address()).await?;
    tokio::select! {
        Some(accepted) = to.accept_peer() => Ok((dialled, accepted)),
        reason = dialled.closed() => panic!("the session ended: {reason}"),
    }
}

/// Dials until there is room.
async fn dial_in_time(from: &Endpoint, to: &Endpoint) -> (Session, Session) {
    let trying = async {
        loop {
            match dial(from, to).await {
                Ok(sessions) => return sessions,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(PATIENCE, trying).await.unwrap()
}

// The test itself waits for the socket.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stalls_in_the_handshake_loses_its_place() {
    let server = server(Limits {
        handshakes: 1,
        handshake: Duration::from_millis(500),
        ..limits()
    });
    let stalled = UdpSocket::bind(loopback()).unwrap();
    let packet = first_packet(b"libp2p").await;
    stalled.send_to(&packet, server.address()).unwrap();
    // The server's answer: it has taken the place.
    let mut answer = [0; 2_000];
    stalled.set_read_timeout(Some(PATIENCE)).unwrap();
    stalled.recv(&mut answer).unwrap();

    let from = endpoint(limits());
    assert!(from.dial(server.address()).await.is_err());
    dial_in_time(&from, &server).await;
}

/// Whoever does not answer, as those do that lie about their address, takes no more than half of the places.
#[tokio::test]
async fn silent_senders_leave_room_for_others() {
    // Linux has all of 127.0.0.0/8.
    silence_of(|number| SocketAddr::from(([127, 0, 0, 10 + number], 0))).await;
}

/// Nor the places of the address that they claim.
#[tokio::test]
async fn silent_senders_leave_room_for_whose_address_they_claim() {
    silence_of(|_| loopback()).await;
}

async fn silence_of(sender: impl Fn(u8) -> SocketAddr) {
    let server = server(Limits {
        handshakes: 8,
        handshake: PATIENCE,
        ..limits()
    });
    for number in 0..32 {
        let silent = UdpSocket::bind(sender(number)).unwrap();
        let packet = first_packet(b"libp2p").await;
        silent.send_to(&packet, server.address()).unwrap();
    }
    let from = endpoint(limits());
    for _ in 0..4 {
        timeout(PATIENCE, dial(&from, &server))
            .await
            .unwrap()
            .unwrap();
    }
}

/// Who has proved the address and then says no more takes half of the places, until it goes.
#[tokio::test]
async fn one_address_that_stalls_leaves_half_of_the_places_to_others() {
    let server = server(Limits {
        handshakes: 8,
        handshake: PATIENCE,
        ..limits()
    });
    // QUIC and TLS are complete; the request that would make a session of it never comes.
    let stalling = client();
    let mut stalled = Vec::new();
    let stall = || connect(&stalling, client_tls(&[b"h3"], None), server.address());
    while let Ok(connection) = stall().await {
        stalled.push(connection);
    }
    assert_eq!(stalled.len(), 4);

    let other = Endpoint::bind(
        ([127, 0, 0, 2], 0).into(),
        &Host::new(2).identity(),
        limits(),
    );
    timeout(PATIENCE, dial(&other.unwrap(), &server))
        .await
        .unwrap()
        .unwrap();
    drop(stalled);
    dial_in_time(&endpoint(limits()), &server).await;
}

#[tokio::test]
async fn connections_above_the_limit_are_refused_and_a_place_that_is_left_is_free() {
    let server = server(Limits {
        inbound: 4,
        ..limits()
    });
    let from = endpoint(limits());
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(dial(&from, &server).await.unwrap());
    }
    for _ in 0..50 {
        assert!(from.dial(server.address()).await.is_err());
    }
    let (dialled, accepted) = open.pop().unwrap();
    dialled.close(0, "enough");
    assert!(accepted.closed().await.contains("enough"));
    open.push(dial_in_time(&from, &server).await);

    let few = endpoint(Limits {
        outbound: 1,
        ..limits()
    });
    let other = support::server(limits());
    let _one = dial(&few, &other).await.unwrap();
    assert!(matches!(
        few.dial(other.address()).await,
        Err(quic::Error::Busy)
    ));
}

#[tokio::test]
async fn sessions_that_nobody_accepts_do_not_pile_up() {
    let server = server(Limits {
        backlog: 2,
        ..limits()
    });
    let from = endpoint(limits());
    let mut dialled = Vec::new();
    for _ in 0..5 {
        dialled.push(from.dial(server.address()).await.unwrap());
    }
    for session in dialled.split_off(2) {
        assert!(session.closed().await.contains("busy"));
    }
    for _ in dialled {
        server.accept_peer().await.unwrap();
    }
}

#[test]
fn a_peer_that_vanishes_is_missed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let vanishing = tokio::runtime::Runtime::new().unwrap();
    let (server, accepted, lost) = runtime.block_on(async {
        let server = server(Limits {
            idle: Duration::from_secs(1),
            ..limits()
        });
        let to = server.address();
        let handle = vanishing.spawn(async move {
            let from = endpoint(limits());
            let session = from.dial(to).await.unwrap();
            (from, session)
        });
        let accepted = server.accept_peer().await.unwrap();
        (server, accepted, handle.await.unwrap())
    });
    // Without its runtime the peer's socket is never read again.
    vanishing.shutdown_background();
    let reason = runtime.block_on(async { timeout(PATIENCE, accepted.closed()).await.unwrap() });
    assert_eq!(reason, "timed out");
    drop((server, lost));
}

#[tokio::test]
async fn idle_peers_stay_as_long_as_they_answer() {
    let brief = Limits {
        idle: Duration::from_secs(1),
        ..limits()
    };
    let (_from, _to, dialled, accepted) = pair(brief).await;
    tokio::select! {
        reason = dialled.closed() => panic!("{reason}"),
        reason = accepted.closed() => panic!("{reason}"),
        () = sleep(Duration::from_secs(3)) => {}
    }
}

#[tokio::test]
async fn close_ends_whatever_waits_and_frees_the_port_at_once() {
    let (from, to, dialled, accepted) = pair(limits()).await;
    let address = to.address();
    let stream = dialled.open_stream().await.unwrap();
    stream.write(b"x").await.unwrap();
    accepted.accept_stream().await.unwrap().reset(0).await;
    let waiting = async {
        tokio::join!(
            to.accept_peer(),
            to.accept_browser(),
            accepted.accept_stream(),
            accepted.closed(),
            dialled.closed(),
            stream.read(),
            from.dial(loopback()),
        )
    };
    let (ended, ()) = tokio::join!(timeout(PATIENCE, waiting), to.close());
    let (peer, browser, streamed, _, _, read, _) = ended.unwrap();
    assert!(peer.is_none() && browser.is_none() && streamed.is_none() && read.is_err());
    assert!(dialled.open_stream().await.is_err());
    assert!(to.dial(from.address()).await.is_err());
    assert!(to.serve_libp2p(true).is_err());
    to.close().await;
    assert!(to.accept_peer().await.is_none());
    // The sessions are still held here.
    Endpoint::bind(address, &Host::new(1).identity(), limits()).unwrap();
}

#[tokio::test]
async fn close_in_the_midst_of_handshakes_ends_them() {
    for round in 0..10 {
        let server = server(limits());
        let mut clients = Vec::new();
        for _ in 0..8 {
            let tls = client_tls(&[b"libp2p", b"h3"], None);
            let config = QuicClientConfig::try_from(tls).unwrap();
            let config = quinn::ClientConfig::new(Arc::new(config));
            let client = client();
            let connecting = client
                .connect_with(config, server.address(), "localhost")
                .unwrap();
            clients.push((client, connecting));
        }
        sleep(Duration::from_millis(round)).await;
        timeout(PATIENCE, server.close()).await.unwrap();
    }
}
