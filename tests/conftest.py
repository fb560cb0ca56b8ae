"""For all tests: how hypothesis looks for examples, and `pytester`, which runs pytest on tests that a test writes."""

import os

from hypothesis import settings

pytest_plugins = ["pytester"]

# The same examples every time and no limit of time, so that a change is judged by what it does, not by luck or by what
# else the machine is at. `make test-full` searches on.
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("search", deadline=None, max_examples=500, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
