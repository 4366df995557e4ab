"""Arrêt: a DNS resolver that enforces court orders and can say which court ordered what, from when until when."""

__version__ = "0.1.0"
