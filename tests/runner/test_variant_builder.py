from __future__ import annotations

import pytest

from layerbench.buildx.process import FinishedBuild
from layerbench.buildx.trace import Trace
from layerbench.runner.variant_builder import _was_lost_to_collection

# As Docker 28.5.2 with the containerd store said it, after images that shared layers had just been removed.
SAID = (
    "ERROR: failed to build: failed to solve: failed to prepare extraction snapshot "
    '"extract-168100696-3eVk sha256:caf91d": parent snapshot sha256:e8b777e0 does not exist: not found'
)


@pytest.mark.parametrize(
    ("text", "exit_code", "lost"),
    [
        (SAID, 1, True),
        (SAID, 0, False),
        ('ERROR: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1', 1, False),
        ("ERROR: failed to solve: base:1: not found", 1, False),
    ],
)
def test_only_a_layer_that_the_engine_collected_is_worth_a_second_try(text: str, exit_code: int, lost: bool) -> None:
    assert _was_lost_to_collection(FinishedBuild(Trace(), (text,), exit_code, 1.0, timed_out=False)) is lost
