"""What pyproject.toml cannot say: with ARRET_COMPILE=1 mypyc compiles the way of a query to C.

Without it all is Python. The modules named here run either way, from one source: they are those in which a worker
spends its time.
"""

import os
from pathlib import Path
from typing import Final

from setuptools import Extension, setup

QUERY_PATH: Final = {
    "dns": "edns message name rdata response siphash special_names writer",
    "orders": "public_suffixes",
    "core": "admission cookies counters courtesy crowd enforcement generations intact message_cache packet_cache "
    "pipeline policy rebinding reply sanitise special_names",
    "net": "answering arrivals attempt client_views clock_watch domains_in_flight draws exchange forwarder health "
    "hearing lane routes timetable udp_sender upstream upstream_sockets",
}


def compiled() -> list[Extension]:
    """Translate the modules; their types must be sound, or this ends with what is wrong."""
    from mypyc.build import mypycify  # noqa: PLC0415 - needed for this only, and mypy is no requirement of anything else

    sources = [
        str(Path("resolver", folder, f"{name}.py")) for folder, names in QUERY_PATH.items() for name in names.split()
    ]
    built: list[Extension] = mypycify(
        ["--config-file=", "--ignore-missing-imports", *sources], opt_level="3", debug_level="0", group_name="arret"
    )
    return built


setup(ext_modules=compiled() if os.environ.get("ARRET_COMPILE", "0") != "0" else [])
