"""Random Dockerfiles with contexts and one edit each, the same for the same seed; all of them build."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.generator.case import Case, Edit, File, Folder, Link, Node, Project

BASE = "layerbench-test/generated:1"
"""Loaded with other content for every session, so that what is copied out of it was never built before."""
FILES = frozenset({"files"})
WORDS = frozenset({"instruction"})
_NAMED = ("a.txt", "src/x.py", "run.sh", "data/one.json")
_LOOSE = ("b.txt", "src/y.py", "src/deep/z.py", "data/two.json", "notes/n.md", "notes/more/m.md")
_SOURCES = (
    ("a.txt", "a.txt"),
    ("src/x.py data/one.json", "many"),
    ("*.txt", "many"),
    ("src/*.py", "many"),
    ("s*", "many"),
    ("src", "folder"),
    ("src/", "folder"),
    ("data", "folder"),
    (".", "folder"),
    ("notes", "folder"),
    ("run.sh", "run.sh"),
    ("data/l*", "many"),
)  # fmt: skip
_IGNORED = (
    (),
    (),
    ("notes/more",),
    ("**/*.md", "!notes/n.md"),
    ("src/deep",),
    ("data/t*",),
    ("*", "!src", "!data", "!a.txt", "!run.sh", "!notes/n.md", "src/deep"),
    ("# comment", "", "notes/*", "!notes/n.md"),
)  # fmt: skip
_MOUNTS = (
    "--mount=type=bind,source=src,target=/mnt/src",
    "--mount=type=bind,source=a.txt,target=/mnt/a.txt",
    "--mount=type=bind,target=/mnt/all",
    "--mount=type=bind,source=data,target=/mnt/data,rw",
    "--mount=type=cache,target=/mnt/cache",
    "--mount=type=cache,id=own,sharing=locked,target=/mnt/cache",
    "--mount=type=tmpfs,target=/mnt/tmp",
    "--mount=type=secret,id=none,target=/mnt/secret",
)  # fmt: skip


def generate(seed: int) -> Case:
    """The case of a seed."""
    return _Generator(random.Random(seed), seed).case()


class _Generator:
    def __init__(self, luck: random.Random, seed: int) -> None:
        self._luck = luck
        self._seed = seed
        self._count = 0
        self._stages: list[tuple[str, bool]] = []
        """Names, and whether the stage has a shell."""
        self._outputs: dict[str, list[str]] = {}
        """What can be copied of each stage for certain."""

    def case(self) -> Case:
        nodes = self._nodes()
        lines = self._dockerfile()
        project = Project("\n".join(lines) + "\n", nodes, {"GIVEN": "one"})
        after, edit = self._edited(project, lines)
        return Case(f"seed {self._seed}: {edit.name}", project, after, edit)

    def _nodes(self) -> dict[str, Node]:
        nodes: dict[str, Node] = {path: File(f"{path} {self._seed}\n") for path in (*_NAMED, *_LOOSE)}
        nodes["run.sh"] = File(f"#!/bin/sh\necho {self._seed}\n", 0o755)
        nodes["data/link"] = Link("one.json")
        nodes["data/empty"] = Folder()
        ignored = self._luck.choice(_IGNORED)
        if ignored:
            nodes[".dockerignore"] = File("\n".join((*ignored, ".dockerignore")) + "\n")
        return nodes

    def _dockerfile(self) -> list[str]:
        lines = ["# escape=\\", "ARG GLOBAL=g"]
        count = self._luck.choice((1, 2, 2, 3))
        for at in range(count):
            lines += self._stage(f"s{at}", is_last=at == count - 1)
        return lines

    def _stage(self, name: str, *, is_last: bool) -> list[str]:
        luck = self._luck
        shells = [stage for stage, has_shell in self._stages if has_shell]
        base, has_shell = BASE, True
        if shells and luck.random() < 0.25:
            base = luck.choice(shells)
        elif is_last and self._stages and luck.random() < 0.15:
            base, has_shell = "scratch", False
        named = name if not is_last or luck.random() < 0.5 else ""
        lines = [f"FROM {base} AS {named}" if named else f"FROM {base}"]
        self._outputs[name] = list(self._outputs.get(base, [] if not has_shell else ["/etc/distinct"]))
        first = luck.choice(("WORKDIR /w", "WORKDIR /w", "LABEL first=1", "ENV FIRST=1"))
        # On scratch, a copy of nothing but folders would have the same key in every session; a WORKDIR has not.
        lines.append(first if base != "scratch" else "WORKDIR /w")
        for _ in range(luck.randint(2, 5)):
            lines += self._instruction(name, has_shell=has_shell)
        if is_last:
            for stage, _ in self._stages:
                if luck.random() < 0.8:
                    lines.append(self._copy_from(stage, name))
        if is_last and not any(line.startswith(("COPY", "ADD")) for line in lines):
            lines.append(self._copy(name))
        self._stages.append((name, has_shell))
        return lines

    def _instruction(self, stage: str, *, has_shell: bool) -> list[str]:
        luck = self._luck
        kind = luck.choices(
            ("copy", "run", "env", "arg", "workdir", "user", "shell", "label", "from", "add", "heredoc"),
            (6, 6, 1, 2, 1, 0.5, 0.5, 0.7, 2, 1, 0.7),
        )[0]
        number = self._next()
        if kind == "from" and self._stages:
            return [self._copy_from(luck.choice(self._stages)[0], stage)]
        if kind == "run" and has_shell:
            return self._run(stage)
        if kind == "add":
            self._outputs[stage].append(f"/add{number}/a.txt")
            return [f"ADD a.txt /add{number}/"]
        if kind == "heredoc":
            self._outputs[stage].append(f"/doc{number}/note")
            return [f"COPY <<note /doc{number}/", f"text {number} $GIVEN", "note"]
        plain = {
            "env": f"ENV E{number}=e{number}",
            "arg": luck.choice(("ARG GIVEN=two", f"ARG A{number}=a{number}", "ARG GLOBAL", "ARG TARGETARCH")),
            "workdir": luck.choice((f"WORKDIR /w{number}", "WORKDIR deeper", "WORKDIR /")),
            "user": "USER 0:0",
            "shell": 'SHELL ["/bin/sh", "-e", "-c"]',
            "label": f"LABEL l{number}=v",
        }
        return [plain[kind]] if kind in plain else [self._copy(stage)]

    def _copy(self, stage: str) -> str:
        luck = self._luck
        number = self._next()
        source, what = luck.choice(_SOURCES)
        flags = luck.choice(("", "", "", "--chmod=700 ", "--chown=1:1 ", "--link ", "--link ", "--link --chown=2:2 "))
        if what == "folder" and luck.random() < 0.2:
            flags += luck.choice(("--exclude=*.md ", "--exclude=deep ", "--exclude=**/*.py "))
        target = f"/c{number}/"
        if what in ("a.txt", "run.sh"):
            target = luck.choice((target, f"/c{number}/renamed", f"rel{number}"))
            if target.startswith("/"):
                self._outputs[stage].append(target + what if target.endswith("/") else target)
        elif what == "folder" and source in ("src", "src/"):
            self._outputs[stage] += [target, f"{target}*.py"] if "--exclude=**" not in flags else [target]
        else:
            self._outputs[stage].append(target if what == "folder" else f"/c{number}")
        if what == "many" and luck.random() < 0.3:
            self._outputs[stage].append(f"/c{number}/*")
        if source == "data/l*":
            self._outputs[stage] = [path for path in self._outputs[stage] if not path.startswith(f"/c{number}")]
        return f"COPY {flags}{source} {target}"

    def _copy_from(self, source: str, stage: str) -> str:
        number = self._next()
        path = self._luck.choice(self._outputs[source] or ["/"])
        flags = self._luck.choice(("", "", "--link ", "--chmod=755 "))
        target = f"/f{number}/"
        self._outputs[stage].append(target)
        return f"COPY {flags}--from={source} {path} {target}"

    def _run(self, stage: str) -> list[str]:
        luck = self._luck
        number = self._next()
        mounts = " ".join(luck.sample(_MOUNTS, luck.choice((0, 0, 1, 1, 2))))
        if mounts.count("/mnt/cache") > 1:
            mounts = _MOUNTS[4]
        if self._stages and luck.random() < 0.25:
            source = luck.choice(self._stages)[0]
            paths = [path for path in self._outputs[source] if "*" not in path] or ["/"]
            mounts += f" --mount=type=bind,from={source},source={luck.choice(paths)},target=/mnt/stage"
        see = "find /c* /f* /mnt -type f 2>/dev/null | sort | xargs -r md5sum"
        command = luck.choice(
            (
                f"mkdir -p /o && ({see}; env | sort) | md5sum > /o/{number}",
                f"mkdir -p /o && ({see}) | md5sum > /o/{number}",
                f"mkdir -p /o && echo constant > /o/{number}",
                f"mkdir -p /o && cat /proc/sys/kernel/random/uuid > /o/{number}",
                f"mkdir -p /o && echo $GIVEN > /o/{number}",
            )
        )
        self._outputs[stage].append(f"/o/{number}")
        form = luck.random()
        if form < 0.1:
            return [f"RUN {mounts} <<END", command, f"echo {number}", "END"]
        if form < 0.15:
            return [f"RUN {mounts} <<END", "#!/bin/sh", command, "END"]
        if form < 0.25:
            return [f"RUN {mounts} <<END cat > /tmp/doc", f"doc {number}", "END", f"RUN {command}"]
        if form < 0.35:
            return [f'RUN {mounts} ["sh", "-c", "{command}"]']
        if form < 0.45:
            return [f"RUN {mounts} \\", f"    {command}"]
        return [f"RUN {mounts} {command}"]

    def _edited(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        """One edit; the first that can be made of a shuffled list of them."""
        edits = [
            self._content, self._content, self._content, self._mode, self._add, self._add_folder, self._remove,
            self._rename, self._link, self._touch, self._command, self._spacing, self._argument, self._default,
            self._environment, self._comment, self._label, self._destination, self._insert, self._drop, self._document,
            self._mount, self._extra_host, self._global, self._chmod, self._move, self._type, self._folder_mode,
        ]  # fmt: skip
        self._luck.shuffle(edits)
        for edit in edits:
            found = edit(project, lines)
            if found is not None:
                return found
        raise AssertionError("no edit fits")

    def _nodes_with(self, project: Project, changes: dict[str, Node | None]) -> Project:
        nodes = {**project.nodes, **changes}
        return replace(project, nodes={path: node for path, node in nodes.items() if node is not None})

    def _content(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        path = self._luck.choice((*_NAMED, *_LOOSE))
        node = project.nodes[path]
        assert isinstance(node, File)
        changed = replace(node, text=node.text + "more\n")
        return self._nodes_with(project, {path: changed}), Edit(f"content of {path}", FILES, (path,))

    def _mode(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        path = self._luck.choice((*_NAMED, *_LOOSE))
        node = project.nodes[path]
        assert isinstance(node, File)
        return self._nodes_with(project, {path: replace(node, mode=0o600)}), Edit(f"mode of {path}", FILES, (path,))

    def _add(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        path = self._luck.choice(("new.txt", "src/new.py", "src/deep/new.py", "data/new.json", "notes/new.md", "s.new"))
        return self._nodes_with(project, {path: File("new\n")}), Edit(f"added {path}", FILES, (path,))

    def _add_folder(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        path = self._luck.choice(("src/nothing", "data/nothing", "nothing"))
        return self._nodes_with(project, {path: Folder()}), Edit(f"added folder {path}", FILES, (path,))

    def _folder_mode(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        return self._nodes_with(project, {"data/empty": Folder(0o700)}), Edit(
            "mode of a folder", FILES, ("data/empty",)
        )

    def _remove(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        path = self._luck.choice([path for path in _LOOSE if path not in ("notes/n.md", "src/y.py")])
        return self._nodes_with(project, {path: None}), Edit(f"removed {path}", FILES, (path, path.rpartition("/")[0]))

    def _rename(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        path = self._luck.choice(("b.txt", "src/deep/z.py", "data/two.json"))
        new = f"{path}.renamed" if self._luck.random() < 0.5 else path.replace(".", "2.")
        changes = {path: None, new: project.nodes[path]}
        return self._nodes_with(project, changes), Edit(f"renamed {path}", FILES, (path, new))

    def _move(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        """To another folder under the same name: with `--exclude`, BuildKit 0.25 compares names without folders."""
        changes = {"src/deep/z.py": None, "src/far/z.py": project.nodes["src/deep/z.py"]}
        return self._nodes_with(project, changes), Edit("moved", FILES, ("src/deep", "src/far"))

    def _link(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        changed = self._nodes_with(project, {"data/link": Link("./one.json")})
        return changed, Edit("target of a link", FILES, ("data/link",))

    def _type(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        changed = self._nodes_with(project, {"data/two.json": Link("one.json")})
        return changed, Edit("a file became a link", FILES, ("data/two.json",))

    def _touch(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        path = self._luck.choice((*_NAMED, *_LOOSE))
        return project, Edit(f"touched {path}", frozenset(), (), (path,))

    def _with_lines(self, project: Project, lines: list[str]) -> Project:
        return replace(project, dockerfile="\n".join(lines) + "\n")

    def _at(self, lines: list[str], *starts: str) -> int | None:
        found = [at for at, line in enumerate(lines) if line.startswith(starts)]
        return self._luck.choice(found) if found else None

    def _replaced(self, project: Project, lines: list[str], at: int, new: list[str]) -> Project:
        return self._with_lines(project, [*lines[:at], *new, *lines[at + 1 :]])

    def _command(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        found = [at for at, line in enumerate(lines) if line.startswith("RUN ") and line[-1] not in "D\\]c"]
        if not found:
            return None
        at = self._luck.choice(found)
        return self._replaced(project, lines, at, [f"{lines[at]} && true"]), Edit("command", WORDS, ("true",))

    def _spacing(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        at = self._at(lines, "RUN ")
        if at is None:
            return None
        changed = self._replaced(project, lines, at, [lines[at].replace("RUN ", "RUN   ", 1)])
        return changed, Edit("spacing after RUN", frozenset())

    def _argument(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        return replace(project, build_args={"GIVEN": "three"}), Edit(
            "build argument", frozenset({"option", "instruction"}), ("GIVEN", "note")
        )

    def _default(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        at = self._at(lines, "ARG A")
        if at is None:
            return None
        name = lines[at].partition("=")[0].split()[1]
        return self._replaced(project, lines, at, [f"{lines[at]}2"]), Edit("default of an ARG", WORDS, (name,))

    def _global(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        at = lines.index("ARG GLOBAL=g")
        return self._replaced(project, lines, at, ["ARG GLOBAL=h"]), Edit("a global ARG", WORDS, ("GLOBAL",))

    def _environment(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        at = self._at(lines, "ENV ")
        if at is None:
            return None
        name = lines[at].partition("=")[0].split()[1]
        return self._replaced(project, lines, at, [f"{lines[at]}2"]), Edit("an ENV", WORDS, (name,))

    def _comment(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        at = self._at(lines, "FROM ") or 0
        return self._with_lines(project, [*lines[:at], "# why", "", *lines[at:]]), Edit("a comment", frozenset())

    def _label(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        at = self._at(lines, "LABEL ")
        if at is None:
            return None
        return self._replaced(project, lines, at, [f"{lines[at]}2", "CMD echo", "EXPOSE 80"]), Edit(
            "LABEL", frozenset()
        )

    def _destination(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        copied = " ".join(lines)
        found = [
            at
            for at, line in enumerate(lines)
            if line.startswith("COPY ") and "<<" not in line and copied.count(line.split()[-1].rstrip("/")) == 1
        ]
        if not found:
            return None
        at = self._luck.choice(found)
        target = lines[at].split()[-1]
        new = f"{target.rstrip('/')}moved{'/' if target.endswith('/') else ''}"
        return self._replaced(project, lines, at, [lines[at].replace(f" {target}", f" {new}")]), Edit(
            "destination", WORDS, ("moved",)
        )

    def _chmod(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        at = self._at(lines, "COPY --chmod=700")
        if at is None:
            return None
        return self._replaced(project, lines, at, [lines[at].replace("700", "750", 1)]), Edit(
            "--chmod", WORDS, ("--chmod",)
        )

    def _insert(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        found = [at for at, line in enumerate(lines) if line.startswith(("COPY ", "RUN ")) and at > 3]
        at = self._luck.choice(found)
        return self._with_lines(project, [*lines[:at], "COPY run.sh /inserted/", *lines[at:]]), Edit(
            "a new step", WORDS, ("is new", "builds on")
        )

    def _drop(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        found = [at for at, line in enumerate(lines) if line.startswith("ADD ")]
        text = " ".join(lines)
        found = [at for at in found if text.count(lines[at].split()[-1]) == 1]
        if not found:
            return None
        at = self._luck.choice(found)
        return self._replaced(project, lines, at, []), Edit("a step is gone", WORDS, ("builds on", "is now", "changed"))

    def _document(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        at = self._at(lines, "text ", "doc ")
        if at is None:
            return None
        return self._replaced(project, lines, at, [f"{lines[at]} other"]), Edit("heredoc", WORDS, ("note", "other"))

    def _mount(self, project: Project, lines: list[str]) -> tuple[Project, Edit] | None:
        found = [at for at, line in enumerate(lines) if _MOUNTS[4] in line.split()]
        if found:
            at = self._luck.choice(found)
            new = lines[at].replace(_MOUNTS[4], _MOUNTS[4] + ",sharing=private")
            return self._replaced(project, lines, at, [new]), Edit(
                "sharing of a default cache mount", WORDS, ("--mount",)
            )
        found = [at for at, line in enumerate(lines) if _MOUNTS[5] in line.split()]
        if found:
            at = self._luck.choice(found)
            new = lines[at].replace("id=own,sharing=locked", "id=other")
            return self._replaced(project, lines, at, [new]), Edit("id of a cache mount", frozenset())
        return None

    def _extra_host(self, project: Project, lines: list[str]) -> tuple[Project, Edit]:
        name = f"host{self._seed}.invalid"
        return replace(project, extra_args=(f"--add-host={name}:127.0.0.1",)), Edit(
            "an extra host", frozenset({"option"}), ("--add-host",)
        )

    def _next(self) -> int:
        """A number that no other place of this case has, nor any other case."""
        self._count += 1
        return self._seed * 1000 + self._count
