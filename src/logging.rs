//! Diagnostics on stderr, with secrets and client data masked.
