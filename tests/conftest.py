"""What holds for every test: a property that is slow on a loaded machine is not wrong for that."""

from hypothesis import settings

settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")
