//! SIP messages as values: start line, headers in order, body as octets (RFC 3261 §7).
