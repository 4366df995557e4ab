"""Coverage-guided fuzzing: one file for each reader of octets that come from elsewhere; `make fuzz` runs them."""
