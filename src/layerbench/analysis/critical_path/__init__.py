"""Where a build's time goes: the path that bounds it, what has slack beside it, and what it would take without a step.

- `models`: what is found
- `network`: a build's activities and what each has to wait for
- `path`: the critical path with slack and parallelism
- `what_if`: the same build without some steps
- `choose`: which build of several rounds is looked at
"""
