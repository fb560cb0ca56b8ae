from __future__ import annotations

import threading

import pytest

from layerbench.image.side_thread import SideThread


def test_all_chunks_are_consumed_in_order_on_another_thread() -> None:
    seen: list[bytes] = []
    threads: set[threading.Thread] = set()

    def consume(chunk: bytes) -> None:
        seen.append(chunk)
        threads.add(threading.current_thread())

    chunks = [b"%d" % number for number in range(1000)]
    with SideThread(consume, "side") as side:
        for chunk in chunks:
            side.put(chunk)
    assert seen == chunks
    assert threading.current_thread() not in threads
    assert not any(thread.is_alive() for thread in threads)


def test_the_consumers_error_comes_out_while_chunks_are_put() -> None:
    def consume(_chunk: bytes) -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"), SideThread(consume, "side") as side:
        while True:
            side.put(b"x")
    assert "side" not in {thread.name for thread in threading.enumerate()}


def test_the_consumers_error_comes_out_at_the_end() -> None:
    is_over = threading.Event()

    def consume(_chunk: bytes) -> None:
        is_over.wait()
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"), SideThread(consume, "side") as side:
        side.put(b"x")
        is_over.set()


def test_the_makers_error_counts_and_what_waits_is_left() -> None:
    seen: list[bytes] = []
    has_begun, may_go_on = threading.Event(), threading.Event()

    def consume(chunk: bytes) -> None:
        has_begun.set()
        may_go_on.wait()
        seen.append(chunk)
        raise ValueError("the consumer's")

    with pytest.raises(KeyError), SideThread(consume, "side") as side:
        for _ in range(3):
            side.put(b"x")
        has_begun.wait()  # before that, all of them would be left
        threading.Timer(0.05, may_go_on.set).start()
        raise KeyError("the maker's")
    assert seen == [b"x"]
