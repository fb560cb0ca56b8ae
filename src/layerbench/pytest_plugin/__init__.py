"""A pytest fixture that builds an image and says what was cached and how many bytes it has.

pytest loads `layerbench.pytest_plugin.plugin` in every session, so that nothing here imports more than it needs before
a build is asked for.
"""
