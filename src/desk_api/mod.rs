//! The HTTP contract between an operator's program and an order backend.
