"""Why each step of a build ran, or could be a hit."""
