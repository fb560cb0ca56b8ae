"""Files that are copied into an image, and that could be left out by `.dockerignore`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.impact.manifests import readers_of, version_control_readers
from layerbench.analysis.impact.models import Ignorable

_COPYING = ("COPY ", "ADD ")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A kind of files that an image seldom needs, by a name at the context's top or anywhere."""

    pattern: str
    """For one name, as in a shell; the case counts."""
    what: str
    anywhere: bool = False


@dataclass(slots=True)
class _Found:
    rule: _Rule
    tops: dict[str, None]
    """Paths that the rule's pattern names."""
    files: list[str]


# The names are those of the tools themselves, and those that their `init` commands write.
_RULES = (
    *(_Rule(name, "version control", anywhere=True) for name in (".git", ".hg", ".svn")),
    *(_Rule(name, "version control's settings", anywhere=True) for name in (".gitignore", ".gitattributes")),
    _Rule(".gitmodules", "version control's settings"),
    *(_Rule(name, "compiled by Python", anywhere=True) for name in ("__pycache__", "*.pyc", "*.pyo")),
    *(
        _Rule(name, "a tool's cache", anywhere=True)
        for name in (".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox", ".cache", ".gradle")
    ),
    *(_Rule(name, "an environment of this machine", anywhere=True) for name in (".venv", "node_modules")),
    *(_Rule(name, "an editor's settings", anywhere=True) for name in (".idea", ".vscode", "*.swp", ".DS_Store")),
    *(_Rule(name, "coverage figures") for name in (".coverage", "coverage.xml", "htmlcov")),
    *(_Rule(name, "settings of continuous integration") for name in (".github", ".gitlab-ci.yml", ".gitlab")),
    *(_Rule(name, "settings of continuous integration") for name in (".circleci", ".travis.yml", "Jenkinsfile")),
    *(_Rule(name, "tests") for name in ("tests", "test", "spec", "__tests__")),
    *(_Rule(name, "documentation") for name in ("docs", "doc")),
    *(_Rule(name, "documentation") for name in ("README", "README.*", "CHANGELOG*", "CONTRIBUTING*")),
    *(_Rule(name, "what the image is built from") for name in ("Dockerfile", "Dockerfile.*", "*.Dockerfile")),
    *(_Rule(name, "what the image is built from") for name in ("Containerfile", "Containerfile.*", ".dockerignore")),
    *(_Rule(name, "what the image is built from") for name in ("docker-compose*.y*ml", "compose*.y*ml")),
    *(_Rule(name, "settings of tools") for name in ("layerbench.toml", ".editorconfig", ".pre-commit-config.yaml")),
    *(_Rule(name, "settings of tools") for name in ("tox.ini", "noxfile.py", "mkdocs.yml")),
    _Rule("*.log", "logs", anywhere=True),
    *(_Rule(name, "secrets, more often than not") for name in (".env", ".env.*")),
)


def ignorable_files(
    files: Mapping[str, int],
    readers: Mapping[str, frozenset[int]],
    steps: Sequence[StepName],
    manifests: Mapping[str, str],
    ignore_file: str,
) -> tuple[Ignorable, ...]:
    """What could be left out, that with the most bytes first.

    What an instruction names itself (`COPY README.md .`) is meant to be copied, and is left alone.

    Args:
        files: bytes of each file that a build can see, by its path in the context.
        readers: positions of the steps that read a file.
        steps: the steps, by position.
        manifests: texts of files that tell what a build reads, such as `pyproject.toml`, by path.
        ignore_file: the `.dockerignore` that counts, relative to the context.
    """
    names = {step.position: step for step in steps}
    copying = {at for at, step in names.items() if step.instruction.upper().startswith(_COPYING)}
    named = _named(steps)
    found = []
    for one in _matches(path for path in files if readers.get(path, frozenset()) & copying):
        if any(top in named or any(word.startswith(f"{top}/") for word in named) for top in one.tops):
            continue
        positions = sorted(copying & frozenset[int]().union(*(readers[path] for path in one.files)))
        found.append(
            Ignorable(
                line=_line(one),
                ignore_file=ignore_file,
                what=one.rule.what,
                file_count=len(one.files),
                file_bytes=sum(files[path] for path in one.files),
                steps=tuple(names[at] for at in positions),
                example=one.files[0],
                warnings=tuple(_warnings(one, steps, manifests)),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.file_bytes, -one.file_count, one.line)))


def _matches(paths: Iterable[str]) -> list[_Found]:
    """The files by the first rule that they fall under, the one for the outermost name first."""
    by_name: dict[tuple[str, bool], _Rule | None] = {}
    by_rule: dict[_Rule, _Found] = {}
    for path in paths:
        at = 0
        for depth, name in enumerate(path.split("/")):
            at += len(name) + (depth > 0)
            key = (name, depth == 0)
            if key not in by_name:
                by_name[key] = _rule_for(name, depth)
            rule = by_name[key]
            if rule is not None:
                entry = by_rule.setdefault(rule, _Found(rule, {}, []))
                entry.tops[path[:at]] = None
                entry.files.append(path)
                break
    return list(by_rule.values())


def _rule_for(name: str, depth: int) -> _Rule | None:
    return next((rule for rule in _RULES if (rule.anywhere or depth == 0) and fnmatchcase(name, rule.pattern)), None)


def _line(found: _Found) -> str:
    """As short as it can be: a name at the top needs no `**/`."""
    tops = list(found.tops)
    if any("/" in top for top in tops):
        return f"**/{found.rule.pattern}"
    return tops[0] if len(tops) == 1 else found.rule.pattern


def _named(steps: Sequence[StepName]) -> set[str]:
    """The words of all copying instructions, as paths in the context."""
    words = (
        word
        for step in steps
        if step.instruction.upper().startswith(_COPYING)
        for word in re.split(r"[\s\[\],\"]+", step.instruction)[1:]
    )
    return {word.removeprefix("./").strip("/") for word in words}


def _warnings(found: _Found, steps: Sequence[StepName], manifests: Mapping[str, str]) -> Iterator[str]:
    if ".git" in (top.rpartition("/")[2] for top in found.tops):
        yield from version_control_readers(manifests)
    yield from readers_of(found.files, manifests)
    for step in steps:
        if step.instruction.upper().startswith("RUN "):
            told = next((top for top in found.tops if _names(step.instruction, top)), None)
            if told is not None:
                where = f" (line {step.line})" if step.line is not None else ""
                yield f"a RUN{where} names {told}"


def _names(instruction: str, path: str) -> bool:
    return re.search(rf"(?<![\w./-])(?:\./)?{re.escape(path)}(?![\w.-])", instruction) is not None
