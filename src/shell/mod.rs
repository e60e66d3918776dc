//! Puts the parts together: sockets, time, media thread, desk, agent.
