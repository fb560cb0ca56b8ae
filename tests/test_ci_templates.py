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
from tests.ci_action import FAKE, INSTALL, MEASURE
from tests.cli.process import layerbench

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
COMMENT = ROOT / ".github/workflows/image-size-comment.yml"
GITLAB = ROOT / "ci/gitlab/layerbench.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
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


# The scripts


def test_templates_ask_only_for_formats_that_there_are() -> None:
    text = "\n".join(path.read_text() for path in (MEASURE, GITLAB, DOCUMENT))
    forms = re.search(r"(?ms)^forms='\n(.*?)^'", MEASURE.read_text())
    assert forms
    asked = {line.strip().partition("=")[0] for line in forms[1].splitlines()}
    asked |= set(re.findall(r"--format ([\w-]+)", text)) | set(re.findall(r'--report "?([a-z-]+)=', text))
    assert {"github-comment", "gitlab-metrics", "junit"} < asked <= FORMATS
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
        assert f'=$folder/{name}"' in script


class GitLab:
    """The script of GitLab's job, with a layerbench that only notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        program = folder / "bin" / "layerbench"
        program.parent.mkdir()
        program.write_text(FAKE)
        program.chmod(0o755)

    def run(self, **environment: str) -> int:
        job = _load(GITLAB)["layerbench"]
        known = {
            "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(self._folder / "calls"),
            "SAID": "verdict: ok\n",
            "NO_RESULT": "",
        }
        return subprocess.run(
            ["sh", "-eu", "-c", job["script"][0]],
            cwd=self._folder,
            env={**os.environ, **job["variables"], **known, **environment},
            capture_output=True,
            check=False,
        ).returncode

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()

    def assert_reports(self) -> None:
        for path in _load(GITLAB)["layerbench"]["artifacts"]["reports"].values():
            assert (self._folder / path).read_text().startswith("in ")


@pytest.fixture
def gitlab(tmp_path: Path) -> GitLab:
    return GitLab(tmp_path)


@pytest.mark.parametrize("code", [0, 1, 3])
def test_gitlabs_script_leaves_compare_and_check_to_one_run(gitlab: GitLab, code: int) -> None:
    assert gitlab.run(CI_MERGE_REQUEST_DIFF_BASE_SHA="c0ffee", MEASURED=str(code)) == code
    (call,) = gitlab.calls
    assert call.startswith("ab --base c0ffee -c layerbench.toml -o layerbench-report --report gitlab-code-quality=")
    gitlab.assert_reports()


def test_gitlabs_script_takes_the_target_that_a_merged_result_is_merged_into(gitlab: GitLab) -> None:
    gitlab.run(CI_MERGE_REQUEST_DIFF_BASE_SHA="0ld", CI_MERGE_REQUEST_TARGET_BRANCH_SHA="c0ffee")
    assert gitlab.calls[0].startswith("ab --base c0ffee ")
    gitlab.run(CI_MERGE_REQUEST_DIFF_BASE_SHA="0ld", CI_MERGE_REQUEST_TARGET_BRANCH_SHA="")
    assert gitlab.calls[1].startswith("ab --base 0ld ")


@pytest.mark.parametrize(
    ("measured", "checked", "code"), [("0", "0", 0), ("1", "1", 1), ("0", "2", 2), ("3", "3", 3), ("3", "0", 3)]
)
def test_gitlabs_script_judges_the_state_alone_without_a_base(
    gitlab: GitLab, measured: str, checked: str, code: int
) -> None:
    assert gitlab.run(CI_MERGE_REQUEST_DIFF_BASE_SHA="", MEASURED=measured, CHECKED=checked) == code
    first, *checks = gitlab.calls
    assert first == "run -c layerbench.toml -o layerbench-report/head.json"
    assert len(checks) == 4
    judged = "check layerbench-report/head.json -c layerbench.toml --without-baseline --format "
    assert all(call.startswith(judged) for call in checks)
    if checked != "2":
        gitlab.assert_reports()


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
    for reports in (tmp_path, tmp_path / "no-artifact"):
        assert _comment(reports, []) == [["notice", "The run left no comment."]]
    (tmp_path / "comment.md").write_text(f"{github.MARKER}\none artifact\n")
    ((name, values),) = _comment(tmp_path, [])
    assert (name, values["body"]) == ("create", f"{github.MARKER}\none artifact\n")
    ((name, _),) = _comment(tmp_path, [], sha="newer")
    assert name == "notice"


@pytest.mark.skipif(NODE is None, reason="the comment's script needs node")
def test_an_earlier_comment_does_not_outlive_a_run_without_report(tmp_path: Path) -> None:
    earlier = {"id": 4, "user": {"type": "Bot"}, "body": f"{github.MARKER}\n## layerbench: ✅ within all budgets"}
    ((name, values),) = _comment(tmp_path / "no-artifact", [earlier])
    assert (name, values["comment_id"]) == ("update", 4)
    assert values["body"].startswith(f"{github.MARKER}\n## layerbench: ❌ no verdict\n")


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
