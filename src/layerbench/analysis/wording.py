"""Names of steps and scenarios as they stand in a sentence."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence

from layerbench.analysis.figures import ScenarioTable

LABEL_LENGTH = 40

_RUN_FLAG = re.compile(r"--(?:mount|network|security|device)=\S+\s+")
_COPY_FLAG = re.compile(r"--(?:chown|chmod|link|parents|exclude|checksum|keep-git-dir|unpack)(?:=\S+)?\s+")
# BuildKit prints a heredoc as `<<EOF (its first line...)` (frontend/dockerfile/dockerfile2llb: summarizeHeredoc).
_HEREDOC = re.compile(r"^<<-?\S+\s+\((?P<line>.+?)(?:\.\.\.)?\)$")
_COMMAND_END = re.compile(r"&&|\|\||[;|&\n]")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_WORD = re.compile(r"^[a-z][a-z:-]*$")
_NOUN_PHRASE = re.compile(r"^(?:an?|the|one|two|no|another|its|some|changed|new)\s", re.IGNORECASE)

# Commands that prepare or tidy up: when others stand beside them, the step is about the others.
# fmt: off
_PREPARING = frozenset(
    {
        "set", "cd", "export", "mkdir", "echo", "printf", "true", ":", "test", "[", "rm", "mv", "cp", "ln",
        "chmod", "chown", "touch", "cat", "umask", "source", ".", "ls", "find",
    }
)
# fmt: on
_PREPARING_PAIRS = frozenset(
    {("apt-get", "update"), ("apt-get", "clean"), ("apt", "update"), ("apt", "clean"), ("apk", "update")}
)
# Programs whose first plain word says what they do. `uv pip install` has two.
# fmt: off
_WITH_SUBCOMMAND = frozenset(
    {
        "apt", "apt-get", "apk", "dnf", "yum", "microdnf", "zypper",
        "pip", "pip3", "uv", "conda", "mamba", "micromamba", "poetry", "pdm", "pipx", "hatch",
        "npm", "npx", "pnpm", "yarn", "bun", "deno",
        "go", "cargo", "rustup", "dotnet", "mvn", "mvnw", "gradle", "gradlew", "bundle", "gem", "composer",
        "mix", "rebar3", "stack", "cabal", "swift", "nix", "git", "docker", "pyenv", "meson", "cmake",
        "bazel",
    }
)
# fmt: on
_WITH_NESTED_SUBCOMMAND = frozenset({"uv"})


def step_label(instruction: str) -> str:
    """An instruction as short as it can still be recognised: `RUN pip install --no-cache-dir …` is `pip install`.

    A RUN becomes its most telling command without options; others lose flags that say nothing about what they bring
    in. At most `LABEL_LENGTH` characters.
    """
    keyword, _, rest = instruction.strip().partition(" ")
    if keyword.upper() == "RUN":
        return _shorten(_command_label(_RUN_FLAG.sub("", f"{rest} ").strip()) or instruction)
    return _shorten(f"{keyword} {_COPY_FLAG.sub('', rest)}".strip())


def scenario_phrase(table: ScenarioTable) -> str:
    """How a sentence about a scenario starts: `After a source edit`, `From an empty cache`.

    A description that is a noun phrase ("a source edit") follows "After"; any other stands in brackets.
    """
    if table.kind == "cold":
        return "From an empty cache"
    if table.kind == "warm":
        return "With nothing changed"
    description = (table.description or "").strip().rstrip(".")
    if _NOUN_PHRASE.match(description):
        return f"After {description[0].lower()}{description[1:]}"
    return f'In "{table.scenario}" ({description})' if description else f'In "{table.scenario}"'


def join_words(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LABEL_LENGTH else text[: LABEL_LENGTH - 3].rstrip() + "..."


def _command_label(command: str) -> str:
    commands = [words for part in _COMMAND_END.split(_shell_form(command)) if (words := _words(part))]
    if not commands:
        return ""
    telling = [words for words in commands if not _prepares(words)]
    return " ".join((telling or commands)[0])


def _shell_form(command: str) -> str:
    """The command line of an exec form, the script of `sh -c`, the first line of a heredoc."""
    words: list[str] | None = None
    heredoc = _HEREDOC.match(command)
    if heredoc:
        return heredoc["line"]
    if command.startswith("["):
        try:
            parsed = json.loads(command)
        except ValueError:
            return command
        if isinstance(parsed, list) and all(isinstance(word, str) for word in parsed):
            words = parsed
    elif re.match(r"^(?:/\S*/)?(?:ba|da|z)?sh\s", command):
        words = _split(command)
    if words is None:
        return command
    is_shell = bool(words) and re.fullmatch(r"(?:.*/)?(?:ba|da|z)?sh", words[0]) is not None
    option = next((at for at, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)), None)
    if is_shell and option is not None and option + 1 < len(words):
        return words[option + 1]
    return " ".join(words)


def _words(command: str) -> tuple[str, ...]:
    """The program, without its folder, and its subcommand where it is known to have one."""
    words = _split(command.strip().lstrip("({").strip())
    while words and (_ASSIGNMENT.match(words[0]) or words[0] in {"sudo", "time", "exec", "env", "then", "do", "if"}):
        words = words[1:]
    if not words:
        return ()
    program, arguments = words[0].rsplit("/", 1)[-1] or words[0], words[1:]
    if re.fullmatch(r"python[\d.]*", program) and "-m" in arguments[:-1]:
        at = arguments.index("-m")
        module, arguments = arguments[at + 1], arguments[at + 2 :]
        if module not in _WITH_SUBCOMMAND:
            return (program, "-m", module)
        program = module
    if program not in _WITH_SUBCOMMAND:
        return (program,)
    plain = [word for word in arguments if _WORD.match(word)]
    return (program, *plain[: 2 if program in _WITH_NESTED_SUBCOMMAND else 1])


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _prepares(words: tuple[str, ...]) -> bool:
    is_venv = "-m" in words and words[-1] in {"venv", "virtualenv"}
    return words[0] in _PREPARING or words in _PREPARING_PAIRS or is_venv
