"""Two states of a git repository, built in turns by one run: the only room in which repository and runner meet."""
