"""Images in an engine, with a made-up engine and docker client; with real ones: tests/e2e/test_inspect_sources.py."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from layerbench.errors import EngineError, LayerbenchError, UsageError
from layerbench.image.contents import ImageContents
from layerbench.runner.image_sources import open_image
from layerbench.runner.interruption import install_handlers
from tests.image import archives
from tests.image.archives import LAYERS, digest_of
from tests.runner.made_up import DOCKER, IMAGE, NAME, calls


def opened(platform: str | None = None, name: str = NAME) -> ImageContents:
    return open_image(name, platform=platform, max_bytes=10**9, note=lambda text: None)


def test_an_image_that_was_seen_before_is_one_question(fake: Path) -> None:
    (fake / "there").touch()
    image = opened()
    assert [layer.diff_id for layer in image.layers] == [digest_of(layer) for layer in LAYERS]
    assert calls(fake) == [f"save -- {IMAGE['Id']}"]
    assert opened() == image
    assert len(calls(fake)) == 1


def test_another_platform_than_the_one_that_is_there(fake: Path) -> None:
    (fake / "there").touch()
    with pytest.raises(UsageError, match=f"has {NAME} for linux/amd64, not for linux/arm64; `docker pull --platform"):
        opened("linux/arm64")
    assert calls(fake) == []


def test_an_image_in_a_registry_is_pulled_and_removed_again(fake: Path) -> None:
    image = opened("linux/amd64")
    assert [layer.diff_id for layer in image.layers] == [digest_of(layer) for layer in LAYERS]
    assert calls(fake) == [
        "image ls --all --quiet --no-trunc",
        f"pull --quiet --platform linux/amd64 -- {NAME}",
        f"save -- {IMAGE['Id']}",
        f"image rm -- {NAME}",
    ]
    assert not (fake / "there").exists()


def test_it_is_removed_after_an_error(fake: Path) -> None:
    (fake / "image.tar").write_bytes(archives.classic_archive()[:10_000])
    with pytest.raises(EngineError):
        opened()
    assert calls(fake)[-1] == f"image rm -- {NAME}"
    assert not (fake / "there").exists()


def test_it_is_removed_after_an_interruption(fake: Path) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    install_handlers()
    # The signal comes while the archive does.
    (fake / "docker").write_text(DOCKER.replace("cat image.tar", f"kill -INT {os.getpid()}; sleep 20"))
    try:
        with pytest.raises(KeyboardInterrupt):
            opened()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert calls(fake)[-1] == f"image rm -- {NAME}"
    assert not (fake / "there").exists()


def test_a_pull_that_fails(fake: Path) -> None:
    (fake / "refused").touch()
    with pytest.raises(UsageError, match=f"{NAME} is neither a file nor .* a pull failed: .*manifest unknown"):
        opened()
    assert not any(call.startswith("image rm") for call in calls(fake))


@pytest.mark.parametrize(("names", "is_removed"), [("0 1", False), ("1 1", False), ("2 1", True)])
def test_a_name_stays_where_it_is_the_only_one_of_an_image_of_before(names: str, is_removed: bool, fake: Path) -> None:
    (fake / "ids").write_text(f"sha256:{'0' * 64}\n{IMAGE['Id']}\n")
    (fake / "names").write_text(names)
    opened()
    assert (calls(fake)[-1] == f"image rm -- {NAME}") == is_removed


@pytest.mark.parametrize("name", ["absent.tar", "result.json:multi", "dir/image.tar.gz"])
def test_no_registry_is_asked_for_what_is_meant_as_a_file(name: str, fake: Path) -> None:
    with pytest.raises(UsageError, match="is not there: no such file"):
        opened(name=name)
    assert calls(fake) == []


def test_no_engine(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(LayerbenchError, match="no Docker Engine answers"):
        opened()
