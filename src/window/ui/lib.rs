//! What the `.slint` files are compiled to.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::disallowed_methods)]

slint::include_modules!();
