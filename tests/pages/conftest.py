"""A real browser for pages: Debian's chromium, driven by playwright. It opens nothing but files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.busybox import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "tools"))

from fetch_chromium import find_chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium.program,
            # In containers, as which CI mostly runs, there is no user namespace for the sandbox and little /dev/shm.
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
            env=dict(chromium.environment),
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for pages."""
    return tmp_path_factory.mktemp("pages")
