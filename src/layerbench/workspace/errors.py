"""What the operating system refused, said in a sentence."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from layerbench.errors import LayerbenchError, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_ESCAPED = {code: repr(chr(code))[1:-1] for code in (*range(32), 127)}
_LONGEST_SHOWN = 200


def shown(text: str) -> str:
    """Return a path, a pattern or a command as a sentence can carry it: quoted, short, in one line, printable."""
    printable = os.fsencode(text).decode("utf-8", "backslashreplace").translate(_ESCAPED)
    return f'"{printable}"' if len(printable) <= _LONGEST_SHOWN else f'"{printable[:_LONGEST_SHOWN]}..."'


def refusal(error: OSError, doing: str) -> LayerbenchError:
    """Return the error for a failed system call; `doing` starts the sentence, such as `cannot copy "a"`."""
    if error.errno in _FULL:
        return LayerbenchError(
            f"{doing}: no space left on the disk that holds the copies of the context; "
            "free some, or let TMPDIR name a folder on another disk"
        )
    reason = error.strerror or str(error)
    return LayerbenchError(f"{doing}: {reason[:1].lower()}{reason[1:]}")


def unreadable(error: OSError, kind: str, path: str) -> LayerbenchError:
    """Return the error for an entry of the context that could not be copied."""
    if error.errno == errno.EACCES:
        return UsageError(
            f"cannot read the {kind} {shown(path)} of the context: permission denied; "
            "make it readable or move it out of the context"
        )
    return refusal(error, f"cannot copy the {kind} {shown(path)} of the context")


@contextmanager
def refusals(doing: str) -> Iterator[None]:
    """Turn any `OSError` of the block into `refusal(error, doing)`."""
    try:
        yield
    except OSError as error:
        raise refusal(error, doing) from error
