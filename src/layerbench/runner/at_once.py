"""Several short questions asked side by side: each is a docker process that mostly waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Answer:
    """What a call returned or raised."""

    value: Any = None
    error: Exception | None = None

    def get(self) -> Any:
        """The value.

        Raises:
            Exception: what the call raised.
        """
        if self.error is not None:
            raise self.error
        return self.value


def at_once(*calls: Callable[[], Any]) -> list[Answer]:
    """Make all calls at the same time, the first in this thread, and wait for all answers.

    An interruption does not wait: the threads end with the process.
    """
    answers = [Answer() for _ in calls]
    threads = [
        threading.Thread(target=_answer, args=(call, answer), daemon=True)
        for call, answer in zip(calls[1:], answers[1:], strict=True)
    ]
    for thread in threads:
        thread.start()
    _answer(calls[0], answers[0])
    for thread in threads:
        thread.join()
    return answers


def _answer(call: Callable[[], Any], answer: Answer) -> None:
    try:
        answer.value = call()
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is taken
        answer.error = error
