"""Several short questions asked side by side: each is a docker process that mostly waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Answer:
    """What a call returns or raises, once it has; it runs in a thread of its own.

    An interruption does not wait for it: the thread ends with the process.
    """

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._value: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def error(self) -> Exception | None:
        """What the call raised, if it raised something; waits for its end."""
        self._thread.join()
        return self._error if isinstance(self._error, Exception) else None

    def get(self) -> Any:
        """The value; waits for it.

        Raises:
            Exception: what the call raised.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value

    def _run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is taken
            self._error = error


def at_once(*calls: Callable[[], Any]) -> list[Answer]:
    """Make all calls at the same time."""
    return [Answer(call) for call in calls]
