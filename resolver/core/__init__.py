"""The decision, pure: what a datagram gets, without a socket, a clock or an await."""
