"""The result file: its records, its schema, reading it and writing it."""
