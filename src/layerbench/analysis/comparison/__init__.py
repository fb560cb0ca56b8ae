"""Two runs, or two variants of one, held against each other: what `layerbench compare` finds."""
