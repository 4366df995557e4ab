"""Arrêt: a DNS resolver that enforces court orders and can say which court ordered what, from when until when."""

from resolver.compiled import prefer_compiled

__version__ = "0.1.0"

prefer_compiled()  # before anything that may be compiled is imported
