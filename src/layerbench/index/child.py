"""Starts pypiserver so that it ends with the process that wanted it, however that one ends.

Run as `python -m layerbench.index.child PARENT_PID ARGUMENT…`; the arguments are pypiserver's.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Ask the kernel for a signal at the parent's end, and become pypiserver."""
    parent = int(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the kernel was asked
            sys.exit(1)
    os.execv(sys.executable, [sys.executable, "-m", "pypiserver", *sys.argv[2:]])  # noqa: S606


if __name__ == "__main__":
    main()
