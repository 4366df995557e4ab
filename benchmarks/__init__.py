"""Loads and timings of the whole server and of its parts; every figure comes with the command that makes it."""
