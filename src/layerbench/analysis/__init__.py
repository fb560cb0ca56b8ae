"""Pure functions of results: figures, steps, findings. No engine, no process, no terminal."""
