"""States of a git repository, laid out in folders of our own: the repository and its checkout are only read.

The work trees here are detached from the repository more thoroughly than those of `git worktree add`: each has an
index of its own in the same temporary folder, and nothing of it stands in `.git/worktrees`. So there is nothing to take
back there, however a run ends, no hook of the person's is run, and no `.git` file, whose text differs from state to
state, gets into a build context.
"""

from layerbench.repository.commits import place_commit as place_commit
from layerbench.repository.describe import CheckedOut as CheckedOut
from layerbench.repository.describe import describe_checkout as describe_checkout
from layerbench.repository.find import Commit as Commit
from layerbench.repository.find import Repository as Repository
from layerbench.repository.find import find_commit as find_commit
from layerbench.repository.find import find_repository as find_repository
from layerbench.repository.neutral import make_neutral as make_neutral
from layerbench.repository.working_tree import place_working_tree as place_working_tree
