//! Connections to a peer that does what peers do.

use super::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream as Peer};

const MESSAGE: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";

struct Stage {
    connections: Connections,
    listener: TcpListener,
    peer: SocketAddr,
}

impl Stage {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        Self { connections: Connections::from(peer.ip()), listener, peer }
    }

    /// Sends something, and is at the other end of the connection that is made for it.
    async fn connected(&mut self) -> (Peer, SocketAddr) {
        self.connections.send(self.peer, MESSAGE).unwrap();
        assert!(matches!(self.next().await, Word::Connected));
        let (mut stream, from) = self.listener.accept().unwrap();
        // Lets what waited for the connection go.
        self.is_quiet().await;
        assert_eq!(read(&mut stream, MESSAGE.len()), MESSAGE);
        (stream, from)
    }

    async fn next(&mut self) -> Word {
        let (from, word) =
            tokio::time::timeout(Duration::from_secs(5), self.connections.next()).await.unwrap();
        assert_eq!(from, self.peer);
        word
    }

    async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(50), self.connections.next()).await.is_err()
    }
}

fn read(stream: &mut Peer, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn a_connection_comes_from_the_address_that_was_told_before_it_was_made() {
    let mut stage = Stage::new();
    let told = stage.connections.reserve(stage.peer).unwrap();
    assert_eq!(stage.connected().await.1, told);
}

#[tokio::test]
async fn messages_arrive_whole_however_they_are_cut_and_one_connection_serves_all() {
    let mut stage = Stage::new();
    let (mut peer, _) = stage.connected().await;
    peer.set_nodelay(true).unwrap();
    peer.write_all(&[MESSAGE, MESSAGE, &MESSAGE[..30]].concat()).unwrap();
    for _ in 0..2 {
        assert!(matches!(stage.next().await, Word::Message(bytes) if bytes == MESSAGE));
    }
    assert!(stage.is_quiet().await);
    peer.write_all(&MESSAGE[30..]).unwrap();
    assert!(matches!(stage.next().await, Word::Message(bytes) if bytes == MESSAGE));
    stage.connections.send(stage.peer, MESSAGE).unwrap();
    assert_eq!(read(&mut peer, MESSAGE.len()), MESSAGE, "written at once, without `next`");
}

#[tokio::test]
async fn a_ping_is_answered() {
    let mut stage = Stage::new();
    let (mut peer, _) = stage.connected().await;
    peer.write_all(b"\r\n\r\n").unwrap();
    assert!(stage.is_quiet().await);
    assert_eq!(read(&mut peer, 2), b"\r\n");
}

#[tokio::test]
async fn what_is_no_sip_ends_the_connection() {
    let mut stage = Stage::new();
    let (mut peer, _) = stage.connected().await;
    peer.write_all(b"OPTIONS sip:a@b SIP/2.0\r\n\r\n").unwrap();
    assert!(matches!(stage.next().await, Word::Broken), "where the next message begins is unknown");
    assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
}

#[tokio::test]
async fn a_connection_that_broke_is_never_used_again() {
    let mut stage = Stage::new();
    let (peer, first) = stage.connected().await;
    drop(peer);
    assert!(matches!(stage.next().await, Word::Broken));
    let (mut peer, second) = stage.connected().await;
    assert_ne!(first, second);
    stage.connections.spoil(stage.peer);
    stage.connections.send(stage.peer, MESSAGE).unwrap();
    assert!(matches!(stage.next().await, Word::Broken));
    assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0, "closed, and nothing more was sent");
    stage.connected().await;
}

#[tokio::test]
async fn a_closed_port_is_said() {
    let mut stage = Stage::new();
    stage.listener = TcpListener::bind("127.0.0.1:0").unwrap(); // another one; the first is closed
    stage.connections.send(stage.peer, MESSAGE).unwrap();
    assert!(matches!(stage.next().await, Word::Failed));
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up_instead_of_waited_for() {
    let mut stage = Stage::new();
    let (_peer, _) = stage.connected().await;
    let large = vec![b'x'; 64 * 1024];
    for _ in 0..1000 {
        stage.connections.send(stage.peer, &large).unwrap();
    }
    assert!(matches!(stage.next().await, Word::Broken));
}

#[tokio::test]
async fn pongs_are_not_hoarded_for_a_peer_that_does_not_read_them() {
    let mut stage = Stage::new();
    let (mut peer, _) = stage.connected().await;
    let piece = vec![b'x'; 16 * 1024];
    let unsent = |stage: &Stage| stage.connections.by_peer[&stage.peer].unsent.len();
    while unsent(&stage) + piece.len() <= MAX_UNSENT {
        stage.connections.send(stage.peer, &piece).unwrap();
    }
    peer.write_all(&b"\r\n\r\n".repeat(piece.len())).unwrap();
    assert!(matches!(stage.next().await, Word::Broken));
}
