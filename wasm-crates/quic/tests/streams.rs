//! Streams of both kinds of session: how many, how much of them waits here, and how they end.

mod support;

use std::sync::Arc;
use std::time::Duration;

use quic::{Endpoint, Limits, Session, Stream};
use support::*;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for what comes at all to come.
const SOON: Duration = Duration::from_millis(300);

async fn everything(stream: &Stream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(bytes) = stream.read().await.unwrap() {
        all.extend(bytes);
    }
    all
}

#[tokio::test]
async fn what_is_written_arrives_and_then_the_end() {
    let (_from, _to, dialled, accepted) = pair(limits()).await;
    let ours = dialled.open_stream().await.unwrap();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let receiving = async {
        let theirs = accepted.accept_stream().await.unwrap();
        let all = everything(&theirs).await;
        theirs.write(b"thanks").await.unwrap();
        theirs.finish().await.unwrap();
        theirs.reset(0).await;
        all
    };
    let sending = async {
        ours.write(&sent).await.unwrap();
        ours.finish().await.unwrap();
        everything(&ours).await
    };
    let (received, answer) = tokio::join!(receiving, sending);
    assert!(received == sent);
    assert_eq!(answer, b"thanks");
}

#[tokio::test]
async fn a_reset_and_a_stop_are_errors_at_the_other_side_and_end_what_waits_here() {
    let (_from, _to, dialled, accepted) = pair(limits()).await;
    let ours = dialled.open_stream().await.unwrap();
    ours.write(b"x").await.unwrap();
    let theirs = accepted.accept_stream().await.unwrap();
    assert_eq!(theirs.read().await.unwrap().as_deref(), Some(&b"x"[..]));
    let (read, ()) = tokio::join!(ours.read(), ours.reset(7));
    assert!(read.unwrap().is_none());
    assert!(theirs.read().await.is_err());
    assert!(ours.write(b"y").await.is_err());
    assert!(ours.finish().await.is_err());
    ours.reset(7).await;

    let ours = dialled.open_stream().await.unwrap();
    ours.write(b"x").await.unwrap();
    let theirs = accepted.accept_stream().await.unwrap();
    theirs.stop(3).await;
    assert!(theirs.read().await.unwrap().is_none());
    let refused = async { while ours.write(&[0; 1_000]).await.is_ok() {} };
    timeout(PATIENCE, refused).await.unwrap();
}

/// Bytes that can be written before the peer reads any.
async fn taken(stream: &Stream) -> usize {
    let mut taken = 0;
    while let Ok(written) = timeout(SOON, stream.write(&[0; 16_384])).await {
        written.unwrap();
        taken += 16_384;
        assert!(taken < 16 << 20, "no back-pressure");
    }
    taken
}

#[tokio::test]
async fn unread_bytes_are_bounded_in_a_stream_and_in_a_connection() {
    let (_from, _to, dialled, accepted) = pair(limits()).await;
    // The window of the stream, and what waits at the sender.
    let first = dialled.open_stream().await.unwrap();
    assert!(taken(&first).await <= (512 << 10) + (1 << 20));
    let mut all = 0;
    for _ in 0..4 {
        all += taken(&dialled.open_stream().await.unwrap()).await;
    }
    assert!(all <= 2 << 20);
    let theirs = accepted.accept_stream().await.unwrap();
    assert!(theirs.read().await.unwrap().is_some());
}

#[tokio::test]
async fn a_peer_waits_before_it_opens_more_streams_than_the_limit() {
    let (_from, _to, dialled, accepted) = pair(limits()).await;
    let mut ours = Vec::new();
    for _ in 0..16 {
        let stream = dialled.open_stream().await.unwrap();
        stream.write(b"x").await.unwrap();
        ours.push(stream);
    }
    assert!(timeout(SOON, dialled.open_stream()).await.is_err());
    // QUIC tells of new room in portions.
    for stream in &ours[..8] {
        accepted.accept_stream().await.unwrap().reset(0).await;
        stream.reset(0).await;
    }
    timeout(PATIENCE, dialled.open_stream())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn ten_thousand_streams_one_after_another_are_all_served() {
    const STREAMS: usize = 10_000;
    const AT_ONCE: usize = 128;
    let (_from, _to, dialled, accepted) = pair(Limits {
        streams: AT_ONCE as u32,
        ..limits()
    })
    .await;
    let serving = async {
        for _ in 0..STREAMS {
            let stream = accepted.accept_stream().await.unwrap();
            tokio::spawn(async move {
                let request = everything(&stream).await;
                stream.write(&request).await.unwrap();
                stream.finish().await.unwrap();
                stream.reset(0).await;
            });
        }
    };
    let dialled = Arc::new(dialled);
    let asking = async {
        let asking = (0..AT_ONCE).map(|_| {
            let dialled = dialled.clone();
            tokio::spawn(async move {
                for number in 0..(STREAMS / AT_ONCE + 1) as u32 {
                    let Ok(stream) = dialled.open_stream().await else {
                        return;
                    };
                    stream.write(&number.to_be_bytes()).await.unwrap();
                    stream.finish().await.unwrap();
                    assert_eq!(everything(&stream).await, number.to_be_bytes());
                    stream.reset(0).await;
                }
            })
        });
        for task in asking.collect::<Vec<_>>() {
            // Those beyond the ten thousand find nobody.
            tokio::select! { done = task => done.unwrap(), () = tokio::time::sleep(PATIENCE) => {} }
        }
    };
    tokio::select! { () = serving => {}, () = asking => panic!("fewer streams were served") }
}

type Browser = wtransport::Connection;

async fn browse(to: &Endpoint, path: &str) -> Result<Browser, wtransport::error::ConnectingError> {
    let config = wtransport::ClientConfig::builder()
        .with_bind_address(loopback())
        .with_custom_tls(client_tls(&[b"h3"], None))
        .build();
    let client = wtransport::Endpoint::client(config).unwrap();
    client
        .connect(format!("https://{}{path}", to.address()))
        .await
}

async fn browser(to: &Endpoint) -> (Browser, Session) {
    let (ours, theirs) = tokio::join!(browse(to, PATH), to.accept_browser());
    (ours.unwrap(), theirs.unwrap())
}

#[tokio::test]
async fn a_browser_talks_on_the_same_port_as_peers() {
    let server = server(limits());
    let (ours, theirs) = browser(&server).await;
    assert!(theirs.host_key().is_none());
    let (mut send, mut receive) = ours.open_bi().await.unwrap().await.unwrap();
    send.write_all(b"hello").await.unwrap();
    let stream = theirs.accept_stream().await.unwrap();
    assert_eq!(stream.read().await.unwrap().as_deref(), Some(&b"hello"[..]));
    stream.write(b"hi").await.unwrap();
    let mut answer = [0; 2];
    receive.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hi");

    let opened = theirs.open_stream().await.unwrap();
    opened.write(b"news").await.unwrap();
    let (_send, mut receive) = ours.accept_bi().await.unwrap();
    let mut news = [0; 4];
    receive.read_exact(&mut news).await.unwrap();

    let peer = endpoint(limits());
    let (dialled, accepted) = tokio::join!(peer.dial(server.address()), server.accept_peer());
    assert!(dialled.is_ok() && accepted.is_some());
    assert!(browse(&server, "/other").await.is_err());
    ours.close(wtransport::VarInt::from_u32(0), b"");
    timeout(PATIENCE, theirs.closed()).await.unwrap();
}

#[tokio::test]
async fn streams_that_a_browser_opens_above_the_limit_are_reset() {
    let server = server(limits());
    let (ours, theirs) = browser(&server).await;
    let mut open = Vec::new();
    for number in 0..8 {
        let (mut send, receive) = ours.open_bi().await.unwrap().await.unwrap();
        // May fail where the server has already refused the stream.
        let _ = send.write_all(&[number]).await;
        open.push((send, receive));
    }
    let mut served = Vec::new();
    while let Ok(Some(stream)) = timeout(SOON, theirs.accept_stream()).await {
        served.push(stream);
    }
    assert_eq!(served.len(), 4);
    for (_, receive) in &mut open[4..] {
        let read = timeout(PATIENCE, receive.read(&mut [0])).await.unwrap();
        assert!(read.is_err(), "{read:?}");
    }
}

#[tokio::test]
async fn unidirectional_streams_are_stopped() {
    let server = server(limits());
    let (ours, _theirs) = browser(&server).await;
    let mut stream = ours.open_uni().await.unwrap().await.unwrap();
    let refused = async { while stream.write_all(&[0; 1_000]).await.is_ok() {} };
    timeout(PATIENCE, refused).await.unwrap();
}
