"""What holds for every test that pytest runs."""

from hypothesis import settings

# A property may take its time: how long one example lasts says more about the machine's load than about the code.
# The rest is hypothesis' own choice, which in CI means the same examples in every run.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
