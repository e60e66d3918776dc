//! The terminal telephone: arguments, readable lines, JSON events, exit codes.
