"""Questions side by side."""

from __future__ import annotations

import signal
import threading

import pytest

from layerbench.runner.at_once import at_once


def test_all_are_under_way_at_the_same_time_and_answers_keep_their_order() -> None:
    together = threading.Barrier(3, timeout=10)

    def call(value: int) -> int:
        together.wait()
        return value

    answers = at_once(lambda: call(1), lambda: call(2), lambda: call(3))
    assert [answer.get() for answer in answers] == [1, 2, 3]


def test_an_error_is_raised_where_its_answer_is_taken() -> None:
    first, second = at_once(lambda: 1, lambda: 1 // 0)
    assert first.get() == 1
    with pytest.raises(ZeroDivisionError):
        second.get()
    [failed] = at_once(lambda: int("x"))
    assert isinstance(failed.error, ValueError)


def test_an_interruption_does_not_wait_for_an_answer() -> None:
    never = threading.Event()
    [answer] = at_once(lambda: never.wait(60))
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    interruption = threading.Timer(0.1, signal.pthread_kill, (main_thread, signal.SIGINT))
    interruption.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            answer.get()
    finally:
        never.set()
        interruption.join()
