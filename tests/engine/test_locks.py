import subprocess
import sys
import threading
import time

from layerbench.engine.locks import locked

HOLDER = """
import sys, time
from pathlib import Path
from layerbench.engine.locks import locked
with locked(Path(sys.argv[1]), print, ""):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_waits_and_says_why_until_the_first_is_dead(tmp_path):
    file = tmp_path / "lock"
    with subprocess.Popen((sys.executable, "-c", HOLDER, file), stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        said: list[str] = []
        held = threading.Event()

        def take() -> None:
            with locked(file, said.append, "somebody is at it"):
                held.set()

        waiter = threading.Thread(target=take)
        waiter.start()
        assert not held.wait(0.2)
        assert said == ["waiting: somebody is at it"]
        holder.kill()
        waiter.join(10)
        assert held.is_set()


def test_a_lock_that_was_deleted_by_its_holder_does_not_let_two_in(tmp_path):
    file = tmp_path / "lock"
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(30):
            with locked(file, lambda message: None, ""):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with guard:
                    inside -= 1
                file.unlink()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert not file.exists()


def test_an_error_lets_go(tmp_path):
    for _ in range(2):
        try:
            with locked(tmp_path / "lock", print, ""):
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
