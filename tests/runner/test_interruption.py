"""Ctrl-C and SIGTERM, sent to real processes at bad moments."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

PROGRAM = """
import signal, sys, time
from layerbench.runner.interruption import install_handlers, shielded
if "ignored" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
install_handlers()
try:
    print("ready", flush=True)
    if "shielded" in sys.argv:
        with shielded():
            print("shielded", flush=True)
            sys.stdin.readline()
    else:
        sys.stdin.readline()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.stdin.readline()
    with shielded():
        print("cleaning up", flush=True)
        sys.stdin.readline()
    print("clean", flush=True)
print("end", flush=True)
"""


class Program:
    """A process that does what it was told line by line."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    made: list[Program] = []
    yield made
    for program in made:
        program.process.kill()
        program.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_of_signals_is_one_interruption_and_leaves_the_clean_up_alone(
    programs: list[Program], number: signal.Signals
) -> None:
    program = Program()
    programs.append(program)
    program.process.send_signal(number)
    assert program.line() == "interrupted"
    program.process.send_signal(number)
    program.process.send_signal(signal.SIGINT)
    program.go_on()
    assert program.line() == "cleaning up"
    program.process.send_signal(number)
    program.go_on()
    assert [program.line(), program.line()] == ["clean", "end"]
    assert program.process.wait(10) == 0


def test_nothing_gets_through_a_shield(programs: list[Program]) -> None:
    program = Program("shielded")
    programs.append(program)
    assert program.line() == "shielded"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        program.process.send_signal(number)
    program.go_on()
    assert program.line() == "end"


def test_what_is_ignored_stays_ignored_as_under_nohup(programs: list[Program]) -> None:
    program = Program("ignored")
    programs.append(program)
    program.process.send_signal(signal.SIGHUP)
    program.go_on()
    assert program.line() == "end"
