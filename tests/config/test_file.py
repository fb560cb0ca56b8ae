"""Reading bench files: what is read, and a sentence with file, key and mend for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.config.file import find_bench_file, load_bench_file
from layerbench.config.models import (
    COLD,
    WARM,
    Append,
    BenchFile,
    Chmod,
    Delete,
    IndexSettings,
    Patch,
    Rename,
    Replace,
    Run,
    Scenario,
    Secret,
    SmokeCommand,
    SmokeHttp,
    Touch,
    Variant,
    Write,
)
from layerbench.config.names import did_you_mean
from layerbench.config.schema import parse_duration
from layerbench.errors import UsageError

EVERYTHING = r"""
name = "all of it"
rounds = 5

[variants.plain]
dockerfile = "a.Dockerfile"

[variants."with spaces"]
dockerfile = "a.Dockerfile"
context = "sub"
target = "final"
build_args = { VERSION = "1" }
build_contexts = { assets = "docker-image://x" }
secrets = [{ id = "token", env = "TOKEN" }, { id = "netrc", file = "secret.txt" }]
ssh = ["default"]
platform = "linux/arm64"
network = "none"
timeout = "2m"
extra_args = ["--ulimit", "nofile=1"]
smoke = { command = ["app", "--version"], timeout = 5 }

[smoke]
port = 8000
path = "/health"
timeout = "1.5s"

[scenarios.cold]
variants = ["plain"]

[scenarios.warm]
description = "again"

[scenarios.edits]
description = "all kinds"
variants = ["plain"]
edits = [
  { append = "app.py", text = "# {nonce}" },
  { replace = "app.py", pattern = '^(a)', with = '\1b' },
  { write = "new/x", text = "" },
  { delete = "old" },
  { rename = "a", to = "b" },
  { chmod = "run.sh", mode = "0755" },
  { touch = "app.py" },
  { patch = "change.diff" },
  { run = "sed x" },
  { run = ["sed", "x"] },
]

[bases]
"python:3.12-slim" = "oci-layout://layout"
"node:22" = "${NODE:-docker-image://mirror.example/node:22}"
"golang:1" = "${GO}"
"ruby:3" = "${RUBY}"

[index]
requirements = ["requirements.txt"]
packages = ["flask==3"]
sources = ["psycopg2"]
python_version = "3.11"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "secret.txt").write_text("hunter2")
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "change.diff").write_bytes(b"--- a/x\n+++ b/x\n\xff\n")
    (tmp_path / "sub").mkdir()
    return tmp_path.resolve()


def load(folder: Path, text: str) -> BenchFile:
    path = folder / "layerbench.toml"
    path.write_text(text)
    return load_bench_file(path, {"GO": "docker-image://mirror.example/golang:1"})


def problem(folder: Path, text: str) -> str:
    """What is wrong, after the file's name."""
    with pytest.raises(UsageError) as caught:
        load(folder, text)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'layerbench.toml'}: ")
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message.split(": ", 1)[1].replace(str(folder), "FOLDER")


def test_everything_that_a_bench_file_can_say_is_read(folder: Path) -> None:
    bench = load(folder, EVERYTHING)
    smoke = SmokeHttp(8000, "/health", 1.5)
    assert bench == BenchFile(
        name="all of it",
        folder=folder,
        variants=(
            Variant("plain", folder / "a.Dockerfile", folder, smoke=smoke),
            Variant(
                "with spaces",
                folder / "a.Dockerfile",
                folder / "sub",
                target="final",
                build_args={"VERSION": "1"},
                build_contexts={"assets": "docker-image://x"},
                secrets=(Secret("token", env="TOKEN"), Secret("netrc", file=folder / "secret.txt")),
                ssh=("default",),
                platform="linux/arm64",
                network="none",
                timeout_seconds=120.0,
                extra_args=("--ulimit", "nofile=1"),
                smoke=SmokeCommand(("app", "--version"), 5.0),
            ),
        ),
        scenarios=(
            Scenario("cold", "cold", COLD.description, variants=("plain",)),
            Scenario("warm", "warm", "again"),
            Scenario(
                "edits",
                "edit",
                "all kinds",
                (
                    Append("app.py", "# {nonce}"),
                    Replace("app.py", "^(a)", r"\1b"),
                    Write("new/x", ""),
                    Delete("old"),
                    Rename("a", "b"),
                    Chmod("run.sh", 0o755),
                    Touch("app.py"),
                    Patch("--- a/x\n+++ b/x\n\udcff\n"),
                    Run("sed x"),
                    Run(("sed", "x")),
                ),
                ("plain",),
            ),
        ),
        rounds=5,
        bases={
            "python:3.12-slim": f"oci-layout://{folder}/layout",
            "node:22": "docker-image://mirror.example/node:22",
            "golang:1": "docker-image://mirror.example/golang:1",
        },
        index=IndexSettings("auto", (folder / "requirements.txt",), ("flask==3",), ("psycopg2",), "3.11"),
    )


def test_what_is_not_said_has_its_default(folder: Path) -> None:
    assert load(folder, "[variants.a]") == BenchFile(
        name=folder.name,
        folder=folder,
        variants=(Variant("a", folder / "a.Dockerfile", folder),),
        scenarios=(COLD, WARM),
        rounds=3,
    )


def test_no_secret_is_read(folder: Path) -> None:
    assert "hunter2" not in repr(load(folder, EVERYTHING))


PROBLEMS = {
    # variants
    "": "there are no variants; add one, as [variants.NAME] with a `dockerfile`",
    "rond = 3\n[variants.a]": 'rond: unknown key; did you mean "rounds"?',
    "name = ''\n[variants.a]": 'name: should not be empty (given: "")',
    "rounds = 0\n[variants.a]": "rounds: input should be greater than or equal to 1 (given: 0)",
    "rounds = true\n[variants.a]": "rounds: should be a whole number (given: true)",
    "rounds = '3'\n[variants.a]": 'rounds: should be a whole number (given: "3")',
    "variants = 3": "variants: should be a table (given: 3)",
    "variants = ['a']": "variants: should be a table",
    "variants.a = 3": "variants.a: should be a table (given: 3)",
    "[variants.' ']": "variants: a name should not be empty and should have printable characters only",
    '[variants."a\\u0007"]': "variants: a name should not be empty and should have printable characters only",
    "[variants.a]\ndockerfil = 'x'": 'variants.a.dockerfil: unknown key; did you mean "dockerfile"?',
    "[variants.a]\ndockerfile = 3": "variants.a.dockerfile: should be a string (given: 3)",
    "[variants.a]\ndockerfile = 'x'": 'variants.a.dockerfile: no such file: "FOLDER/x"',
    "[variants.a]\ndockerfile = 'sub'": 'variants.a.dockerfile: no such file: "FOLDER/sub"',
    "[variants.a]\n[variants.b]": 'variants.b.dockerfile: no such file: "FOLDER/b.Dockerfile"',
    "[variants.a]\ncontext = 'x'": 'variants.a.context: no such folder: "FOLDER/x"',
    "[variants.a]\nbuild_args = { A = 3 }": "variants.a.build_args.A: should be a string (given: 3)",
    "[variants.a]\nbuild_args = ['A=3']": "variants.a.build_args: should be a table",
    "[variants.a]\nbuild_contexts.x = 3": "variants.a.build_contexts.x: should be a string (given: 3)",
    "[variants.a]\nplatform = 'linux/amd64,linux/arm64'": "variants.a.platform: one platform a variant; "
    'make a variant for each (given: "linux/amd64,linux/arm64")',
    "[variants.a]\ntimeout = '3 parsecs'": "variants.a.timeout: should be a duration such as "
    '"30s", "2m" or "500ms" (given: "3 parsecs")',
    "[variants.a]\ntimeout = -1": "variants.a.timeout: input should be greater than 0 (given: -1)",
    "[variants.a]\ntimeout = true": "variants.a.timeout: should be a number (given: true)",
    "[variants.a]\ntimeout = inf": "variants.a.timeout: input should be a finite number (given: Infinity)",
    # secrets
    "[variants.a]\nsecrets = ['TOKEN=hunter2']": "variants.a.secrets[0]: should be a table",
    "[variants.a]\nsecrets = [{ id = 'x', vnv = 'hunter2' }]": 'variants.a.secrets[0].vnv: unknown key; '
    'did you mean "env"?',
    "[variants.a]\nsecrets = [{ id = 'x', env = 'hunter 2' }]": "variants.a.secrets[0]: "
    "`env` should be the name of an environment variable, not its value",
    "[variants.a]\nsecrets = [{ id = 'hunter 2', env = 'X' }]": "variants.a.secrets[0].id: "
    "string should match pattern '^[A-Za-z0-9_.-]+$'",
    "[variants.a]\nsecrets = [{ env = 'X' }]": "variants.a.secrets[0].id: this key is needed",
    "[variants.a]\nsecrets = [{ id = 'x' }]": "variants.a.secrets[0]: a secret needs either `env` or `file`",
    "[variants.a]\nsecrets = [{ id = 'x', file = 'nope' }]": "variants.a.secrets: "
    'the file of secret "x" is not there: "FOLDER/nope"',
    # extra arguments
    "[variants.a]\nextra_args = '--x'": 'variants.a.extra_args: should be an array (given: "--x")',
    "[variants.a]\nextra_args = ['--load']": "variants.a.extra_args: --load cannot be given here; "
    "layerbench sets it itself",
    "[variants.a]\nextra_args = ['--output=type=oci']": "variants.a.extra_args: --output cannot be given here; "
    "layerbench sets it itself",
    "[variants.a]\nextra_args = ['-tname']": "variants.a.extra_args: -t cannot be given here; "
    "layerbench sets it itself",
    "[variants.a]\nextra_args = ['--secret', 'id=x']": "variants.a.extra_args: --secret cannot be given here; "
    "use the variant's `secrets`, so that no value is written anywhere",
    "[variants.a]\nextra_args = ['--cache-to=type=inline,compression=estargz']": "variants.a.extra_args: "
    "compression=estargz is known to crash engines; leave it out",
    # smoke tests
    "[variants.a]\nsmoke = {}": "variants.a.smoke: a smoke test needs either `port` or `command`",
    "[variants.a]\nsmoke = { port = 70000 }": "variants.a.smoke.port: "
    "input should be less than or equal to 65535 (given: 70000)",
    "[variants.a]\nsmoke = { port = 80, comand = ['x'] }": 'variants.a.smoke.comand: unknown key; '
    'did you mean "command"?',
    "[variants.a]\nsmoke = { command = [] }": "variants.a.smoke.command: should not be empty",
    "[smoke]\nprt = 80\n[variants.a]": 'smoke.prt: unknown key; did you mean "port"?',
    "[smoke]\nport = 80\npath = 'x'\n[variants.a]": "smoke.path: string should match pattern '^/' (given: \"x\")",
    # scenarios
    "[variants.a]\n[scenarios.e]": "scenarios.e.edits: at least one edit is needed",
    "[variants.a]\n[scenarios.'']": "scenarios: a name should not be empty and should have printable characters only",
    "[variants.a]\n[scenarios.e]\nedit = []": 'scenarios.e.edit: unknown key; did you mean "edits"?',
    "[variants.a]\n[scenarios.e]\nedits = { touch = 'x' }": "scenarios.e.edits: should be an array",
    "[variants.a]\n[scenarios.e]\nedits = [{ touch = 'x' }]\nvariants = ['aa']": "scenarios.e.variants: "
    'no variant is named "aa"; did you mean "a"?',
    "[variants.a]\n[scenarios.e]\nedits = [{ touch = 'x' }]\nvariants = []": "scenarios.e.variants: "
    "should not be empty",
    "[variants.a]\n[scenarios.cold]\nedits = [{ touch = 'x' }]": "scenarios.cold.edits: "
    "cold is built in and has no edits; use another name",
    "[variants.a]\n[scenarios.warm]\nvariants = ['zzz']": "scenarios.warm.variants: "
    'no variant is named "zzz"; known: a',
    # a variant by the name of a key
    "[variants.smoke]\nport = 3": "variants.smoke.port: unknown key; "
    "known: dockerfile, context, target, build_args, build_contexts, secrets, ssh, platform, network, timeout, "
    "extra_args, smoke",
    # bases and index
    "[variants.a]\n[bases]\nx = 'y'": 'bases.x: "y" should start with docker-image:// or oci-layout://',
    "[variants.a]\n[bases]\nx = 3": "bases.x: should be a string (given: 3)",
    "[variants.a]\n[index]\nserv = 'auto'": 'index.serv: unknown key; did you mean "serve"?',
    "[variants.a]\n[index]\nserve = 'yes'": "index.serve: input should be 'auto', 'always' or 'never' (given: \"yes\")",
    "[variants.a]\n[index]\npython_version = '2'": "index.python_version: "
    "string should match pattern '^3\\.\\d+$' (given: \"2\")",
    "[variants.a]\n[index]\nrequirements = ['nope']": 'index.requirements: no such file: "FOLDER/nope"',
    # TOML
    "[variants.a]\n[variants.a]": "variants.a is there twice; give one of them another name (at line 2, column 12)",
    '[variants.a]\n[variants."a"]': "variants.a is there twice; give one of them another name (at line 2, column 14)",
    "[variants]\na = {}\na = {}\nb = {}": "not valid TOML: a key is there twice; leave one of them out "
    "(at line 3, column 7)",
    "[variants.a": "not valid TOML: Expected ']' at the end of a table declaration (at end of document)",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PROBLEMS.items())
def test_what_is_wrong_is_said_in_one_sentence(folder: Path, text: str, expected: str) -> None:
    assert problem(folder, text) == expected


EDIT_PROBLEMS = {
    "{ apend = 'x', text = 'y' }": '.apend: unknown key; did you mean "append"?',
    "{}": ": an edit has exactly one of append, replace, write, delete, rename, chmod, touch, patch, run",
    "{ append = 'x', text = 'y', delete = 'z' }": ": an edit has exactly one of append, replace, write, delete, "
    "rename, chmod, touch, patch, run",
    "{ append = 'x' }": ": `append` takes `text`",
    "{ append = 'x', text = 'y', to = 'z' }": ": `append` takes `text`",
    "{ replace = 'x', pattern = 'y' }": ": `replace` takes `pattern` and `with`",
    "{ touch = 'x', text = 'y' }": ": `touch` takes nothing else",
    "{ touch = 3 }": ".touch: should be a string (given: 3)",
    "{ replace = 'x', pattern = '(', with = '' }": ": `pattern` is no regular expression: "
    "missing ), unterminated subpattern at position 0",
    "{ replace = 'x', pattern = 'a', with = '\\1' }": ": `with` does not fit the pattern: "
    "invalid group reference 1 at position 1",
    "{ replace = 'x', pattern = 'a', with = '\\g<b>' }": ": `with` does not fit the pattern: unknown group name 'b'",
    "{ chmod = 'x', mode = 755 }": ".mode: should be a string (given: 755)",
    "{ chmod = 'x', mode = 'rwx' }": ': `mode` should be octal, such as "0755"',
    "{ patch = 'nope' }": '.patch: "nope" cannot be read: No such file or directory',
    "{ run = 3 }": ".run: should be a string or an array of strings (given: 3)",
    "{ run = ['a', 3] }": ".run: should be a string or an array of strings",
    "{ run = [] }": ": `run` should be a command",
    "{ run = '' }": ": `run` should be a command",
    "{ append = '', text = 'y' }": ": `append` should be a path inside the context, relative to it",
    "{ append = '.', text = 'y' }": ": `append` should be a path inside the context, relative to it",
    "{ write = '/etc/x', text = 'y' }": ": `write` should be a path inside the context, relative to it",
    "{ delete = 'a/../../x' }": ": `delete` should be a path inside the context, relative to it",
    "{ rename = 'x', to = '../y' }": ": `to` should be a path inside the context, relative to it",
}  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), EDIT_PROBLEMS.items())
def test_what_is_wrong_with_an_edit_names_its_place(folder: Path, edit: str, expected: str) -> None:
    text = f"[variants.a]\n[scenarios.e]\nedits = [{{ touch = 'x' }}, {edit}]"
    assert problem(folder, text) == f"scenarios.e.edits[1]{expected}"


def test_secrets_are_not_shown_when_they_are_in_the_wrong_place(folder: Path) -> None:
    for text in PROBLEMS:
        if "hunter" in text:
            assert "hunter" not in problem(folder, text)


class TestFiles:
    def test_a_missing_file_names_the_command_that_writes_one(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as caught:
            load_bench_file(tmp_path / "layerbench.toml", {})
        assert str(caught.value) == f"{tmp_path}/layerbench.toml: no such file; `layerbench init` writes one"

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=f"{tmp_path}: Is a directory"):
            load_bench_file(tmp_path, {})

    def test_bytes_that_are_not_utf8_are_located(self, tmp_path: Path) -> None:
        (tmp_path / "layerbench.toml").write_bytes(b'name = "\xff"')
        with pytest.raises(UsageError, match=r"layerbench\.toml: byte 8 is not UTF-8; TOML files are UTF-8"):
            load_bench_file(tmp_path / "layerbench.toml", {})

    def test_layerbench_toml_comes_before_pyproject(self, folder: Path) -> None:
        (folder / "pyproject.toml").write_text("[tool.layerbench.variants.a]")
        assert find_bench_file(folder) == folder / "pyproject.toml"
        (folder / "layerbench.toml").write_text("[variants.a]")
        assert find_bench_file(folder) == folder / "layerbench.toml"

    def test_pyproject_holds_the_same_keys(self, folder: Path) -> None:
        (folder / "pyproject.toml").write_text("[tool.layerbench]\nrounds = 7\n[tool.layerbench.variants.a]")
        assert load_bench_file(folder / "pyproject.toml", {}).rounds == 7

    @pytest.mark.parametrize("text", ["", "tool = 3", "[[tool]]\nlayerbench = 1", "[tool.other]"])
    def test_a_pyproject_without_the_table_is_no_bench_file(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "pyproject.toml"
        path.write_text(text)
        assert find_bench_file(tmp_path) is None
        with pytest.raises(UsageError) as caught:
            load_bench_file(path, {})
        assert str(caught.value) == (
            f"{path}: there is no [tool.layerbench] in it; `layerbench init` writes a bench file"
        )

    def test_a_pyproject_with_something_else_in_its_place_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "pyproject.toml"
        path.write_text("[tool]\nlayerbench = 3")
        assert find_bench_file(tmp_path) == path
        with pytest.raises(UsageError, match=r"tool\.layerbench: should be a table \(given: 3\)"):
            load_bench_file(path, {})

    def test_there_may_be_none(self, tmp_path: Path) -> None:
        assert find_bench_file(tmp_path) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90s", 90.0),
        ("1.5 m", 90.0),
        ("200ms", 0.2),
        ("2min", 120.0),
        ("1h", 3600.0),
        (" 3s ", 3.0),
        (7, 7.0),
        (0.5, 0.5),
    ],
)
def test_durations_are_seconds(value: str | float, seconds: float) -> None:
    assert parse_duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["", "3", "3 parsecs", "-1s", "1e3s", "s", "1s 2s"])
def test_other_text_is_no_duration(value: str) -> None:
    with pytest.raises(ValueError, match="should be a duration"):
        parse_duration(value)


def test_the_nearest_name_is_proposed_or_all_are() -> None:
    assert did_you_mean("cald", ["cold", "warm"]) == 'did you mean "cold"?'
    assert did_you_mean("zzz", ["cold", "warm"]) == "known: cold, warm"
    assert did_you_mean("zzz", []) == "there are none"


_TOML_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 99), st.sampled_from(['"x"', '""', '"30s"', '"."', "1.5"])).map(
        lambda value: str(value).lower() if isinstance(value, bool) else str(value)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(
            st.sampled_from(["a", "edits", "smoke", "port", "append", "text", "secrets", "id", "variants", "run"]),
            inner,
            max_size=3,
        ).map(lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"),
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["name", "rounds", "variants", "scenarios", "smoke", "bases", "index", "zzz"]), _TOML_VALUES
    )
)
def test_any_values_are_read_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "layerbench.toml"
    path.write_text("\n".join(f"{key} = {value}" for key, value in table.items()))
    try:
        assert load_bench_file(path, {}).variants
    except UsageError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
