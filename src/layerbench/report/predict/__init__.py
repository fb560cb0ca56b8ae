"""What `layerbench predict` foresees, as a reader sees it: one module a format."""
