//! What HTTP clients of both sides have in common: a builder, what a failed exchange means, answers of limited size.

use std::error::Error as _;

use reqwest::{Certificate, Client, ClientBuilder, Response, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Why there was no whole answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broken {
    /// No answer in time.
    Slow,
    /// No connection, or one that was closed before it answered.
    Down,
    /// TLS failed: unknown authority, wrong name, expired.
    NotTrusted,
    /// Something answered that is no HTTP.
    NotHttp,
    /// More octets than are taken.
    TooLarge,
}

/// A client that goes nowhere but where it is sent, so that its password does not either.
pub fn builder(authorities: Vec<Certificate>, encrypted: bool) -> ClientBuilder {
    // Fails when another part of the process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("patchcord/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(2);
    if encrypted {
        builder.tls_certs_merge(authorities)
    } else {
        // Spares the reading of certificates that nothing will be checked by.
        builder.tls_certs_only([])
    }
}

/// One at least, and nothing but what can be trusted: a bad one would only show when somebody is asked.
pub fn certificates(pem: &[u8]) -> Option<Vec<Certificate>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    let mut trusted = rustls::RootCertStore::empty();
    found.iter().try_for_each(|certificate| trusted.add(certificate.clone())).ok()?;
    let certificates: Vec<_> =
        found.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>().ok()?;
    (!certificates.is_empty()).then_some(certificates)
}

/// The whole body, of at most so many octets.
pub async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(Broken::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What a failed exchange means. The library's own words may hold the address and its query, so they go no further.
pub fn broken(error: &reqwest::Error) -> Broken {
    if error.is_timeout() {
        return Broken::Slow;
    }
    match error.source().and_then(cause) {
        Some(cause) => cause,
        None if error.is_connect() => Broken::Down,
        None => Broken::NotHttp,
    }
}

/// The first cause in the chain that says something.
fn cause(error: &(dyn std::error::Error + 'static)) -> Option<Broken> {
    if error.is::<rustls::Error>() {
        return Some(Broken::NotTrusted);
    }
    if let Some(http) = error.downcast_ref::<hyper::Error>() {
        if http.is_incomplete_message() || http.is_canceled() || http.is_closed() {
            return Some(Broken::Down);
        }
        if http.is_parse() {
            return Some(Broken::NotHttp);
        }
    }
    let Some(io) = error.downcast_ref::<std::io::Error>() else { return error.source().and_then(cause) };
    // An I/O error's `source` skips the error inside it.
    io.get_ref().and_then(|inner| cause(inner)).or(Some(Broken::Down))
}
