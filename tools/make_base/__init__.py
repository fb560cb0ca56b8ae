"""Makes a stand-in for the image `python:3.12-slim` from Debian's packages and a CPython of this machine."""
