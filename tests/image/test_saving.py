from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

import pytest

from layerbench.errors import EngineError
from layerbench.image import BlobInfoCache, open_saved_image, read_image_archive
from tests.image.archives import oci_archive


def command(script: str) -> Sequence[str]:
    """A program in docker's place; it gets `save -- REFERENCE` as arguments."""
    return (sys.executable, "-c", "import os, sys\n" + script)


def test_it_hands_out_what_docker_writes() -> None:
    script = "sys.stdout.write(' '.join([*sys.argv[1:], os.environ['LB_TEST'], os.environ['PATH']]))"
    with open_saved_image(command(script), {"LB_TEST": "x"}, "--odd") as stream:
        assert stream.read().decode() == f"save -- --odd x {os.environ['PATH']}"


def test_failure_has_dockers_words() -> None:
    script = "sys.exit('Error response from daemon:\\n No such image: a:1')"
    with (
        pytest.raises(EngineError, match=r"^docker save a:1 failed: Error response from daemon: No such image: a:1$"),
        open_saved_image(command(script), {}, "a:1") as stream,
    ):
        assert stream.read() == b""


def test_failure_without_words_has_the_exit_code() -> None:
    with (
        pytest.raises(EngineError, match="exit code 7"),
        open_saved_image(command("sys.exit(7)"), {}, "a:1") as stream,
    ):
        stream.read()


def test_dockers_words_come_before_what_followed_from_its_end() -> None:
    data = oci_archive()
    script = f"sys.stdout.buffer.write({data[:2000]!r}); sys.stdout.flush(); sys.exit('the engine went away')"
    with (
        pytest.raises(EngineError, match="the engine went away") as caught,
        open_saved_image(command(script), {}, "a:1") as stream,
    ):
        read_image_archive(stream, BlobInfoCache(), source="the archive")
    assert isinstance(caught.value.__cause__, EngineError)


def test_an_archive_that_is_damaged_from_the_start_says_so() -> None:
    with (
        pytest.raises(EngineError, match="no image archive"),
        open_saved_image(command("print('nonsense' * 500)"), {}, "a:1") as stream,
    ):
        read_image_archive(stream, BlobInfoCache(), source="the archive")


ENDLESS = "print(os.getpid(), flush=True)\nwhile True: sys.stdout.write('x' * 100)"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_leaving_early_ends_the_process() -> None:
    started = time.monotonic()
    with open_saved_image(command(ENDLESS), {}, "a:1") as stream:
        pid = int(stream.readline())
        assert is_running(pid)
    assert not is_running(pid)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("error", [EngineError("mine"), KeyboardInterrupt()])
def test_an_error_in_the_block_ends_the_process(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, open_saved_image(command(ENDLESS), {}, "a:1") as stream:
        pid = int(stream.readline())
        raise error
    assert caught.value is error
    assert not is_running(pid)


def test_a_process_that_waits_is_killed_too() -> None:
    script = "import signal\nprint(os.getpid(), flush=True)\nsignal.pause()"
    with open_saved_image(command(script), {}, "a:1") as stream:
        pid = int(stream.readline())
    assert not is_running(pid)


def test_docker_that_is_not_there() -> None:
    with (
        pytest.raises(EngineError, match=r"no-such-docker cannot be started: .*install Docker's client"),
        open_saved_image(["no-such-docker"], {}, "a:1"),
    ):
        pass
