//! What a message is matched to its transaction by (RFC 3261 §17.1.3, §17.2.3).

use crate::sip::message::{CSeq, CallId, From, Method, Request, Response, Via};

/// Branch of our top Via, our sent-by, and the method of the CSeq (§17.1.3, §18.1.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ClientKey {
    branch: String,
    sent_by: String,
    method: Method,
}

impl ClientKey {
    pub fn of_request(request: &Request) -> Option<Self> {
        Self::new(&request.headers.require().ok()?, request.method.clone())
    }

    pub fn of_response(response: &Response) -> Option<Self> {
        let cseq: CSeq = response.headers.require().ok()?;
        Self::new(&response.headers.require().ok()?, cseq.method)
    }

    fn new(via: &Via, method: Method) -> Option<Self> {
        Some(Self { branch: via.branch()?.to_owned(), sent_by: sent_by(via), method })
    }
}

/// An ACK belongs to the INVITE, so it has the INVITE's key; a CANCEL has its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ServerKey {
    Branch {
        branch: String,
        sent_by: String,
        method: Method,
    },
    /// Clients of RFC 2543 write no unique branch: Request-URI, From tag, Call-ID, CSeq and top Via
    /// together name the transaction (§17.2.3). The To tag is left out, since an ACK has the response's.
    Fields {
        uri: String,
        from_tag: Option<String>,
        call_id: String,
        seq: u32,
        via: String,
        method: Method,
    },
}

impl ServerKey {
    pub fn of(request: &Request) -> Option<Self> {
        let method = if request.method == Method::Ack { Method::Invite } else { request.method.clone() };
        Self::new(request, method)
    }

    /// The key of the INVITE that this CANCEL is about (§9.2).
    pub fn of_cancelled(cancel: &Request) -> Option<Self> {
        Self::new(cancel, Method::Invite)
    }

    fn new(request: &Request, method: Method) -> Option<Self> {
        let via: Via = request.headers.require().ok()?;
        if via.has_cookie() {
            let branch = via.branch()?.to_ascii_lowercase();
            return Some(Self::Branch { branch, sent_by: sent_by(&via), method });
        }
        Some(Self::Fields {
            uri: request.uri.to_string(),
            from_tag: request.headers.require::<From>().ok()?.tag().map(str::to_owned),
            call_id: request.headers.require::<CallId>().ok()?.0,
            seq: request.headers.require::<CSeq>().ok()?.seq,
            via: format!("{};{}", sent_by(&via), via.branch().unwrap_or_default()),
            method,
        })
    }
}

/// Host and port as one comparable text; the port that is not written is 5060 (§18.2.1).
fn sent_by(via: &Via) -> String {
    format!("{}:{}", via.host, via.port.unwrap_or(5060)).to_ascii_lowercase()
}
