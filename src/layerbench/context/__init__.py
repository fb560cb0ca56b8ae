"""The build context as a build sees it: what `.dockerignore` leaves, and a fingerprint of every file of that."""
