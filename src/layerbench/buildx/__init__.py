"""Decoding and driving `docker buildx`."""
