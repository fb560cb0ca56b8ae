"""Dockerfiles whose images show how BuildKit writes an image's history.

`record.py` builds them and keeps the images' configs in `data/`; the unit tests read those, the end-to-end tests build
them again. Every case says which line made which layer, so that neither side takes it from the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).parent / "data"
STORES = ("containerd", "classic")
"""Folders of the recordings: Docker 28.5 with the containerd store, Docker 26.1 with the classic store."""

BASE = "layerbench-test/history-base:1"
"""Two megabytes of busybox in one layer."""
SILENT_BASE = "layerbench-test/history-silent:1"
"""The same, without a history in its config, as some builders make them."""
ONBUILD_BASE = "layerbench-test/history-onbuild:1"
IMAGE = "layerbench-test/history-case:1"


@dataclass(frozen=True)
class Case:
    """One Dockerfile, and for each layer of its image the line of the instruction that made it (None: the base's)."""

    dockerfile: str
    lines: tuple[int | None, ...]
    target: str | None = None
    build_args: dict[str, str] = field(default_factory=dict)
    onbuild_base: str | None = None
    """A Dockerfile that is built first, as `ONBUILD_BASE`."""


CONTEXT_FILES = {"f.txt": "f\n", "sub/g.txt": "g\n", "with space.txt": "s\n"}

CASES: dict[str, Case] = {
    "one_stage": Case(
        """\
FROM layerbench-test/history-base:1
WORKDIR /app
COPY f.txt .
RUN echo hello > hello
CMD ["cat", "hello"]
""",
        (None, 2, 3, 4),
    ),
    "silent_base": Case(
        """\
FROM layerbench-test/history-silent:1
ENV A=1
RUN echo a > /a
COPY f.txt /
""",
        (None, 3, 4),
    ),
    "only_from": Case("FROM layerbench-test/history-base:1\n", (None,)),
    "scratch_without_layer": Case('FROM scratch\nLABEL a=b\nCMD ["/x"]\n', ()),
    "scratch_with_files": Case("FROM scratch\nCOPY f.txt /\nADD sub /sub\n", (2, 3)),
    "many_stages": Case(
        """\
FROM layerbench-test/history-base:1 AS builder
WORKDIR /src
COPY . .
RUN mkdir /out && cat f.txt > /out/x
FROM layerbench-test/history-base:1
ENV A=1
WORKDIR /app
COPY --from=builder /out/x /app/x
RUN test -e x
""",
        (None, 7, 8, 9),
    ),
    "from_earlier_stage": Case(
        """\
FROM layerbench-test/history-base:1 AS first
RUN echo 1 > /1
ENV FIRST=1
FROM first AS second
WORKDIR /two
FROM second
COPY f.txt three
RUN echo 3 > /3
""",
        (None, 2, 5, 7, 8),
    ),
    "copy_link": Case(
        """\
FROM layerbench-test/history-base:1 AS builder
RUN echo x > /x
FROM layerbench-test/history-base:1
COPY --link f.txt /a/
COPY --link --from=builder --chown=1:1 --chmod=600 /x /b/
RUN ls /a /b
ADD --link sub /c/
""",
        (None, 4, 5, 6, 7),
    ),
    "heredocs": Case(
        """\
FROM layerbench-test/history-base:1
RUN <<EOF
echo a > /a
echo b > /b
EOF
COPY <<ONE <<TWO /dest/
one
ONE
two
TWO
RUN cat <<EOF > /c
c
EOF
RUN <<EOF cat > /d
d
EOF
RUN <<EOF
#!/bin/sh
echo e > /e
EOF
""",
        (None, 2, 6, 11, 14, 17),
    ),
    "arg_before_from": Case(
        """\
ARG VERSION=0
ARG UNUSED
FROM layerbench-test/history-base:${VERSION}
ARG VERSION
ARG OTHER=other
ARG ONE=1 TWO
ARG NEVER
RUN echo $VERSION $OTHER > /x
COPY f.txt /${VERSION}/
ARG TWO=2
RUN echo $TWO
""",
        (None, 8, 9, 11),
        build_args={"VERSION": "1"},
    ),
    "onbuild_base": Case(
        """\
FROM layerbench-test/history-onbuild:1
RUN echo own > /own
COPY f.txt /
""",
        (None, None, None, None, None, 2, 3),
        onbuild_base="""\
FROM layerbench-test/history-base:1
RUN echo parent > /parent
ONBUILD COPY f.txt /triggered
ONBUILD ENV T=1
ONBUILD WORKDIR /trigger
ONBUILD RUN echo trigger > /t
""",
    ),
    "onbuild_base_without_own_step": Case(
        "FROM layerbench-test/history-onbuild:1\nLABEL a=b\n",
        (None, None),
        onbuild_base="FROM layerbench-test/history-base:1\nONBUILD RUN echo trigger > /t\n",
    ),
    "onbuild_stage": Case(
        """\
FROM layerbench-test/history-base:1 AS parent
ONBUILD RUN echo trigger > /t
ONBUILD LABEL triggered=1
RUN echo parent > /parent
ONBUILD COPY f.txt /triggered
FROM parent AS child
RUN echo child > /child
FROM child
RUN echo grandchild > /grandchild
""",
        (None, 4, 2, 5, 7, 9),
    ),
    "equal_instructions": Case(
        """\
FROM layerbench-test/history-base:1 AS builder
WORKDIR /app
RUN echo same > /same
RUN echo same > /same
FROM layerbench-test/history-base:1
WORKDIR /app
RUN echo same > /same
RUN echo same > /same
COPY --from=builder /same /same
""",
        (None, 6, 7, 8, 9),
    ),
    "skipped_stages": Case(
        """\
FROM layerbench-test/history-base:1 AS first
RUN echo first > /first
FROM layerbench-test/history-base:1 AS skipped
RUN false
FROM first AS wanted
RUN echo wanted > /wanted
FROM skipped
RUN false
""",
        (None, 2, 6),
        target="wanted",
    ),
    "workdirs": Case(
        """\
FROM layerbench-test/history-base:1
WORKDIR /
WORKDIR /tmp
WORKDIR relative/../down
ENV DIR=/from_env
WORKDIR $DIR
WORKDIR $DIR
WORKDIR /
RUN true
""",
        (None, 3, 4, 6, 7, 9),
    ),
    "steps_without_effect": Case(
        """\
FROM layerbench-test/history-base:1
RUN true
RUN true
COPY f.txt /f.txt
COPY f.txt /f.txt
COPY --link f.txt /f.txt
RUN --mount=type=cache,target=/cache echo 1 > /cache/x
RUN --mount=type=tmpfs,target=/t --network=none true
""",
        (None, 2, 3, 4, 5, 6, 7, 8),
    ),
    "settings": Case(
        """\
FROM layerbench-test/history-base:1
MAINTAINER somebody
RUN ["/bin/sh", "-c", "echo exec > /exec"]
SHELL ["/bin/sh", "-e", "-c"]
RUN echo shell > /shell
HEALTHCHECK --interval=5s CMD test -e /shell
HEALTHCHECK NONE
STOPSIGNAL SIGINT
VOLUME /data /more
EXPOSE 8000 9000/udp
ENV A=1 B="two words" \\
    C=$A
ENV OLD style
RUN echo one && \\
    # a comment between
    echo   two ; \\
\techo "three  $A" # with a comment
run   set -e;   echo  spaces
LABEL "quoted key"="a b" x=y
ENTRYPOINT exec "$0"
CMD echo shell form
USER 1000:1000
COPY --chown=1:1 f.txt sub/g.txt /copied/
COPY ["with space.txt", "/json/"]
add --chmod=755 sub/*.txt /added/
USER 0
""",
        (None, 3, 5, 14, 18, 23, 24, 25),
    ),
}
