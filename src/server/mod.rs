//! The order backend: HTTP API over its store.
