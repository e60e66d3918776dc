//! A SIP message as it stood on the wire, read with as little interpretation as the rules need.
//!
//! Written apart from the telephone's own codec on purpose: a fault in one must not hide in the other.

/// One message. Header names are lower case and in full; values are as they came, unfolded.
#[derive(Clone, Debug)]
pub struct Sip {
    pub start: Start,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether each line of the head ended in CRLF.
    pub clean_line_ends: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    Request { method: String, uri: String, version: String },
    Response { version: String, status: u16 },
}

const COMPACT: [(&str, &str); 12] = [
    ("v", "via"),
    ("f", "from"),
    ("t", "to"),
    ("i", "call-id"),
    ("m", "contact"),
    ("l", "content-length"),
    ("c", "content-type"),
    ("k", "supported"),
    ("r", "refer-to"),
    ("b", "referred-by"),
    ("o", "event"),
    ("x", "session-expires"),
];

impl Sip {
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        let (head, body, mut clean) = match end {
            Some(at) => (&bytes[..at], bytes[at + 4..].to_vec(), true),
            None => (bytes, Vec::new(), false),
        };
        let head = String::from_utf8_lossy(head).into_owned();
        clean &= !head.replace("\r\n", "").contains(['\r', '\n']);
        let mut lines: Vec<String> = Vec::new();
        for line in head.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
            match lines.last_mut() {
                Some(last) if line.starts_with([' ', '\t']) => {
                    last.push(' ');
                    last.push_str(line.trim());
                }
                _ => lines.push(line.to_owned()),
            }
        }
        let mut lines = lines.into_iter();
        let start = Start::parse(&lines.next().unwrap_or_default())?;
        let mut headers = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("no colon in {line:?}"))?;
            let name = name.trim().to_ascii_lowercase();
            let full = COMPACT.iter().find(|(short, _)| *short == name).map(|(_, full)| (*full).to_owned());
            headers.push((full.unwrap_or(name), value.trim().to_owned()));
        }
        Ok(Self { start, headers, body, clean_line_ends: clean })
    }

    pub fn method(&self) -> Option<&str> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    pub fn uri(&self) -> Option<&str> {
        match &self.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status, .. } => Some(status),
            Start::Request { .. } => None,
        }
    }

    pub fn is_request(&self, method: &str) -> bool {
        self.method() == Some(method)
    }

    pub fn first(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(n, _)| n == name).count()
    }

    /// All elements of a list header, over all its fields, in order.
    pub fn list(&self, name: &str) -> Vec<String> {
        let fields = self.headers.iter().filter(|(n, _)| n == name);
        fields.flat_map(|(_, value)| split_list(value)).collect()
    }

    pub fn call_id(&self) -> &str {
        self.first("call-id").unwrap_or_default()
    }

    pub fn tag_of_from(&self) -> Option<String> {
        self.first("from").and_then(|v| param(v, "tag"))
    }

    pub fn tag_of_to(&self) -> Option<String> {
        self.first("to").and_then(|v| param(v, "tag"))
    }

    pub fn cseq(&self) -> Option<(u64, &str)> {
        let (number, method) = self.first("cseq")?.split_once([' ', '\t'])?;
        Some((number.parse().ok()?, method.trim()))
    }

    pub fn branch(&self) -> String {
        self.list("via").first().and_then(|via| param(via, "branch")).unwrap_or_default()
    }

    /// URI of the first Contact, without brackets and header parameters.
    pub fn contact(&self) -> Option<String> {
        self.list("contact").first().map(|value| bare_uri(value))
    }

    pub fn sdp(&self) -> Option<&[u8]> {
        let kind = self.first("content-type")?.split(';').next()?.trim();
        (kind.eq_ignore_ascii_case("application/sdp") && !self.body.is_empty()).then_some(&self.body)
    }
}

impl Start {
    fn parse(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        match words[..] {
            [version, status, _] if version.starts_with("SIP/") => Ok(Self::Response {
                version: version.to_owned(),
                status: status.parse().map_err(|_| format!("status {status:?}"))?,
            }),
            [method, uri, version] => Ok(Self::Request {
                method: method.to_owned(),
                uri: uri.to_owned(),
                version: version.to_owned(),
            }),
            _ => Err(format!("start line {line:?}")),
        }
    }
}

/// What stands between the angle brackets, or before the first semicolon where there are none.
pub fn bare_uri(value: &str) -> String {
    match (outside_quotes(value, '<'), value.rfind('>')) {
        (Some(from), Some(to)) if from < to => value[from + 1..to].to_owned(),
        _ => value.split(';').next().unwrap_or_default().trim().to_owned(),
    }
}

/// A parameter of a header value (not of the URI inside angle brackets); quotes are taken off.
pub fn param(value: &str, name: &str) -> Option<String> {
    let after = match (outside_quotes(value, '<'), value.rfind('>')) {
        (Some(_), Some(to)) => &value[to + 1..],
        _ => value,
    };
    split_outside_quotes(after, ';').iter().skip(1).find_map(|part| {
        let (key, content) = part.split_once('=').unwrap_or((part, ""));
        key.trim().eq_ignore_ascii_case(name).then(|| content.trim().trim_matches('"').to_owned())
    })
}

/// `key=value` pairs of a challenge or of credentials, after the scheme.
pub fn auth_params(value: &str) -> Vec<(String, String)> {
    let rest = value.split_once(' ').map_or("", |(_, rest)| rest);
    let parts = split_outside_quotes(rest, ',');
    let pairs = parts.iter().filter_map(|part| part.split_once('='));
    pairs.map(|(k, v)| (k.trim().to_ascii_lowercase(), v.trim().trim_matches('"').to_owned())).collect()
}

fn split_list(value: &str) -> Vec<String> {
    split_outside_quotes(value, ',').into_iter().map(|part| part.trim().to_owned()).collect()
}

fn split_outside_quotes(value: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped, mut depth) = (false, false, 0);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => depth += 1,
            '>' if !quoted => depth -= 1,
            _ if c == separator && !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

fn outside_quotes(value: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    value.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(at)
    })
}
