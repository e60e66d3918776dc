//! The telephone's side of the desk contract: HTTP client, card cache, outbox.
