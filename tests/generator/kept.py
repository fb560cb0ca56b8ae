"""Cases that are worth keeping: each found a disagreement once, or pins a fact that random cases meet too seldom."""

from __future__ import annotations

from dataclasses import replace

from tests.generator.case import Case, Edit, File, Folder, Link, Node, Project
from tests.generator.generate import BASE, FILES, WORDS

_NODES: dict[str, Node] = {
    "a.txt": File("a\n"),
    "b.txt": File("b\n"),
    "src/x.py": File("x\n"),
    "src/deep/z.py": File("z\n"),
    "data/one.json": File("one\n"),
    "data/link": Link("one.json"),
    "data/empty": Folder(),
}


def _dockerfile(*lines: str) -> str:
    return "\n".join(lines).replace("BASE", BASE) + "\n"


def _files(name: str, dockerfile: str, mentions: tuple[str, ...], **changes: Node | None) -> Case:
    """A case that changes files; names have `__` for `/` and `_` before the suffix."""
    edits = {path.replace("__", "/").replace("_", "."): node for path, node in changes.items()}
    before = Project(dockerfile, _NODES)
    nodes = {path: node for path, node in {**_NODES, **edits}.items() if node is not None}
    return Case(name, before, replace(before, nodes=nodes), Edit(name, FILES, mentions))


def _words(name: str, old: str, new: str, mentions: tuple[str, ...], kinds: frozenset[str] = WORDS) -> Case:
    """A case that changes the Dockerfile."""
    before = Project(old, _NODES)
    return Case(name, before, replace(before, dockerfile=new), Edit(name, kinds, mentions))


_HEREDOC = _dockerfile("FROM BASE", "COPY a.txt /", "RUN <<END", "echo a > /o", "echo b >> /o", "END")
_TRIGGERS = _dockerfile(
    "FROM BASE AS with", "COPY b.txt /b", "ONBUILD COPY a.txt /triggered", "ONBUILD ARG V=1", "FROM with AS on",
    "RUN cat /triggered > /o", "FROM BASE", "COPY --from=on /triggered /t",
)  # fmt: skip
_SHARED = _dockerfile(
    "FROM BASE AS one", "WORKDIR /app", "COPY a.txt .", "RUN echo 1 > /o", "FROM BASE AS two", "WORKDIR /app",
    "COPY a.txt .", "COPY b.txt .", "FROM scratch", "COPY --from=one /o /o", "COPY --from=two /app/b.txt /b",
)  # fmt: skip
_CHAIN = _dockerfile(
    "FROM BASE AS one", "COPY a.txt b.txt /one/", "FROM BASE AS two", "COPY --from=one /one/b.txt /two/",
    "RUN echo two > /two/o", "FROM BASE", "COPY --from=two /two/b.txt /b", "COPY --link data /d/",
)  # fmt: skip
_ROOT = _dockerfile(
    "FROM BASE AS one", "ENV E=1", "WORKDIR /", "FROM BASE AS two", "WORKDIR /w", "WORKDIR deeper", "WORKDIR /",
    "COPY a.txt b.txt /c/", "FROM BASE", "COPY --from=one /etc/distinct /d", "COPY --from=two /c/ /c/",
)  # fmt: skip
_OPTIONS = _dockerfile("FROM BASE", "COPY a.txt /", "RUN echo 1 > /o", "COPY b.txt /")

CASES = (
    _files("a RUN's heredoc has its first line in its name", _HEREDOC, ("a.txt",), a_txt=File("other\n")),
    _words("a line of a heredoc", _HEREDOC, _HEREDOC.replace("echo b", "echo c"), ("c",)),
    _files("a trigger of a stage copies a file", _TRIGGERS, ("a.txt",), a_txt=File("other\n")),
    _files("a stage that has triggers does not run them", _TRIGGERS, ("b.txt",), b_txt=File("other\n")),
    _files("equal steps of two stages are one", _SHARED, ("a.txt",), a_txt=File("other\n")),
    _files("steps below equal steps", _SHARED, ("b.txt",), b_txt=File("other\n")),
    _files("only what a COPY of a COPY selects counts", _CHAIN, ("a.txt",), a_txt=File("other\n")),
    _files("`WORKDIR /` is no step, and a stage of nothing else has none", _ROOT, ("a.txt",), a_txt=File("other\n")),
    _files(
        "the mode of a folder in a context that was sent before",
        _dockerfile("FROM BASE", "COPY data /d/", "COPY a.txt /a"),
        ("data/empty",),
        data__empty=Folder(0o700),
    ),
    _files("through two stages", _CHAIN, ("b.txt",), b_txt=File("other\n")),
    _files(
        "moved below --exclude, where names count without folders",
        _dockerfile("FROM BASE", "COPY --exclude=*.txt . /c/", "RUN find /c > /o"),
        ("src",),
        src__deep__z_py=None,
        src__far__z_py=File("z\n"),
    ),
    _files(
        "a link that is copied by name is followed",
        _dockerfile("FROM BASE", "COPY data/link /l", "COPY data/one.json /one"),
        ("link", "one.json"),
        data__one_json=File("other\n"),
    ),
    _files(
        "two mounts of one context are compared as one",
        _dockerfile(
            "FROM BASE",
            "RUN --mount=type=bind,source=a.txt,target=/m/a --mount=type=bind,source=src,target=/m/s cat /m/a > /o",
            "RUN --mount=type=bind,source=b.txt,target=/m/b cat /m/b > /p",
        ),
        ("src/x.py",),
        src__x_py=File("other\n"),
    ),
    _words("USER", _OPTIONS, _OPTIONS.replace("RUN", "USER 1:1\nRUN").replace("/o", "/tmp/o"), ("is now", "USER")),
    _words("SHELL", _OPTIONS, _OPTIONS.replace("RUN", 'SHELL ["/bin/sh", "-ec"]\nRUN'), ("SHELL",)),
    _words("WORKDIR above a RUN and a COPY", _OPTIONS, _OPTIONS.replace("RUN", "WORKDIR /w\nRUN"), ("is new",)),
    _words("the network of a RUN", _OPTIONS, _OPTIONS.replace("RUN", "RUN --network=none"), ("--network",)),
    _words("an ENV that a COPY does not see", _OPTIONS, _OPTIONS.replace("COPY b", "ENV E=1\nCOPY b"), ()),
    _words(
        "an ARG in the words of a COPY",
        _dockerfile("FROM BASE", "ARG DIR=src", "COPY $DIR /d/", "RUN find /d > /o"),
        _dockerfile("FROM BASE", "ARG DIR=data", "COPY $DIR /d/", "RUN find /d > /o"),
        ("DIR", "src", "data"),
        frozenset({"instruction", "files"}),
    ),
    _words(
        "a source under another folder with the same content",
        _dockerfile("FROM BASE", "COPY src/x.py /d/", "RUN find /d > /o"),
        _dockerfile("FROM BASE", "COPY ./src/../src/x.py /d/", "RUN find /d > /o"),
        (),
    ),
    _words(
        "a stage that is not needed",
        _dockerfile("FROM BASE AS unused", "RUN echo 1 > /o", "FROM BASE", "COPY a.txt /"),
        _dockerfile("FROM BASE AS unused", "RUN echo 2 > /o", "FROM BASE", "COPY a.txt /"),
        (),
    ),
    _words(
        "a --link that is taken away",
        _dockerfile("FROM BASE", "COPY --link src/x.py data/one.json /p/", "RUN echo 1 > /o"),
        _dockerfile("FROM BASE", "COPY src/x.py data/one.json /p/", "RUN echo 1 > /o"),
        ("--link", "link"),
    ),
)
