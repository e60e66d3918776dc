//! Chance: the only code that draws it from the operating system.
