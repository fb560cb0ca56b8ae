"""Where every byte of an image comes from, and what changed between two images: pure functions of layer profiles."""
