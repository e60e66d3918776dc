//! The operator's desk: who calls, the card, the register. Pure.
