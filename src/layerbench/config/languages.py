"""What is known of languages and package managers: comments, entry files, dependency manifests."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from layerbench.config.models import NONCE


@dataclass(frozen=True, slots=True)
class Comment:
    """How a comment of one line begins and ends."""

    begin: str
    end: str = ""

    def line(self) -> str:
        """Text to append: the comment on a line of its own, also where the file's last line has no line end."""
        return f"\n{self.begin} layerbench {NONCE}{self.end and f' {self.end}'}\n"


HASH, SLASHES, DASHES = Comment("#"), Comment("//"), Comment("--")
STARS, MARKUP, PHP_BLOCK = Comment("/*", "*/"), Comment("<!--", "-->"), Comment("<?php /*", "*/ ?>")


@dataclass(frozen=True, slots=True)
class Language:
    """One language, as far as choosing a file to edit and editing it goes."""

    name: str
    suffixes: tuple[str, ...]
    comment: Comment
    entries: tuple[str, ...] = ()
    """Names that its main file usually has, with wildcards, the likeliest first."""
    manifests: tuple[str, ...] = ()
    """Names of files that show a project to be in it."""
    is_compiled: bool = False

    def entry_rank(self, name: str) -> int:
        """How likely a file name is that of the main file: 0 the likeliest, `len(entries)` not at all."""
        ranks = (rank for rank, entry in enumerate(self.entries) if fnmatchcase(name, entry))
        return next(ranks, len(self.entries))


_NODE = ("package.json",)
_JVM = ("pom.xml", "build.gradle", "build.gradle.kts")
_JS_ENTRIES = ("server.*", "app.*", "index.*", "main.*")
_JVM_ENTRIES = ("*Application.*", "Main.*", "App.*")

LANGUAGES = (
    Language(
        "Python",
        (".py",),
        HASH,
        ("app.py", "main.py", "__main__.py", "server.py", "wsgi.py", "asgi.py", "manage.py"),
        ("requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg"),
    ),
    Language("Go", (".go",), SLASHES, ("main.go",), ("go.mod",), is_compiled=True),
    Language("Rust", (".rs",), SLASHES, ("main.rs", "lib.rs"), ("Cargo.toml",), is_compiled=True),
    Language("TypeScript", (".ts", ".tsx", ".mts", ".cts"), SLASHES, _JS_ENTRIES, _NODE, is_compiled=True),
    Language("JavaScript", (".js", ".jsx", ".mjs", ".cjs"), SLASHES, _JS_ENTRIES, _NODE),
    Language("Java", (".java",), SLASHES, _JVM_ENTRIES, _JVM, is_compiled=True),
    Language("Kotlin", (".kt",), SLASHES, _JVM_ENTRIES, _JVM, is_compiled=True),
    Language("Scala", (".scala",), SLASHES, _JVM_ENTRIES, ("build.sbt",), is_compiled=True),
    Language("C#", (".cs",), SLASHES, ("Program.cs", "Startup.cs"), ("*.csproj", "*.sln"), is_compiled=True),
    Language("Ruby", (".rb", ".ru"), HASH, ("app.rb", "main.rb", "server.rb", "config.ru"), ("Gemfile",)),
    Language("PHP", (".php",), SLASHES, ("index.php",), ("composer.json",)),
    Language("Elixir", (".ex", ".exs"), HASH, ("application.ex",), ("mix.exs",), is_compiled=True),
    Language("Dart", (".dart",), SLASHES, ("main.dart", "server.dart"), ("pubspec.yaml",), is_compiled=True),
    Language("Swift", (".swift",), SLASHES, ("main.swift",), ("Package.swift",), is_compiled=True),
    Language("C++", (".cc", ".cpp", ".cxx", ".hpp"), SLASHES, ("main.*",), ("CMakeLists.txt",), is_compiled=True),
    Language("C", (".c", ".h"), SLASHES, ("main.c",), ("CMakeLists.txt", "Makefile"), is_compiled=True),
    Language("Haskell", (".hs",), DASHES, ("Main.hs",), ("*.cabal", "stack.yaml"), is_compiled=True),
    Language("Perl", (".pl", ".pm"), HASH, ("app.pl", "main.pl"), ("cpanfile",)),
    Language("R", (".R", ".r"), HASH, ("app.R", "server.R", "main.R"), ("DESCRIPTION",)),
    Language("Lua", (".lua",), DASHES, ("main.lua", "init.lua")),
    Language("shell", (".sh", ".bash"), HASH, ("main.sh", "run.sh", "entrypoint.sh")),
    Language("Vue", (".vue",), MARKUP, ("App.vue",), _NODE, is_compiled=True),
    Language("Svelte", (".svelte",), MARKUP, ("App.svelte", "+page.svelte"), _NODE, is_compiled=True),
    Language("HTML", (".html", ".htm"), MARKUP, ("index.html",)),
    Language("CSS", (".css", ".scss", ".less"), STARS, ("style.*", "main.*")),
)

_BY_SUFFIX = {suffix: language for language in LANGUAGES for suffix in language.suffixes}
_AUXILIARY_FOLDERS = frozenset(
    {
        "test", "tests", "__tests__", "spec", "specs", "e2e", "cypress", "testdata", "fixtures", "docs", "doc",
        "example", "examples", "script", "scripts", "tools", "benchmarks", "migrations", "alembic",
    }
)  # fmt: skip
_AUXILIARY_NAMES = (
    "test_*", "*_test.*", "*.test.*", "*.spec.*", "*Test.*", "*Tests.*", "conftest.py", "setup.py",
    "noxfile.py", "fabfile.py", "__init__.py", "*_pb2*.py", "*.config.*", "*.d.ts", "*.min.*", "gulpfile.*",
    "Gruntfile.*", "build.rs", "Package.swift", "mix.exs",
)  # fmt: skip


def language_of(path: str) -> Language | None:
    """The language of a file, by the end of its name."""
    name = path.rpartition("/")[2]
    return _BY_SUFFIX.get(name[name.rfind(".") :]) if "." in name[1:] else None


def is_auxiliary(path: str) -> bool:
    """Whether a file is a test, a document or a tool rather than the program."""
    *folders, name = path.split("/")
    in_folder = any(folder.lower() in _AUXILIARY_FOLDERS for folder in folders)
    return in_folder or any(fnmatchcase(name, pattern) for pattern in _AUXILIARY_NAMES)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file that names dependencies, and how its text is changed without changing them."""

    pattern: str
    """Of its name, or of its path where the pattern has a slash."""
    edit: Comment | Literal["JSON"]

    def matches(self, path: str) -> bool:
        """Whether a file, given by its path relative to the context, is one."""
        name = path if "/" in self.pattern else path.rpartition("/")[2]
        return fnmatchcase(name, self.pattern)


MANIFESTS = (
    Manifest("requirements.txt", HASH),
    Manifest("pyproject.toml", HASH),
    Manifest("Pipfile", HASH),
    Manifest("package.json", "JSON"),
    Manifest("go.mod", SLASHES),
    Manifest("Cargo.toml", HASH),
    Manifest("Gemfile", HASH),
    Manifest("composer.json", "JSON"),
    Manifest("pom.xml", MARKUP),
    Manifest("build.gradle", SLASHES),
    Manifest("build.gradle.kts", SLASHES),
    Manifest("*.csproj", MARKUP),
    Manifest("mix.exs", HASH),
    Manifest("pubspec.yaml", HASH),
    Manifest("Package.swift", SLASHES),
    Manifest("environment.yml", HASH),
    Manifest("environment.yaml", HASH),
    Manifest("setup.cfg", HASH),
    Manifest("setup.py", HASH),
    Manifest("requirements*.txt", HASH),
    Manifest("requirements/*.txt", HASH),
)


def manifest_of(path: str) -> tuple[int, Manifest] | None:
    """The kind of manifest that a file is, with its place in `MANIFESTS`; None if it is none."""
    found = ((rank, manifest) for rank, manifest in enumerate(MANIFESTS) if manifest.matches(path))
    return next(found, None)
