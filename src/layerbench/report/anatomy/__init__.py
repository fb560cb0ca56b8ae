"""What an image consists of, and what changed between two images, as a reader sees it: one module a format."""
