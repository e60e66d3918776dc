//! What a configuration file says, and which line is wrong.
