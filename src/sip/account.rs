//! Who we are to the PBX, and where it is.

use super::message::Uri;
use crate::transmit::Transport;
use std::net::SocketAddr;
use std::time::Duration;
use zeroize::Zeroizing;

/// One account on one PBX.
#[derive(Clone)]
pub struct Account {
    /// User part of the address of record.
    pub user: String,
    /// Domain of the address of record and of targets dialled by number; may carry a port.
    pub domain: String,
    /// Who authenticates, when it is not `user`.
    pub auth_user: Option<String>,
    pub password: Password,
    /// Only challenges of this realm are answered with the password, when set.
    pub realm: Option<String>,
    /// URI of the registrar, when it is not `sip:domain`.
    pub registrar: Option<Uri>,
    /// Loose route for every request outside a dialog.
    pub outbound_proxy: Option<Uri>,
    /// Name shown to those we call.
    pub display: Option<String>,
    /// Asked-for registration time.
    pub expires: Duration,
}

/// A password: erased from memory when dropped, never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// For the digest alone.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// What a user agent needs to begin.
#[derive(Clone, Debug)]
pub struct UserAgentConfig {
    pub account: Account,
    pub transport: Transport,
    /// Where requests outside dialogs go: resolved by the shell from proxy, registrar or domain.
    pub server: SocketAddr,
    /// Our own address as the kernel routes towards `server`; goes into Via and Contact.
    pub local: SocketAddr,
    pub user_agent: String,
    /// More calls than this at a time are answered 486.
    pub max_calls: usize,
    pub calls: CallPolicy,
}

/// What is left to taste, and to what the PBX can do; the default asks it for nothing.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CallPolicy {
    /// Session timer that we ask for (RFC 4028), 90 s at least; None leaves it to the PBX.
    pub session_expires: Option<Duration>,
    /// A 3xx is followed to the places it names, by way of the PBX all the same; else it ends the call.
    pub follow_redirects: bool,
    /// REFER within a call is asked about (click-to-transfer); else there is no such method.
    pub take_refers: bool,
}
