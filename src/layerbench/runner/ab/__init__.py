"""Two states of one project measured in one run: their bench files joined, the rounds, and the result split again."""
