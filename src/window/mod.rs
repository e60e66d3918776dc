//! The operator's window.

mod keys;
mod picture;

/// What the `.slint` files are compiled to.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::disallowed_methods)]
mod ui {
    slint::include_modules!();
}
