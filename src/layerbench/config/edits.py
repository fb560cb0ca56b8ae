"""Which source file and which dependency manifest of a context to edit, and how."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerbench.config.copied import CopiedFiles
from layerbench.config.languages import LANGUAGES, PHP_BLOCK, Comment, is_auxiliary, language_of, manifest_of
from layerbench.config.models import NONCE, Append, Replace, Scenario
from layerbench.instructions import Dockerfile

_MODULE = re.compile(r"(?P<module>[A-Za-z_][\w.]*?)(?::[\w.()]*)?")
_BUILT = re.compile(r"^(?:dist|build|lib|out)/|/(?:dist|build|lib|out)/")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that was chosen."""

    path: str
    """Relative to the context."""
    reason: str


def choose_source(
    files: Sequence[str], copied: Mapping[str, CopiedFiles], dockerfiles: Sequence[Dockerfile]
) -> Candidate | None:
    """The source file whose edit says most: the main file of the program, copied by as many variants as can be.

    Args:
        files: paths of the context's files.
        copied: what each variant takes from the context.
        dockerfiles: for the commands that their images run.
    """
    sources = [path for path in files if language_of(path) and manifest_of(path) is None]
    named = _named_by_commands(sources, dockerfiles)
    manifests = {path.rpartition("/")[2] for path in files}

    def rank(path: str) -> tuple[bool, bool, bool, int, int, int, str]:
        language = language_of(path)
        assert language is not None  # noqa: S101 - only such paths are ranked
        return (
            path not in named,
            is_auxiliary(path),
            manifests.isdisjoint(language.manifests),
            LANGUAGES.index(language),
            language.entry_rank(path.rpartition("/")[2]),
            path.count("/"),
            path,
        )

    path = _best(sources, copied, rank)
    if path is None:
        return None
    return Candidate(path, "which a command names" if path in named else _why(path))


def choose_manifest(files: Sequence[str], copied: Mapping[str, CopiedFiles]) -> Candidate | None:
    """The dependency manifest that most variants copy, before all one that a COPY names."""
    kinds = {path: found[0] for path in files if (found := manifest_of(path))}

    def named(path: str) -> int:
        return sum(files.how(path) == "named" for files in copied.values())

    def rank(path: str) -> tuple[int, bool, int, int, str]:
        return (-named(path), is_auxiliary(path) and kinds[path] > 0, kinds[path], path.count("/"), path)

    path = _best(list(kinds), copied, rank)
    if path is None:
        return None
    return Candidate(path, "which a Dockerfile copies by name" if named(path) else "a dependency manifest")


def edit_of_source(folder: Path, source: Candidate) -> Scenario:
    """The scenario that appends a comment to a source file."""
    language = language_of(source.path)
    comment = language.comment if language else Comment("#")
    if source.path.endswith(".php") and _ends_outside_php(folder / source.path):
        comment = PHP_BLOCK
    description = f"a comment line at the end of {source.path}"
    if language and language.is_compiled:
        description += "; a stage that copies only what is compiled from it may still hit"
    return Scenario("edit-source", "edit", description, (Append(source.path, comment.line()),))


def edit_of_manifest(folder: Path, manifest: Candidate) -> Scenario | None:
    """The scenario that changes a manifest's text, and none of its dependencies; None if that is not possible."""
    found = manifest_of(manifest.path)
    if found is None:
        return None
    if isinstance(found[1].edit, Comment):
        edit: Append | Replace | None = Append(manifest.path, found[1].edit.line())
        what = f"a comment line at the end of {manifest.path}"
    else:
        edit = _json_edit(folder, manifest.path)
        what = f"another description in {manifest.path}"
    if edit is None:
        return None
    description = f"{what}: its text changes, the dependencies do not"
    return Scenario("edit-deps", "edit", description, (edit,))


def _best(
    paths: Sequence[str], copied: Mapping[str, CopiedFiles], rank: Callable[[str], tuple[Any, ...]]
) -> str | None:
    """The path that most variants copy, and of those the one with the lowest rank."""
    counts = {path: sum(files.how(path) is not None for files in copied.values()) for path in paths}
    return min((path for path in paths if counts[path]), key=lambda path: (-counts[path], rank(path)), default=None)


def _why(path: str) -> str:
    language = language_of(path)
    if language is None or language.entry_rank(path.rpartition("/")[2]) == len(language.entries):
        return f"the first {language.name if language else 'source'} file that is copied"
    return f"by its name the main file of a {language.name} program"


def _named_by_commands(sources: Sequence[str], dockerfiles: Sequence[Dockerfile]) -> frozenset[str]:
    """The source files that CMD or ENTRYPOINT of an image start, as far as their words tell."""
    words = (word for dockerfile in dockerfiles for word in _command_words(dockerfile))
    return frozenset(found for word in words if (found := _find(word, sources)))


def _command_words(dockerfile: Dockerfile) -> Iterator[str]:
    for stage in dockerfile.chain(None):
        for instruction in stage.instructions:
            if instruction.keyword in ("CMD", "ENTRYPOINT"):
                for text in instruction.value:
                    yield from _split(text)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _find(word: str, sources: Sequence[str]) -> str | None:
    """The source file that a word of a command means: `app.py`, `/srv/app.py`, `app:app`, `package.module`."""
    for guess in _guesses(word):
        parts = guess.split("/")
        for start in range(len(parts)):
            end = "/".join(parts[start:])
            matches = [path for path in sources if path == end or path.endswith(f"/{end}")]
            if matches:
                return min(matches, key=lambda path: (path.count("/"), path))
    return None


def _guesses(word: str) -> Iterator[str]:
    path = word.removeprefix("./").strip("/")
    if "." in path.rpartition("/")[2] and language_of(path):
        yield path
        # What runs is often compiled from a file of the same name: dist/server.js from src/server.ts.
        source = _BUILT.sub(lambda match: match[0].replace(match[0].strip("/"), "src"), path)
        yield from (f"{source.rpartition('.')[0]}{suffix}" for suffix in (".ts", ".tsx", ".mts", ".js"))
    module = _MODULE.fullmatch(word)
    if module:
        name = module["module"].replace(".", "/")
        yield from (f"{name}{end}" for end in (".py", "/__main__.py", "/__init__.py"))


def _ends_outside_php(path: Path) -> bool:
    text = path.read_bytes()
    return text.rfind(b"?>") >= text.rfind(b"<?")


def _json_edit(folder: Path, path: str) -> Replace | None:
    """A new description for a JSON manifest, as a replacement that leaves all else in the file as it is."""
    try:
        text = (folder / path).read_bytes().decode()
        edits = [Replace(path, pattern, replacement) for pattern, replacement in _description_patterns(text)]
        return next((edit for edit in edits if _changes_only_description(text, edit)), None)
    except (OSError, ValueError):
        return None


def _description_patterns(text: str) -> Iterator[tuple[str, str]]:
    # By its indentation the manifest's own description is told from one deeper inside.
    for indent in dict.fromkeys(re.findall(r'^([ \t]*)"description"', text, re.MULTILINE)):
        indentation = indent.replace("\t", r"\t")
        yield rf'^({indentation}"description"\s*:\s*")', rf"\g<1>{NONCE} "
    yield r'("description"\s*:\s*")', rf"\g<1>{NONCE} "
    yield r"\A(\s*\{)", rf'\g<1>"description": "layerbench {NONCE}", '


def _changes_only_description(text: str, edit: Replace) -> bool:
    before = json.loads(text)
    replacement = edit.replacement.replace(NONCE, "0")
    try:
        after = json.loads(re.sub(edit.pattern, replacement, text, flags=re.MULTILINE))
    except ValueError:
        return False
    if not isinstance(before, dict) or before.get("description") == after.get("description"):
        return False
    return {**before, "description": None} == {**after, "description": None}
