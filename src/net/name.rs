//! From a host name to addresses, by the system's resolver.

use std::net::SocketAddr;
use std::time::Duration;

/// The system's resolver may wait far longer for a name server that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameFault {
    /// The name servers say that there is no such name, or it has no address.
    Unknown,
    /// No name server answered.
    TimedOut,
}

/// The first address of `host`. Literal addresses need no look-up and do not wait.
pub async fn resolve(host: &str, port: u16) -> Result<SocketAddr, NameFault> {
    if let Ok(ip) = host.parse() {
        return Ok(SocketAddr::new(ip, port));
    }
    match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(mut addresses)) => addresses.next().ok_or(NameFault::Unknown),
        Ok(Err(_)) => Err(NameFault::Unknown),
        Err(_) => Err(NameFault::TimedOut),
    }
}
