//! Sockets: the only code that sends and receives datagrams.
