"""What `layerbench impact` found, as a reader sees it: one module a format."""
