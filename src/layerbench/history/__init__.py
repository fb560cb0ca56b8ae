"""The figures of many runs in one SQLite file: what a trend is made of.

WAL keeps readers and a writer out of each other's way; a second writer waits. The schema has a version, older ones are
brought up to date, newer ones are left alone.
"""

from layerbench.history.store import Added as Added
from layerbench.history.store import History as History
from layerbench.history.store import Selection as Selection
from layerbench.history.store import open_history as open_history
from layerbench.history.store import read_history as read_history
