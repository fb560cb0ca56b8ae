"""What other people's CI takes from here: the action, the workflows, GitLab's template, the pre-commit hooks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pre_commit.clientlib import load_manifest

from layerbench.report.checks import github
from tests.cli.process import layerbench

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
COMMENT = ROOT / ".github/workflows/image-size-comment.yml"
GITLAB = ROOT / "ci/gitlab/layerbench.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
MEASURE = ROOT / "ci/github/measure.sh"
INSTALL = ROOT / "ci/github/install.sh"
DOCUMENT = ROOT / "docs/ci.md"

FORMATS = {
    *("table", "json", "markdown", "junit", "sarif", "openmetrics"),
    *("github", "github-summary", "github-comment", "gitlab-code-quality", "gitlab-metrics"),
}


def _load(path: Path) -> Any:
    # YAML 1.1 reads the key "on" as true.
    return yaml.safe_load(re.sub(r"(?m)^on:", '"on":', path.read_text()))


def _validate(schema: str, *paths: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _steps() -> list[tuple[str, dict[str, Any]]]:
    steps = [(ACTION.name, step) for step in _load(ACTION)["runs"]["steps"]]
    for path in WORKFLOWS:
        for job in _load(path)["jobs"].values():
            steps += [(path.name, step) for step in job["steps"]]
    return steps


# Schemas


def test_the_action_keeps_to_its_schema() -> None:
    _validate("github-actions", ACTION)


def test_the_workflows_keep_to_their_schema() -> None:
    assert {path.stem for path in WORKFLOWS} == {"ci", "image-size", "image-size-comment"}
    _validate("github-workflows", *WORKFLOWS)


def test_gitlabs_template_keeps_to_its_schema() -> None:
    _validate("gitlab-ci", GITLAB)


def test_the_schemas_are_able_to_refuse(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(COMMENT.read_text().replace("runs-on:", "runs-in:"))
    with pytest.raises(AssertionError, match="runs-in"):
        _validate("github-workflows", wrong)


def test_the_documents_examples_keep_to_their_schemas(tmp_path: Path) -> None:
    blocks = re.findall(r"(?ms)^```yaml\n(.*?)^```$", DOCUMENT.read_text())
    kinds = {"workflows": [], "gitlab": [], "hooks": []}  # type: dict[str, list[Path]]
    for number, block in enumerate(blocks):
        kind = "workflows" if "runs-on:" in block else "gitlab" if "include:" in block else "hooks"
        path = tmp_path / f"{kind}-{number}.yml"
        path.write_text(block)
        kinds[kind].append(path)
    assert {kind: len(paths) for kind, paths in kinds.items()} == {"workflows": 2, "gitlab": 1, "hooks": 1}
    _validate("github-workflows", *kinds["workflows"])
    _validate("gitlab-ci", *kinds["gitlab"])
    known = {hook["id"] for hook in load_manifest(str(HOOKS))}
    used = {hook["id"] for repo in _load(kinds["hooks"][0])["repos"] for hook in repo["hooks"]}
    assert used == known
    assert len(blocks[0].splitlines()) == 10


# What they may do


def test_actions_are_pinned_by_a_full_version() -> None:
    used = [step["uses"] for _, step in _steps() if "uses" in step]
    assert "./" in used
    for name in used:
        assert name == "./" or re.fullmatch(r"actions/[\w-]+@v\d+\.\d+\.\d+", name), name


def test_no_expression_stands_in_a_script() -> None:
    """A branch's name or an input in a script would be run as part of it."""
    scripts = [step.get("run", "") + str(step.get("with", {}).get("script", "")) for _, step in _steps()]
    assert any(scripts)
    assert not [script for script in scripts if "${{" in script]


def test_only_the_workflow_that_runs_no_foreign_code_may_write() -> None:
    for path in WORKFLOWS:
        workflow = _load(path)
        if path == COMMENT:
            continue
        assert workflow["permissions"] == {"contents": "read"}
        assert not [job for job in workflow["jobs"].values() if "permissions" in job]
        for job in workflow["jobs"].values():
            checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
            assert checkouts
            assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    comment = _load(COMMENT)
    assert comment["permissions"] == {}
    (job,) = comment["jobs"].values()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    used = [step["uses"].partition("@")[0] for step in job["steps"]]
    assert used == ["actions/download-artifact", "actions/github-script"]


def test_the_second_workflow_waits_for_the_first_and_knows_its_artifacts() -> None:
    first = _load(ROOT / ".github/workflows/image-size.yml")
    second = _load(COMMENT)
    assert second["on"]["workflow_run"]["workflows"] == [first["name"]]
    assert list(first["on"]) == ["pull_request"]
    (job,) = first["jobs"].values()
    upload = job["steps"][-1]["with"]["name"]
    pattern = next(iter(second["jobs"].values()))["steps"][0]["with"]["pattern"]
    assert upload.startswith(pattern.removesuffix("*"))
    for app in job["strategy"]["matrix"]["app"]:
        assert (ROOT / "sample_app" / app / "layerbench.toml").is_file()


def test_the_make_targets_of_ci_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for job in _load(ROOT / ".github/workflows/ci.yml")["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                target = step["run"].removeprefix("make ")
                assert re.search(rf"(?m)^{target}:", makefile), target


# The action's scripts, with a layerbench that only notes what it is asked for

FAKE = r"""#!/usr/bin/env bash
printf '%s\n' "$*" >> "$CALLS"
command=$1; shift
output= format= previous=
for word in "$@"; do
    case $previous in -o) output=$word ;; --format) format=$word ;; esac
    previous=$word
done
echo "::error::from a build"
case $command in
    ab)
        [ -z "$NO_RESULT" ] && { echo '{}' > "$output/head.json"; echo '{}' > "$output/base.json"; }
        exit "${MEASURED:-0}" ;;
    run) [ -z "$NO_RESULT" ] && echo '{}' > "$output"; exit "${MEASURED:-0}" ;;
    compare) echo "compared" ;;
    check)
        if [ -n "$output" ]; then echo "in $format" > "$output"; else printf '%s' "$SAID"; fi
        exit "${CHECKED:-0}" ;;
esac
"""


class Action:
    """The action's second step in a scratch repository."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self._folder = folder
        self._git("init", "--quiet", "--initial-branch=main", str(self.repository), folder=folder)
        self._git("commit", "--quiet", "--allow-empty", "-m", "one")
        self.commit = self._git("rev-parse", "HEAD").strip()
        self._program = folder / "layerbench"
        self._program.write_text(FAKE)
        self._program.chmod(0o755)

    def _git(self, *words: str, folder: Path | None = None) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        command = ["git", *identity, *words]
        return subprocess.run(command, cwd=folder or self.repository, capture_output=True, text=True, check=True).stdout

    def clone_shallow(self) -> None:
        """Put a clone in the repository's place that has the last commit only."""
        self._git("commit", "--quiet", "--allow-empty", "-m", "two")
        self._git("clone", "--quiet", "--depth=1", f"file://{self.repository}", "clone", folder=self._folder)
        self.repository = self._folder / "clone"

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        known = {
            "LAYERBENCH": str(self._program),
            "CALLS": str(self._folder / "calls"),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(self._folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self._folder / "summary"),
            "BENCH_FILE": "app/layerbench.toml",
            "SAID": "a table\nverdict: ok\n",
            "NO_RESULT": "",
        }
        return subprocess.run(
            ["bash", str(MEASURE)],
            cwd=self.repository,
            env={**os.environ, **known, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in (self._folder / "output").read_text().splitlines())

    @property
    def summary(self) -> str:
        return (self._folder / "summary").read_text()


@pytest.fixture
def action(tmp_path: Path) -> Action:
    return Action(tmp_path)


def test_the_action_compares_with_the_base(action: Action) -> None:
    said = "a table\nverdict: regression compressed_bytes[multi] +12.4MB (+11.3%) budget +5%\n"
    done = action.run(
        BASE_REF="main", ROUNDS="3", BUDGETS="strict.toml\nmore.toml\n", CHECKED="1", MEASURED="1", SAID=said
    )
    assert done.returncode == 1
    folder = action.outputs["report-path"]
    assert action.outputs["verdict"] == "regression"
    head = f"{folder}/head.json -c app/layerbench.toml --baseline {folder}/base.json"
    check = f"check {head} --budget-file strict.toml --budget-file more.toml --format"
    assert action.calls[0] == f"ab --no-check --base {action.commit} -c app/layerbench.toml --rounds 3 -o {folder}"
    assert action.calls[1] == f"{check} table"
    assert all(call.startswith(check) for call in action.calls[1:-1])
    assert action.calls[-1] == f"compare {folder}/base.json {folder}/head.json --format markdown"
    assert {path.name for path in Path(folder).iterdir()} >= {
        *("head.json", "base.json", "check.json", "comment.md", "summary.md", "compare.md"),
        *("annotations.txt", "junit.xml", "layerbench.sarif", "metrics.txt"),
    }
    assert Path(folder, "comment.md").read_text() == "in github-comment\n"
    assert done.stdout.endswith("in github\n")
    assert "in github-summary\n" in action.summary
    assert "compared\n" in action.summary


def test_the_action_checks_one_state_without_a_base(action: Action) -> None:
    for base in ("", "none"):
        assert action.run(BASE_REF=base).returncode == 0
    folder = action.outputs["report-path"]
    assert action.outputs["verdict"] == "ok"
    assert f"run -c app/layerbench.toml -o {folder}/head.json" in action.calls
    assert not [call for call in action.calls if call.startswith(("ab", "compare")) or "--baseline" in call]


def test_the_action_fetches_a_base_that_a_shallow_checkout_lacks(action: Action) -> None:
    base = action.commit
    action.clone_shallow()
    assert action.run(BASE_REF=base).returncode == 0
    assert action.calls[0].startswith(f"ab --no-check --base {base} ")


@pytest.mark.parametrize("ref", ["no-such-branch", "--upload-pack=touch x"])
def test_the_action_says_that_there_is_no_such_base(action: Action, ref: str) -> None:
    action.clone_shallow()
    done = action.run(BASE_REF=ref)
    assert done.returncode == 2
    assert "::error title=layerbench::the base ref is no commit" in done.stdout
    assert action.outputs["verdict"] == "error"
    assert list(action.repository.iterdir()) == [action.repository / ".git"]


@pytest.mark.parametrize(("measured", "code"), [("0", 3), ("1", 3), ("2", 2), ("3", 3)])
def test_the_action_says_that_nothing_was_measured(action: Action, measured: str, code: int) -> None:
    done = action.run(BASE_REF="main", NO_RESULT="1", MEASURED=measured)
    assert done.returncode == code
    assert action.outputs["verdict"] == "error"
    assert "::error title=layerbench::nothing was measured" in done.stdout
    assert len(action.calls) == 1


def test_the_action_shows_what_it_has_of_a_run_with_failed_builds(action: Action) -> None:
    done = action.run(BASE_REF="main", MEASURED="3", CHECKED="3", SAID="verdict: error 2 builds failed\n")
    assert done.returncode == 3
    assert action.outputs["verdict"] == "error"
    assert "in github-summary" in action.summary


def test_the_action_says_that_there_is_no_verdict(action: Action) -> None:
    done = action.run(CHECKED="2", SAID="no baseline\n")
    assert done.returncode == 2
    assert action.outputs["verdict"] == "error"


def test_what_a_build_prints_is_no_workflow_command(action: Action) -> None:
    stopped = None
    for line in action.run(BASE_REF="main").stdout.splitlines():
        if line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
            assert re.fullmatch("[0-9a-f]{32}", stopped)
        elif line == f"::{stopped}::":
            stopped = None
        elif line.startswith("::error::from a build"):
            assert stopped
    assert stopped is None


def test_the_install_script_refuses_a_version_that_is_none(tmp_path: Path) -> None:
    environment = {"VERSION": "1 --index-url x", "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(tmp_path)}
    done = subprocess.run(
        ["bash", str(INSTALL)], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "::error title=layerbench::the input version is none" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_templates_ask_only_for_formats_that_there_are() -> None:
    text = "\n".join(path.read_text() for path in (MEASURE, GITLAB, DOCUMENT))
    table = re.search(r"<< 'FORMATS'\n(.*?)\nFORMATS", MEASURE.read_text(), re.DOTALL)
    assert table
    asked = {line.split()[0] for line in table[1].splitlines()} | set(re.findall(r"--format ([\w-]+)", text))
    assert asked <= FORMATS
    for script in (MEASURE, INSTALL):
        subprocess.run(["bash", "-n", str(script)], check=True)


def test_gitlabs_script_is_a_shells_and_its_reports_are_written() -> None:
    job = _load(GITLAB)["layerbench"]
    (script,) = job["script"]
    subprocess.run(["sh", "-n", "-c", script], check=True)
    for path in job["artifacts"]["reports"].values():
        folder, name = path.split("/")
        assert f"folder={folder}\n" in script
        assert f'-o "$folder/{name}"' in script


@pytest.mark.parametrize(
    ("measured", "checked", "code"), [("0", "0", 0), ("1", "1", 1), ("0", "2", 2), ("3", "3", 3), ("3", "0", 3)]
)
@pytest.mark.parametrize("base", ["", "c0ffee"])
def test_gitlabs_script_measures_and_checks(tmp_path: Path, base: str, measured: str, checked: str, code: int) -> None:
    program = tmp_path / "bin" / "layerbench"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(0o755)
    job = _load(GITLAB)["layerbench"]
    known = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "MEASURED": measured,
        "CHECKED": checked,
        "SAID": "verdict: ok\n",
        "NO_RESULT": "",
    }
    done = subprocess.run(
        ["sh", "-eu", "-c", job["script"][0]],
        cwd=tmp_path,
        env={**os.environ, **job["variables"], **known},
        capture_output=True,
        check=False,
    )
    assert done.returncode == code
    calls = (tmp_path / "calls").read_text().splitlines()
    bench = "-c layerbench.toml"
    if base:
        assert calls[0] == f"ab --no-check --base c0ffee {bench} -o layerbench-report"
    else:
        assert calls[0] == f"run {bench} -o layerbench-report/head.json"
    assert all(("--baseline layerbench-report/base.json" in call) == bool(base) for call in calls[1:])
    for path in job["artifacts"]["reports"].values():
        assert (tmp_path / path).read_text().startswith("in ")


# The comment


NODE = shutil.which("node")
HARNESS = """
const calls = [];
const given = JSON.parse(process.env.GIVEN);
const note = (name) => async (values) => { calls.push([name, values]); return { data: given.pulls }; };
const github = {
  paginate: async () => given.comments,
  rest: {
    pulls: { list: note('list') },
    issues: { listComments: null, updateComment: note('update'), createComment: note('create') },
  },
};
const core = { notice: (text) => calls.push(['notice', text]) };
const context = {
  repo: { owner: 'o', repo: 'r' },
  payload: { workflow_run: { head_sha: 'abc', head_branch: 'b', head_repository: { owner: { login: 'f' } } } },
};
(async () => { SCRIPT })().then(() => console.log(JSON.stringify(calls)));
"""


def _comment(reports: Path, comments: list[dict[str, Any]], sha: str = "abc") -> list[list[Any]]:
    script = next(iter(_load(COMMENT)["jobs"].values()))["steps"][1]["with"]["script"]
    given = {
        "pulls": [{"number": 1, "head": {"sha": "old"}}, {"number": 7, "head": {"sha": sha}}],
        "comments": comments,
    }
    done = subprocess.run(
        [str(NODE), "-e", HARNESS.replace("SCRIPT", script)],
        env={**os.environ, "GIVEN": json.dumps(given), "REPORTS": str(reports)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    calls: list[list[Any]] = json.loads(done.stdout)
    assert calls.pop(0) == ["list", {"owner": "o", "repo": "r", "state": "open", "head": "f:b"}]
    return calls


def test_the_comments_marker_is_the_one_that_the_report_has() -> None:
    assert f"const marker = '{github.MARKER}';" in COMMENT.read_text()
    assert f"const longest = {github.COMMENT_CHARACTERS};" in COMMENT.read_text()
    assert f"`{github.MARKER}`" in DOCUMENT.read_text()


@pytest.mark.skipif(NODE is None, reason="the comment's script needs node")
def test_the_comment_is_made_once_and_then_updated(tmp_path: Path) -> None:
    for app in ("web", "native"):
        folder = tmp_path / f"image-size-{app}"
        folder.mkdir()
        (folder / "comment.md").write_text(f"{github.MARKER}\n## {app} by @someone\n")
    body = f"{github.MARKER}\n### native\n\n## native by @\u200bsomeone\n\n### web\n\n## web by @\u200bsomeone\n"
    where = {"owner": "o", "repo": "r"}
    person = {"id": 3, "user": {"type": "User"}, "body": body}
    assert _comment(tmp_path, [person]) == [["create", {**where, "issue_number": 7, "body": body}]]
    earlier = {"id": 4, "user": {"type": "Bot"}, "body": f"{github.MARKER}\nold"}
    assert _comment(tmp_path, [person, earlier]) == [["update", {**where, "comment_id": 4, "body": body}]]


@pytest.mark.skipif(NODE is None, reason="the comment's script needs node")
def test_no_comment_without_report_or_without_its_pull_request(tmp_path: Path) -> None:
    assert _comment(tmp_path, []) == [["notice", "The run left no comment."]]
    (tmp_path / "comment.md").write_text(f"{github.MARKER}\none artifact\n")
    ((name, values),) = _comment(tmp_path, [])
    assert (name, values["body"]) == ("create", f"{github.MARKER}\none artifact\n")
    ((name, _),) = _comment(tmp_path, [], sha="newer")
    assert name == "notice"


# pre-commit


def test_the_hooks_are_a_manifest_that_pre_commit_takes() -> None:
    hooks = {hook["id"]: hook for hook in load_manifest(str(HOOKS))}
    assert {name: hook["entry"] for name, hook in hooks.items()} == {
        "layerbench-plan": "layerbench plan",
        "layerbench-check": "layerbench check",
    }
    files = re.compile(hooks["layerbench-plan"]["files"])
    for path in (
        "layerbench.toml",
        "sample_app/web/layerbench.toml",
        "a/multi.Dockerfile",
        "Dockerfile",
        ".dockerignore",
    ):
        assert files.search(path), path
    for path in ("README.md", "layerbench.toml.orig", "src/dockerfile.py"):
        assert not files.search(path), path


def test_the_plan_hook_refuses_a_bench_file_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    bench = tmp_path / "layerbench.toml"
    bench.write_text('name = "x"\n[variants.one]\ndockerfile = "Dockerfile"\n')
    words = load_manifest(str(HOOKS))[0]["entry"].split()[1:]
    assert layerbench(*words, folder=tmp_path).returncode == 0
    bench.write_text('name = "x"\n[variants.one]\ndockerfile = "Missing"\n')
    done = layerbench(*words, folder=tmp_path)
    assert done.returncode == 2
    assert "Missing" in done.stderr
