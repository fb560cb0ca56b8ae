"""Recording of real progress streams for tests."""
