//! SIP over TCP: connections by who is at the other end, made when something is to be sent there.
//!
//! Nothing here waits or has a task of its own: `send` writes what the system takes at once, `next` does the
//! rest. One that broke is gone at that moment, with all it held; what is sent there afterwards makes a new one.
//! That it still leads somewhere is the system's to find out: it asks an idle one (keep-alive), and gives up
//! one that acknowledges nothing.

use crate::sip::message::framer::{Frame, Framer};
use socket2::{Domain, SockAddr, Socket, TcpKeepalive, Type};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

/// For a connection to stand.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Octets that are sent and not acknowledged for so long: nobody is there any more.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// An idle one is asked after so long, then every so often, so many times.
const IDLE: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_secs(3);
const PROBES: u32 = 3;
/// What a connection holds until the system takes it; beyond, the other side does not read.
const MAX_UNSENT: usize = 256 * 1024;
/// To so many places at a time; a telephone has one PBX.
const MAX_CONNECTIONS: usize = 16;
const PONG: &[u8] = b"\r\n";

/// What is heard of a connection.
#[derive(Debug)]
pub enum Word {
    Connected,
    /// One whole message.
    Message(Vec<u8>),
    /// It could not be made: refused, or not answered. It is gone already.
    Failed,
    /// It stood, and was closed, or what came over it is no SIP. It is gone already.
    Broken,
}

pub struct Connections {
    /// Our address, from which they are made.
    ip: IpAddr,
    by_peer: BTreeMap<SocketAddr, Connection>,
}

struct Connection {
    state: State,
    framer: Framer,
    unsent: Vec<u8>,
}

enum State {
    /// Has its address already, so that it can be told before the connection is wanted.
    Reserved(Socket),
    Connecting(Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>),
    Open(TcpStream),
    /// `next` says so and forgets it.
    Spoilt,
}

impl Connections {
    pub const fn from(ip: IpAddr) -> Self {
        Self { ip, by_peer: BTreeMap::new() }
    }

    /// The address that the next connection to this peer will come from.
    pub fn reserve(&mut self, peer: SocketAddr) -> io::Result<SocketAddr> {
        let socket = bound(self.ip)?;
        let local = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::Unsupported)?;
        self.by_peer.insert(peer, Connection::new(socket));
        Ok(local)
    }

    /// Sends at once, or as soon as there is a connection.
    pub fn send(&mut self, peer: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        if !self.by_peer.contains_key(&peer) && self.by_peer.len() == MAX_CONNECTIONS {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let connection = match self.by_peer.entry(peer) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => free.insert(Connection::new(bound(self.ip)?)),
        };
        connection.send(peer, bytes);
        Ok(())
    }

    /// Without a word.
    pub fn close(&mut self, peer: SocketAddr) {
        self.by_peer.remove(&peer);
    }

    /// Not used again; said by `next`.
    pub fn spoil(&mut self, peer: SocketAddr) {
        if let Some(connection) = self.by_peer.get_mut(&peer) {
            connection.state = State::Spoilt;
        }
    }

    /// The next thing heard of any of them. Safe to drop and call again.
    pub async fn next(&mut self) -> (SocketAddr, Word) {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(SocketAddr, Word)> {
        for (&peer, connection) in &mut self.by_peer {
            let Poll::Ready(word) = connection.poll(context) else { continue };
            if matches!(word, Word::Failed | Word::Broken) {
                self.by_peer.remove(&peer);
            }
            return Poll::Ready((peer, word));
        }
        Poll::Pending
    }
}

impl Connection {
    fn new(socket: Socket) -> Self {
        Self { state: State::Reserved(socket), framer: Framer::default(), unsent: Vec::new() }
    }

    fn send(&mut self, peer: SocketAddr, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
        match std::mem::replace(&mut self.state, State::Spoilt) {
            State::Reserved(socket) => self.state = State::Connecting(Box::pin(connect(socket, peer))),
            State::Open(stream) => {
                // What does not go now goes in `poll`, which also hears of a failure.
                if let Ok(sent) = stream.try_write(&self.unsent) {
                    self.unsent.drain(..sent);
                }
                self.state = State::Open(stream);
            }
            other => self.state = other,
        }
        if self.unsent.len() > MAX_UNSENT {
            self.state = State::Spoilt;
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Word> {
        match &mut self.state {
            State::Reserved(_) => Poll::Pending,
            State::Spoilt => Poll::Ready(Word::Broken),
            State::Connecting(attempt) => match ready!(attempt.as_mut().poll(context)) {
                Ok(stream) => {
                    self.state = State::Open(stream);
                    Poll::Ready(Word::Connected)
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection cannot be made");
                    Poll::Ready(Word::Failed)
                }
            },
            State::Open(stream) => match exchange(stream, &mut self.framer, &mut self.unsent, context) {
                Poll::Ready(Ok(message)) => Poll::Ready(Word::Message(message)),
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, "a connection broke");
                    Poll::Ready(Word::Broken)
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

/// Writes what waits, and reads until there is a message.
fn exchange(
    stream: &mut TcpStream,
    framer: &mut Framer,
    unsent: &mut Vec<u8>,
    context: &mut Context<'_>,
) -> Poll<io::Result<Vec<u8>>> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match framer.next().map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))? {
            Some(Frame::Message(message)) => return Poll::Ready(Ok(message)),
            Some(Frame::Ping) => {
                unsent.extend_from_slice(PONG);
                continue;
            }
            None => {}
        }
        while !unsent.is_empty() {
            match Pin::new(&mut *stream).poll_write(context, unsent)? {
                Poll::Ready(sent) => drop(unsent.drain(..sent)),
                Poll::Pending => break,
            }
        }
        // Pongs to one who asks and does not read.
        if unsent.len() > MAX_UNSENT {
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        let mut read = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut read))?;
        if read.filled().is_empty() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        framer.push(read.filled());
    }
}

fn bound(ip: IpAddr) -> io::Result<Socket> {
    let local = SocketAddr::new(ip, 0);
    let socket = Socket::new(Domain::for_address(local), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(IDLE).with_interval(PROBE_EVERY);
    #[cfg(unix)]
    let keepalive = keepalive.with_retries(PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SEND_PATIENCE))?;
    socket.bind(&SockAddr::from(local))?;
    Ok(socket)
}

async fn connect(socket: Socket, peer: SocketAddr) -> io::Result<TcpStream> {
    let attempt = TcpSocket::from_std_stream(socket.into()).connect(peer);
    tokio::time::timeout(CONNECT_PATIENCE, attempt).await?
}

#[cfg(test)]
mod tests;
