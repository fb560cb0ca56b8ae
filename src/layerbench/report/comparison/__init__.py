"""What `layerbench compare` found, as a reader sees it: one module a format."""
