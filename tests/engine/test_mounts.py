import os
import subprocess
from pathlib import Path

import pytest

from layerbench.engine.mounts import mounted_below, points_below, unmount_below

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/root rw
31 22 254:0 /home/x/data /home/x/data rw - ext4 /dev/root rw
32 31 0:40 / /home/x/data/overlay/merged rw - overlay overlay rw,lowerdir=/home/x/l
33 22 0:41 / /home/xy/data rw - tmpfs tmpfs rw
34 22 0:4 net:[4026532] /run/layerbench/a\\040b/netns/1 rw - nsfs nsfs rw
35 22 0:42 / /home/x rw - tmpfs tmpfs rw
"""


def test_mounts_below_are_named_last_mounted_first():
    assert points_below(MOUNTS, [Path("/home/x"), Path("/run/layerbench/a b")]) == [
        Path("/home/x"),
        Path("/run/layerbench/a b/netns/1"),
        Path("/home/x/data/overlay/merged"),
        Path("/home/x/data"),
    ]


def test_the_machines_own_table_can_be_read(tmp_path):
    assert mounted_below([tmp_path]) == []
    assert Path("/") in mounted_below([Path("/")])


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_mounts_go_even_while_they_are_in_use_and_one_upon_another(tmp_path):
    outer = tmp_path / "with space" / "outer"
    outer.mkdir(parents=True)
    beside = tmp_path / "with space beside"
    beside.mkdir()
    for point in (outer, outer / "inner", outer / "inner", beside):
        point.mkdir(exist_ok=True)
        subprocess.run(("mount", "--no-mtab", "-t", "tmpfs", "none", point), check=True)
    try:
        with (outer / "inner" / "file").open("w"):
            unmount_below([tmp_path / "with space"])
        assert mounted_below([tmp_path]) == [beside]
        assert list(outer.iterdir()) == []
    finally:
        unmount_below([tmp_path])
