"""Benchmark container image builds: time, bytes and cache misses of every Dockerfile line."""

__version__ = "0.1.0"
