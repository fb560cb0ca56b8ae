"""Bytes that an image could do without: what they are, where they are, and what to change."""
