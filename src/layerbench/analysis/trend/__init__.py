"""How the figures of a bench file moved over commits, and where their level changed."""
