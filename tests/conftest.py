"""What holds for every test: properties are tried with the same examples on every machine, one that is slow on a loaded
machine is not wrong for that, and what runs is the source, unless the compiled form is asked for
(tests/integration/test_compiled.py).

``--hypothesis-profile=exploring`` tries others each time: what it finds becomes an ``@example``, and a change that
broke nothing does not fail by chance.
"""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("ARRET_PURE", "1")  # here, as nothing of resolver is imported yet

settings.register_profile(
    "exploring", derandomize=False, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci")  # Hypothesis' own: examples follow from the test, nothing is judged by its time
