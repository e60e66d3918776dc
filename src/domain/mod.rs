//! Words and rules of the trade: numbers, clients, standing, call records. Duty numbers are those of docs/duties.md.
