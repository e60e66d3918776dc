//! A desk behind TLS that knows nobody, with a certificate of an authority that no system trusts.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/ca.pem");

pub struct TlsDesk {
    address: SocketAddr,
    requests: Receiver<Option<String>>,
}

impl TlsDesk {
    /// Its thread ends with the test's process.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(config());
        let (heard, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, heard) = (Arc::clone(&config), heard.clone());
                std::thread::spawn(move || serve(stream, config, &heard));
            }
        });
        Self { address, requests }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The request of the next connection; `None` if the telephone broke it off, trusting nobody here.
    pub fn next_request(&self) -> Option<String> {
        self.requests.recv_timeout(Duration::from_secs(20)).expect("a connection")
    }
}

fn config() -> ServerConfig {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_file(format!("{data}/desk.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(format!("{data}/desk.key")).unwrap();
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap()
}

fn serve(mut stream: TcpStream, config: Arc<ServerConfig>, heard: &Sender<Option<String>>) {
    let mut connection = ServerConnection::new(config).unwrap();
    let mut tls = Stream::new(&mut connection, &mut stream);
    let mut request = [0; 4096];
    let length = tls.read(&mut request).ok().filter(|length| *length > 0);
    // Nobody listens any more when the test is over.
    let _ = heard.send(length.map(|length| String::from_utf8_lossy(&request[..length]).into_owned()));
    if length.is_some() {
        let body = "{\"clients\":[]}";
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _ = tls.write_all(format!("{head}{body}").as_bytes());
        let _ = tls.read(&mut [0; 16]);
    }
}
