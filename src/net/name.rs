//! From a host name to addresses, by the system's resolver.

use super::is_unreachable;
use super::route::local_towards;
use crate::transmit::Transport;
use std::net::SocketAddr;
use std::time::Duration;

/// For the network to say that a port is closed.
const ICMP_PATIENCE: Duration = Duration::from_millis(100);
/// The system's resolver may wait far longer for a name server that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameFault {
    /// The name servers say that there is no such name, or it has no address.
    Unknown,
    /// No name server answered, or none could say now.
    TimedOut,
}

/// The first address of `host` at which something may listen. Literal addresses need no look-up and do not wait.
pub async fn resolve(host: &str, port: u16, transport: Transport) -> Result<SocketAddr, NameFault> {
    if let Ok(ip) = host.parse() {
        return Ok(SocketAddr::new(ip, port));
    }
    let addresses = match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return Err(fault_of(&error.to_string())),
        Err(_) => return Err(NameFault::TimedOut),
    };
    choose(addresses, transport).await.ok_or(NameFault::Unknown)
}

/// A name such as `localhost` has addresses of both IP versions, and a PBX often listens at one of them alone. Where
/// the system says that nobody is there, the next one is taken; the last one whatever it says.
async fn choose(addresses: Vec<SocketAddr>, transport: Transport) -> Option<SocketAddr> {
    let (last, others) = addresses.split_last()?;
    for address in others {
        if !is_closed(*address, transport).await {
            return Some(*address);
        }
    }
    Some(*last)
}

/// Whether no network leads there, or the port answers an empty datagram with ICMP "unreachable", or refuses a
/// connection. Silence is no such answer.
async fn is_closed(address: SocketAddr, transport: Transport) -> bool {
    let Ok(ip) = local_towards(address) else { return true };
    let ask = async {
        if transport != Transport::Udp {
            return tokio::net::TcpStream::connect(address).await.map(|_| 0);
        }
        let socket = tokio::net::UdpSocket::bind((ip, 0)).await?;
        socket.connect(address).await?;
        socket.send(b"\r\n\r\n").await?;
        socket.recv(&mut [0; 16]).await
    };
    matches!(tokio::time::timeout(ICMP_PATIENCE, ask).await, Ok(Err(error)) if is_unreachable(&error))
}

/// The standard library hands the resolver's code on as text alone (glibc: EAI_AGAIN; musl: the same as "Try again").
fn fault_of(text: &str) -> NameFault {
    let for_now = ["Temporary failure", "Try again"].iter().any(|words| text.contains(words));
    if for_now { NameFault::TimedOut } else { NameFault::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_where_nothing_listens_gives_way_to_the_next() {
        let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let pbx = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let open = pbx.local_addr().unwrap();
        let nowhere = "[2001:db8::1]:5060".parse().unwrap();
        let udp = Transport::Udp;
        assert_eq!(choose(vec![closed, open], udp).await, Some(open));
        assert_eq!(choose(vec![open, closed], udp).await, Some(open), "silence is no refusal");
        assert_eq!(choose(vec![open, nowhere], udp).await, Some(open));
        assert_eq!(choose(vec![closed], udp).await, Some(closed), "there is no other");
        assert_eq!(choose(vec![], udp).await, None);
        let listens = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(
            choose(vec![open, nowhere], Transport::Tcp).await,
            Some(nowhere),
            "it takes datagrams alone"
        );
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listening = listener.local_addr().unwrap();
        assert_eq!(choose(vec![listens, listening], Transport::Tcp).await, Some(listening));
    }

    #[test]
    fn a_name_server_that_is_away_is_not_the_users_fault() {
        let glibc = "failed to lookup address information: ";
        assert_eq!(fault_of(&format!("{glibc}Temporary failure in name resolution")), NameFault::TimedOut);
        assert_eq!(fault_of(&format!("{glibc}Name or service not known")), NameFault::Unknown);
    }
}
