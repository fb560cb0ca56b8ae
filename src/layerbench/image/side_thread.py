"""Work on a stream's chunks beside the thread that makes them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Queue
from types import TracebackType

# Bounded, so that a slow consumer holds up the reader instead of filling the memory.
_WAITING_CHUNKS = 4


class SideThread:
    """Hands chunks to a consumer, in order, on a thread of its own. A context manager: at its end all is consumed.

    Args:
        consume: What to do with a chunk. What it raises comes out of the next `put`, or of the end.
        name: Of the thread.
    """

    def __init__(self, consume: Callable[[bytes | memoryview], None], name: str) -> None:
        self._consume = consume
        self._chunks: Queue[bytes | memoryview | None] = Queue(_WAITING_CHUNKS)
        self._error: BaseException | None = None
        self._is_given_up = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> SideThread:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_given_up = error is not None
        self._chunks.put(None)
        self._thread.join()
        if error is None:
            self._check()

    def put(self, chunk: bytes | memoryview) -> None:
        """Hand over the next chunk; waits while the consumer is far behind."""
        self._check()
        self._chunks.put(chunk)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            if self._error is not None or self._is_given_up:
                continue
            try:
                self._consume(chunk)
            except BaseException as error:  # noqa: BLE001 - it goes to the thread that reads
                self._error = error
