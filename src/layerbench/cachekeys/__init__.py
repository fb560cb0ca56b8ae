"""What decides whether a step is a cache hit: its instruction, its options, its files, its base and its parents.

Everything here but `reading`, which opens side files, is a pure function of the Dockerfile's text, the fingerprints of
the contexts and the options of the invocation; no engine is asked and no file is read.
"""
