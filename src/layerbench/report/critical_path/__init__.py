"""The critical path of builds, as a reader sees it: one module a format."""
