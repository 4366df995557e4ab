"""What pyproject.toml cannot say: with ARRET_COMPILE=1 the way of a query is compiled.

Without it all is Python. The modules of QUERY_PATH run either way, from one source, which mypyc makes into C: they are
those in which a worker spends its time. Four that hardly any datagram passes by have a second source in C, for which
the first is the model.
"""

import os
from pathlib import Path
from typing import Final

from setuptools import Extension, setup

QUERY_PATH: Final = {
    "dns": "edns message name rdata response siphash special_names writer",
    "orders": "public_suffixes",
    "core": "admission cookies counters courtesy crowd enforcement generations intact message_cache packet_cache "
    "pipeline policy rebinding reply sanitise set_aside special_names",
    "net": "answering arrivals attempt client_views clock_watch domains_in_flight draws exchange forwarder health "
    "hearing lane routes timetable udp_sender upstream upstream_sockets",
}
IN_C: Final = ("core/replay", "core/refuse", "net/gather", "net/readiness")


def compiled() -> list[Extension]:
    """Name what is in C, and translate the modules; their types must be sound, or this ends with what is wrong."""
    from mypyc.build import mypycify  # noqa: PLC0415 - needed for this only, and mypy is no requirement of anything else

    sources = [
        str(Path("resolver", folder, f"{name}.py")) for folder, names in QUERY_PATH.items() for name in names.split()
    ]
    built: list[Extension] = mypycify(
        ["--config-file=", "--ignore-missing-imports", *sources], opt_level="3", debug_level="0", group_name="arret"
    )
    in_c = [Extension(f"resolver.{path.replace('/', '.')}", [f"resolver/{path}.c"]) for path in IN_C]
    return [*built, *in_c]


setup(ext_modules=compiled() if os.environ.get("ARRET_COMPILE", "0") != "0" else [])
