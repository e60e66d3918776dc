//! Secrets in memory: erased when dropped, never printed.
