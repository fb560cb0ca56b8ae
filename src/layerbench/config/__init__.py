"""The bench file: models, loading, errors with file and field."""
