"""What a result file looks like to a reader, one module a format.

Every format is a module with one function, `render`; `layerbench.report.interface` says what it takes and returns.
"""
