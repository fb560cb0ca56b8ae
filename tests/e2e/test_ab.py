"""`layerbench ab` on scratch repositories: planted changes are found with their cause, and nothing where there is none.

Bytes and cache hits need one round. How sure times are is the business of benchmarks; here one step sleeps longer.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from layerbench.buildx.docker import DockerClient
from layerbench.results.file import read_result
from layerbench.results.side_file import layers_of, named_side_file
from tests.busybox import CHECKOUT, load_base
from tests.e2e.conftest import BASE
from tests.e2e.project import Project, Ran, wait_for
from tests.repository.scratch import Scratch

pytestmark = pytest.mark.e2e

# The sleep takes longer than all else, so that how busy the machine is decides nothing.
DOCKERFILE = """\
FROM {base}
WORKDIR /app
COPY deps.txt .
RUN cat deps.txt > /installed
COPY . .
"""
BENCH = """\
rounds = 1
[variants.app]
dockerfile = 'Dockerfile'
[scenarios.edit]
edits = [{ append = 'app.py', text = '# {nonce}' }]
"""
MAKE_BASE = CHECKOUT / "tools/make-base"
PACKAGES = CHECKOUT / ".layerbench" / "test-index"
"""A cache folder; the index that a run serves is kept in it from one session to the next."""
PIP_BENCH = f"""\
[variants.same]
[variants.app]
[bases]
"python:3.12-slim" = "oci-layout://{CHECKOUT}/.layerbench/bases/python-3.12-slim:3.12-slim"
[index]
serve = "always"
requirements = ["requirements.txt", "same.txt"]
[[budgets]]
metric = "uncompressed_bytes"
max_increase = "10kB"
"""


class Checkout(Project):
    """A project in a git repository; `ab` leaves its result files in a folder beside it."""

    @property
    def repository(self) -> Scratch:
        return Scratch(self.folder)

    @property
    def out(self) -> Path:
        return self.beside("out")

    def ab(self, *arguments: str, exit_code: int = 0) -> Ran:
        before = self.repository.state()
        with self.unharmed():
            ran = self.finish(self.start_ab(*arguments), exit_code=exit_code)
        assert self.repository.state() == before
        return ran

    def start_ab(self, *arguments: str) -> Any:
        return self.start("-o", str(self.out), *arguments, command="ab", output="")

    def compared(self, *arguments: str) -> dict[str, Any]:
        """What one round finds, by scenario."""
        ran = self.ab("--base", "HEAD", "--rounds", "1", "--format", "json", *arguments)
        document = json.loads(ran.stdout)
        assert document["ab"]["rounds"] == 1
        return {pair["scenario"]: pair for pair in document["pairs"]}


@pytest.fixture
def checkout(
    containerd_docker: DockerClient, base_of: Callable[[DockerClient], str], tmp_path: Path
) -> Iterator[Checkout]:
    made = Checkout(containerd_docker, tmp_path / "project")
    made.write(
        {
            "Dockerfile": DOCKERFILE.format(base=base_of(containerd_docker)),
            "layerbench.toml": BENCH,
            "app.py": "print(1)\n",
            "deps.txt": "x==1.0\n",
            ".gitignore": "*.log\n",
        }
    )
    made.repository.git("init", "--quiet", "--initial-branch=main")
    made.repository.commit("first")
    yield made
    made.kill()


def steps(changes: list[dict[str, Any]]) -> list[str]:
    return [change["instruction"] for change in changes]


def test_a_pair_without_a_change_finds_nothing(checkout: Checkout) -> None:
    # What git does not keep is no change: times, the group's bits, ignored files.
    (checkout.folder / "app.py").chmod(0o664)
    checkout.write({"debug.log": "x" * 100_000})
    pairs = checkout.compared()
    assert set(pairs) == {"cold", "warm", "edit"}
    for pair in pairs.values():
        assert pair["uncompressed_bytes_delta"] == 0
        assert pair["steps_lost"] == pair["steps_won"] == []
        assert pair["packages"] == []
        assert pair["time"]["verdict"] == "undecided"
    base, head = (read_result(checkout.out / f"{side}.json") for side in ("base", "head"))
    assert base.bench == head.bench
    assert base.bench.name == "project"
    assert [build.variant for build in base.builds] == ["app"] * 3
    assert base.complete
    images = [next(build.image for build in result.builds if build.image) for result in (base, head)]
    bytes_of_layers = [[layer.uncompressed_bytes for layer in image.layers] for image in images]
    assert bytes_of_layers[0] == bytes_of_layers[1]
    for side in ("base", "head"):
        path = checkout.out / f"{side}.json"
        image = images[side == "head"]
        assert {layer.diff_id for layer in image.layers} <= layers_of(named_side_file(path, f"{side}.layers.zip"))


def test_planted_changes_are_found_with_their_cause(checkout: Checkout) -> None:
    (checkout.folder / "model.bin").write_bytes(bytes(5_000_000))
    text = (checkout.folder / "Dockerfile").read_text().replace("COPY . .\n", "")
    checkout.write({"Dockerfile": text.replace("COPY deps.txt .", "COPY . .")})
    pairs = checkout.compared("--scenario", "edit", "--scenario", "cold")
    assert set(pairs) == {"cold", "edit"}
    # `COPY . .` moved up: what comes after it is no more cached when the source is edited.
    assert steps(pairs["edit"]["steps_lost"]) == ["RUN cat deps.txt > /installed"]
    [lost] = pairs["edit"]["steps_lost"]
    assert lost["cause"] == "line 3 ran: app.py changed (content)"
    assert pairs["edit"]["steps_won"] == []
    # A file of 5 MB in the context: the bytes, and the file's name.
    # One COPY less is some headers of a tar less.
    assert abs(pairs["cold"]["uncompressed_bytes_delta"] - 5_000_000) < 10_000
    assert "app/model.bin" in json.dumps(pairs["cold"])


def test_two_commits_are_compared_whatever_the_checkout_is_and_the_rest_where_one_fails(checkout: Checkout) -> None:
    base = (checkout.folder / "Dockerfile").read_text()
    checkout.write(
        {
            "broken.Dockerfile": base + "RUN false\n",
            "new.Dockerfile": base,
            "layerbench.toml": BENCH + "[variants.broken]\n[variants.new]\n",
        }
    )
    checkout.repository.commit("second")
    checkout.write({"layerbench.toml": BENCH + "[variants.broken]\n", "broken.Dockerfile": base})
    checkout.repository.git("rm", "--quiet", "--force", "new.Dockerfile")
    checkout.repository.commit("third")
    checkout.write({"layerbench.toml": "this is never read"})
    ran = checkout.ab(
        *("--base", "HEAD~1", "--head", "main", "--rounds", "1", "--scenario", "cold", "--format", "markdown"),
        exit_code=3,
    )
    assert "layerbench: the variant new is no more in the head: it is left out" in ran.stderr
    assert "broken@base, cold, round 1: FAILED: line 6: " in ran.stderr
    assert "The variant new is no more in the head" in ran.stdout
    assert "### app" in ran.stdout
    assert "Ended after 1 round, for that is what --rounds allows; undecided: app, cold" in ran.stdout
    results = {side: read_result(checkout.out / f"{side}.json") for side in ("base", "head")}
    outcomes = {side: {build.variant: build.outcome for build in result.builds} for side, result in results.items()}
    assert outcomes == {
        "base": {"app": "built", "broken": "failed"},
        "head": {"app": "built", "broken": "built"},
    }


def test_an_interrupted_run_leaves_nothing_and_a_killed_one_nothing_for_long(checkout: Checkout) -> None:
    text = (checkout.folder / "Dockerfile").read_text() + "RUN : layerbench-test-ab; sleep 120\n"
    checkout.write({"Dockerfile": text})
    checkout.repository.commit("slow")
    before = checkout.repository.state()
    for number, exit_code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
        process = checkout.start_ab("--base", "HEAD~1", "--scenario", "cold")
        # The base, which is not slow, is built first.
        wait_for(lambda: (checkout.out / "base.json").is_file() and read_result(checkout.out / "base.json").builds)
        assert checkout.repository.state() == before
        process.send_signal(number)
        ran = checkout.finish(process, exit_code=exit_code)
        assert checkout.repository.state() == before
        (checkout.out / "base.json").unlink(missing_ok=number == signal.SIGINT)
    assert "layerbench: what was measured is in " in ran.stderr
    assert list(checkout.beside("tmp").iterdir()) == []


def test_a_package_and_a_cache_that_came_in_are_named(checkout: Checkout) -> None:
    """With a real pip, on the sample app's Dockerfile; beside it a pair without a change."""
    subprocess.run([MAKE_BASE], check=True, capture_output=True)
    checkout.environment["XDG_CACHE_HOME"] = str(PACKAGES)
    dockerfile = (CHECKOUT / "sample_app/web/single.Dockerfile").read_text()
    assert "RUN pip install --no-cache-dir -r requirements.txt" in dockerfile
    checkout.write(
        {
            "layerbench.toml": PIP_BENCH,
            "app.Dockerfile": dockerfile,
            "same.Dockerfile": dockerfile.replace("requirements.txt", "same.txt"),
            "requirements.txt": "click==8.3.0\n",
            "same.txt": "click==8.3.0\n",
            ".dockerignore": "*.Dockerfile\n",
        }
    )
    checkout.repository.commit("with pip")
    checkout.write(
        {
            "app.Dockerfile": dockerfile.replace("--no-cache-dir ", ""),
            "requirements.txt": "click==8.3.0\nidna==3.10\n",
        }
    )
    ran = checkout.ab("--base", "HEAD", "--rounds", "1", "--scenario", "cold", "--json", exit_code=1)
    document = json.loads(ran.stdout)
    pairs = {pair["variant_head"]: pair for pair in document["pairs"]}
    same = pairs["same"]
    assert same["uncompressed_bytes_delta"] == 0
    assert same["packages"] == same["steps_lost"] == same["steps_won"] == []
    found = pairs["app"]
    assert [(one["name"], one["before"], one["after"]) for one in found["packages"]] == [("idna", None, "3.10")]
    assert [layer["instruction"] for layer in found["layers"] if layer["uncompressed_bytes_delta"] > 100_000] == [
        "RUN pip install -r requirements.txt"
    ]
    cache = [one["uncompressed_bytes_delta"] for one in found["unowned"] if one["path"].startswith("root/.cache/pip")]
    assert sum(cache) > 100_000
    said = " ".join(document["findings"])
    assert "idna 3.10 added" in said
    assert "/root/.cache/pip" in said
    assert "base's same" not in said
    # The check names the line and the same causes.
    check = document["check"]
    [budget] = [one for one in check["budgets"] if one["outcome"] == "regression"]
    assert (budget["variant"], budget["place"]) == ("app", {"path": "app.Dockerfile", "line": 5})
    assert any("python idna 3.10" in cause for cause in budget["causes"])
    assert any("/root/.cache/pip" in cause for cause in budget["causes"])
    assert [(one["kind"], one["variant"]) for one in check["waste"] if one["uncompressed_bytes"] > 100_000] == [
        ("pip-cache", "app")
    ]
    assert ran.stderr.splitlines()[-1].startswith("verdict: regression uncompressed_bytes[app] +")


def test_another_base_is_named_with_both_digests(checkout: Checkout) -> None:
    other = f"{BASE.rpartition(':')[0]}:2"
    load_base(checkout.docker, other, distinct="another")
    try:
        text = (checkout.folder / "Dockerfile").read_text()
        assert f"FROM {BASE}\n" in text
        checkout.write({"Dockerfile": text.replace(f"FROM {BASE}\n", f"FROM {other}\n")})
        ran = checkout.ab("--base", "HEAD", "--rounds", "1", "--scenario", "cold", "--json")
    finally:
        checkout.docker.run("image", "rm", "--force", other)
    digests = [read_result(checkout.out / f"{side}.json").bases[0].digest for side in ("base", "head")]
    assert None not in digests
    assert digests[0] != digests[1]
    before, after = (str(digest)[:19] for digest in digests)
    assert (
        f"The base image {other} stands in head in place of {BASE}: {before} -> {after}."
        in json.loads(ran.stdout)["notes"]
    )


def test_a_slower_step_is_named(checkout: Checkout) -> None:
    checkout.write(
        {
            "Dockerfile": f'FROM {BASE}\nCOPY seconds.txt .\nRUN sleep "$(cat seconds.txt)"\nRUN sleep 0.1\n',
            "seconds.txt": "0.1",
        }
    )
    checkout.repository.commit("slow")
    # By more than a busy machine adds: how little is found on one at rest is for benchmarks/paired_verdicts.py to show.
    checkout.write({"seconds.txt": "1.1"})
    # Fewer rounds do not prove anything of three steps and a total.
    ran = checkout.ab("--base", "HEAD", "--rounds", "10", "--scenario", "cold", "--json")
    document = json.loads(ran.stdout)
    [pair] = document["pairs"]
    assert steps(pair["steps_slower"]) == ['RUN sleep "$(cat seconds.txt)"']
    assert pair["steps_faster"] == []
    assert "head's sleep takes" in " ".join(document["findings"])


def test_what_one_side_cannot_build_is_left_out_and_the_rest_is_compared_and_checked(checkout: Checkout) -> None:
    text = (checkout.folder / "Dockerfile").read_text()
    names = ("unread", "baseless")
    bench = BENCH + "".join(f"[variants.{name}]\n" for name in names)
    bench += "[[budgets]]\nmetric = 'uncompressed_bytes'\nmax_increase = '1MB'\n"
    checkout.write({"layerbench.toml": bench, **{f"{name}.Dockerfile": text for name in names}})
    checkout.repository.commit("three")
    checkout.write(
        {
            "unread.Dockerfile": text + "RAN x\n",
            "baseless.Dockerfile": text.replace(f"FROM {BASE}", "FROM registry.invalid/nothing:1"),
        }
    )
    ran = checkout.ab("--base", "HEAD", "--rounds", "1", "--scenario", "cold", exit_code=3)
    results = [read_result(checkout.out / f"{side}.json") for side in ("base", "head")]
    assert [[build.variant for build in result.builds] for result in results] == [["app"], ["app"]]
    for told in (
        "variant unread is left out: in the working tree: unread.Dockerfile: line 6: no instruction is named RAN",
        'variant baseless is left out: in the working tree the base "registry.invalid/nothing:1" cannot be had',
    ):
        assert f"layerbench: the {told}" in ran.stderr
    assert "uncompressed_bytes[app]" in ran.stdout
    assert "Note: The variant unread is left out" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "verdict: error 2 failed"
