"""What holds for every test: a property that is slow on a loaded machine is not wrong for that, and what runs is the
source, unless the compiled form is asked for (tests/integration/test_compiled.py)."""

import os

from hypothesis import settings

os.environ.setdefault("ARRET_PURE", "1")  # here, as nothing of resolver is imported yet

settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")
