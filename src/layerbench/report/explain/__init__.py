"""What `layerbench explain` found, as a reader sees it: one module a format."""
