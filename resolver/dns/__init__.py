"""The protocol, pure: names, messages, EDNS, records and TCP framing; no input or output, no clock."""
