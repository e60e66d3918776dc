//! Clocks: the only code that asks what time it is.
