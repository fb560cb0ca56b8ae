"""For all tests: `pytester`, which runs pytest on tests that a test writes."""

pytest_plugins = ["pytester"]
