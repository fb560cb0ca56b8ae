"""The plugin in pytest: selection, marker, options, and what a failed test shows. Builds are made up."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from layerbench.errors import EngineError
from layerbench.pytest_plugin.builds import Builds
from layerbench.results.models import Result
from tests.pytest_plugin.conftest import MadeUp, RunPytest
from tests.results import factory

TWO = """
    def test_plain():
        pass

    def test_image(layerbench):
        assert layerbench.run("single").image.layers
"""


def text_of(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


@pytest.mark.parametrize(("expression", "name"), [("layerbench", "test_image"), ("not layerbench", "test_plain")])
def test_the_marker_selects(run_pytest: RunPytest, made_up: MadeUp, expression: str, name: str) -> None:
    result = run_pytest(TWO, "-v", "--strict-markers", "-m", expression)
    result.assert_outcomes(passed=1, deselected=1)
    assert f"test_image.py::{name} PASSED" in text_of(result)
    assert len(made_up.measured) == (1 if expression == "layerbench" else 0)


def test_a_test_that_has_the_fixture_through_another_one_is_marked(run_pytest: RunPytest, made_up: MadeUp) -> None:
    text = """
        import pytest

        @pytest.fixture(scope="module")
        def edited(layerbench):
            return layerbench.run("single", edit={"append": "app.py"})

        def test_it(edited):
            assert edited.step("RUN pip install*").cached
            assert not edited.step("RUN pip install*").ran
            assert edited.step("COPY . .").ran

        def test_plain():
            pass
    """
    run_pytest(text, "-m", "layerbench").assert_outcomes(passed=1, deselected=1)


def test_the_marker_and_options_are_explained(run_pytest: RunPytest) -> None:
    assert "@pytest.mark.layerbench: builds a container image" in text_of(run_pytest("", "--markers"))
    help_text = text_of(run_pytest("", "--help"))
    for name in ("--layerbench-bench-file=FILE", "--layerbench-no-engine={fail,skip}", "layerbench_bench_file"):
        assert name in help_text


def test_equal_requests_are_built_once_and_an_edit_brings_cold_and_warm(run_pytest: RunPytest, made_up: MadeUp) -> None:
    text = """
        def test_one(layerbench):
            assert layerbench.run("single", edit={"append": "app.py"}).title == "single after append app.py"

        def test_two(layerbench):
            same = layerbench.run("single", edit=[{"append": "app.py"}])
            assert layerbench.run("single").title == "single, cold"
            assert layerbench.run("single", warm=True).title == "single warm"
            assert layerbench.run("single", warm=True).build.scenario == "warm"
            assert layerbench.run("single").build.scenario == "cold"
            assert layerbench.run("single", scenario="cold").build is layerbench.run("single").build

        def test_others(layerbench):
            layerbench.run("single", edit={"touch": "app.py"})
            layerbench.run("single", scenario="edit-deps")
            layerbench.run("multi")
    """
    run_pytest(text).assert_outcomes(passed=3)
    assert made_up.measured == [
        ("cold", "warm", "edit"),
        ("cold", "warm", "edit"),
        ("cold", "warm", "edit-deps"),
        ("cold", "warm"),
    ]


def test_a_missed_cache_is_told_with_its_reason_and_the_steps(run_pytest: RunPytest, made_up: MadeUp) -> None:
    text = """
        def test_it(layerbench):
            run = layerbench.run("naive", edit={"append": "app.py"})
            assert run.step("RUN pip install*").cached
    """
    result = run_pytest(text)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            'E * assert not cached: it ran for 2.?? s, for "COPY . ." (line 3) before it ran: app.py changed (content)',
            "*- layerbench: naive after append app.py -*",
            "<naive after append app.py: 1 of 3 steps cached, 3.?? s>",
            "  line  step * time  compressed",
            "     2  WORKDIR /app * cached *93 B",
            "     3  COPY . . *0.02 s *1.2 kB",
            "     4  RUN pip install -r requirements.txt *2.?? s *19.2 MB",
            "image: 107.2 MB compressed, 88.0 MB of it the base; * uncompressed; 5 layers",
            '"COPY . ." ran, and no step before it did: app.py changed (content)',
        ]
    )


def test_a_size_over_its_limit_is_told_with_the_largest_layers(run_pytest: RunPytest, made_up: MadeUp) -> None:
    text = """
        def test_limit(layerbench):
            assert layerbench.run("multi").image.compressed_bytes < 60_000_000

        def test_two_images(layerbench):
            small, large = layerbench.run("multi").image, layerbench.run("single").image
            assert small.uncompressed_bytes < large.uncompressed_bytes

        def test_layers(layerbench):
            assert len(layerbench.run("single").image.layers) == 3
    """
    result = run_pytest(text)
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "E * assert 109,901,303 (109.9 MB) < 60,000,000, by 49.9 MB",
            "E * compressed bytes of the image, multi, cold; what it is made of:",
            "E *  88.0 MB compressed, 234.5 MB uncompressed: the base",
            "E *  21.9 MB compressed, *62.4 MB uncompressed: COPY --from=builder /venv /venv",
            "*- layerbench: multi, cold -*",
            "*[[]builder[]]*",
            "E * assert 296,907,680 (296.9 MB) < 288,609,216 (288.6 MB), by 8.3 MB",
            "E * uncompressed bytes of the image, multi, cold; what it is made of:",
            "E * uncompressed bytes of the image, single, cold; what it is made of:",
            "E * assert 6 == 3",
            "*- layerbench: single, cold -*",
        ]
    )
    assert "truncated" not in text_of(result)


def test_other_figures_are_told_too(run_pytest: RunPytest, made_up: MadeUp) -> None:
    text = """
        def test_seconds(layerbench):
            assert layerbench.run("naive").seconds < 0.001

        def test_step(layerbench):
            assert layerbench.run("naive").step("RUN*").seconds < 0.001

        def test_context(layerbench):
            assert layerbench.run("naive").context_bytes == 5

        def test_layer(layerbench):
            assert layerbench.run("naive").step("RUN*").layer.compressed_bytes <= 10_000_000

        def test_both_ways(layerbench):
            assert not layerbench.run("naive").step("RUN*").ran
    """
    result = run_pytest(text)
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        [
            "E * assert 3.?? s < 0.001, by 3.?? s",
            "E * time of the build, naive, cold; the longest steps:",
            "E * 2.?? s: RUN pip install -r requirements.txt",
            'E * time of "RUN pip install -r requirements.txt", naive, cold; the longest steps:',
            "E * assert 2,048 (2.0 kB) == 5",
            "E * bytes of the context that were sent, naive, cold",
            "E * assert 19,230,000 (19.2 MB) <= 10,000,000, by 9.2 MB",
            "E * assert not it ran for 2.?? s, for nothing was cached",
        ]
    )


def test_a_test_shows_no_builds_of_the_test_before(run_pytest: RunPytest, made_up: MadeUp) -> None:
    text = """
        def test_one(layerbench):
            assert layerbench.run("naive").image

        def test_two():
            assert 1 == 2
    """
    result = run_pytest(text)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*layerbench: naive*")


def test_the_steps_are_in_a_report_for_machines(run_pytest: RunPytest, made_up: MadeUp, tmp_path: Path) -> None:
    text = """
        def test_it(layerbench):
            assert layerbench.run("naive", edit={"append": "app.py"}).step("RUN*").cached
    """
    run_pytest(text, f"--junitxml={tmp_path / 'report.xml'}")
    report = (tmp_path / "report.xml").read_text()
    assert "<naive after append app.py: 1 of 3 steps cached".replace("<", "&lt;") in report
    assert "layerbench" not in report.partition("<failure")[0].partition("<testcase")[0]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (
            '"RUN pip instal"',
            ['*no step of multi, cold matches "RUN pip instal"; its steps are:', "*[[]builder[]] RUN python -m venv*"],
        ),
        ('"RUN*"', ['*2 steps of multi, cold match "RUN\\**', "*[[]builder[]] RUN python -m venv /venv*"]),
        ('"RUN*", stage="other"', ['*no step of multi, cold matches "RUN\\*" in the stage "other"*']),
    ],
)
def test_no_step_or_several_fail_and_list_the_steps(
    run_pytest: RunPytest, made_up: MadeUp, pattern: str, told: list[str]
) -> None:
    text = f"""
        def test_it(layerbench):
            assert layerbench.run("multi").step({pattern}).cached
    """
    result = run_pytest(text)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([line.replace("\\*", "[*]") for line in told])
    result.stdout.no_fnmatch_line("*outcome.py*")


def test_a_step_is_found_by_stage_exact_text_and_wildcards(run_pytest: RunPytest, made_up: MadeUp) -> None:
    text = """
        def test_it(layerbench):
            run = layerbench.run("multi")
            assert run.step("FROM*", stage="builder").cached == False
            assert not run.step("FROM*", stage="builder").ran
            assert "FROM is neither" in repr(run.step("FROM*", stage="builder").cached)
            assert run.step("COPY . .").layer.compressed_bytes == 1210
            assert run.step("COPY . .").layer.instruction == "COPY . ."
            assert run.step("RUN python*").layer is None
            assert [layer.instruction for layer in run.image.layers][:3] == [None, None, "WORKDIR /app"]
            assert run.image.compressed_bytes == sum(layer.compressed_bytes for layer in run.image.layers)
            assert run.step("RUN *pip install -r requirements.t?t").seconds > 1
    """
    run_pytest(text).assert_outcomes(passed=1)


def test_a_failed_build_fails_the_test_with_its_log(run_pytest: RunPytest, made_up: MadeUp) -> None:
    def fail(result: Result) -> Result:
        return factory.fail(result, "naive", "cold", (1,))

    made_up.change = fail
    text = """
        import pytest
        from layerbench.pytest_plugin.errors import BuildFailedError

        def test_it(layerbench):
            layerbench.run("naive")

        def test_that_it_fails(layerbench):
            with pytest.raises(BuildFailedError, match="exit code: 1") as caught:
                layerbench.run("naive")
            assert caught.value.build.error.exit_code == 1
    """
    result = run_pytest(text)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*BuildFailedError: the build of naive, cold failed: process did not complete: exit code: 1",
            "E * ERROR: no such index",
            "E * RUN pip install -r requirements.txt*",
        ]
    )
    result.stdout.no_fnmatch_line("*fixture.py*")
    assert made_up.measured == [("cold", "warm")]


def test_an_invalid_build_fails_the_test(run_pytest: RunPytest, made_up: MadeUp) -> None:
    made_up.change = lambda result: factory.change(result, "naive", "cold", (1,), invalid="a foreign hit")
    result = run_pytest('def test_it(layerbench):\n    layerbench.run("naive")\n')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*the build of naive, cold says nothing, for its cache * be: a foreign hit"])


@pytest.mark.parametrize(("choice", "outcomes"), [(None, {"failed": 2}), ("skip", {"skipped": 2})])
def test_without_an_engine(
    run_pytest: RunPytest, monkeypatch: pytest.MonkeyPatch, choice: str | None, outcomes: dict[str, int]
) -> None:
    asked = []

    def connect(self: Builds) -> None:
        asked.append(self)
        raise EngineError("no Docker Engine answers; start it")

    monkeypatch.setattr(Builds, "connect", connect)
    text = """
        def test_one(layerbench):
            layerbench.run("single")

        def test_two(layerbench):
            layerbench.run("multi")
    """
    result = run_pytest(text, "-rs", *([f"--layerbench-no-engine={choice}"] if choice else []))
    result.assert_outcomes(**outcomes)
    result.stdout.fnmatch_lines(["*no Docker Engine answers; start it"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert len(asked) == 1


def test_another_engine_is_another_build(
    run_pytest: RunPytest, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
        import pytest

        @pytest.mark.parametrize("host", ["unix:///a", "unix:///b", "unix:///a"])
        def test_it(layerbench, monkeypatch, host):
            monkeypatch.setenv("DOCKER_HOST", host)
            layerbench.run("single")
    """

    def connect(self: Builds) -> object:
        from types import SimpleNamespace

        return SimpleNamespace(engine=SimpleNamespace(id=os.environ["DOCKER_HOST"]))

    monkeypatch.setattr(Builds, "connect", connect)
    run_pytest(text).assert_outcomes(passed=3)
    assert made_up.measured == [("cold", "warm")] * 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_build_and_is_pytests_again_afterwards(
    run_pytest: RunPytest, made_up: MadeUp, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layerbench.runner.interruption._interruptions.last_seconds", None)
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    made_up.on_measure = lambda: signal.raise_signal(number)
    result = run_pytest('def test_it(layerbench):\n    layerbench.run("naive")\n', no_reraise_ctrlc=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert {one: signal.getsignal(one) for one in before} == before


def test_the_bench_file_is_found_by_option_ini_and_root(run_pytest: RunPytest, made_up: MadeUp, tmp_path: Path) -> None:
    text = 'def test_it(layerbench):\n    assert layerbench.run("naive").image\n'
    run_pytest(text).assert_outcomes(passed=1)
    Path("other").mkdir()
    Path("layerbench.toml").rename("other/bench.toml")
    for name in ("naive", "single", "single-pip-cache", "multi", "multi-no-mounts"):
        Path(f"{name}.Dockerfile").rename(f"other/{name}.Dockerfile")
    Path("requirements.txt").rename("other/requirements.txt")
    missing = run_pytest(text)
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(["E*UsageError: there is no layerbench.toml in *`layerbench init`*"])
    run_pytest(text, ini=["layerbench_bench_file = other/bench.toml"]).assert_outcomes(passed=1)
    run_pytest(text, "--layerbench-bench-file=other/bench.toml").assert_outcomes(passed=1)


def test_nothing_heavy_is_loaded_for_tests_without_images(pytester: pytest.Pytester) -> None:
    from tests.pytest_plugin.sessions import plugin_arguments

    pytester.makepyfile(
        """
        import sys

        def test_it():
            assert not {"pydantic", "docker", "dockerfile", "rich"} & set(sys.modules)
        """
    )
    pytester.runpytest_subprocess(*plugin_arguments(), "-p", "no:xdist").assert_outcomes(passed=1)
