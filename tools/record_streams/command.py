"""Record the progress streams of real builds into tests/buildx/data/buildx-VERSION/.

The engine is the one that `docker` reaches: `eval "$(layerbench engine env --name NAME)"` chooses one. Every case is
built on a base of its own, so that nothing that was built before is a hit; the images are removed at the end.
What would tell one machine from another (folders, ports) is replaced. It needs the project's virtual environment.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.buildx.cases import BASE, CASES, DATA, NONCE, ONBUILD, URL_PREFIX, Case
from tests.busybox import load_base

from layerbench.buildx.docker import DockerClient, builder_facts
from layerbench.buildx.progress import ProgressDecoder
from layerbench.buildx.trace import Trace

_TAG = "layerbench-test/case:1"
_FIRST_TAG = "layerbench-test/case:0"
_ONBUILD_DOCKERFILE = f"FROM {BASE}\nONBUILD WORKDIR /onbuild\nONBUILD COPY a.txt .\n"


def start() -> None:
    """Record what the command line names."""
    parser = argparse.ArgumentParser(prog="record-streams", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all of them")
    parser.add_argument("--may-prune", action="store_true", help="also cases that empty the engine's build cache")
    arguments = parser.parse_args()
    names = arguments.cases or [name for name, case in CASES.items() if arguments.may_prune or not case.forget]
    unknown = [name for name in names if name not in CASES]
    if unknown:
        parser.error(f"no case {unknown[0]}; there are {', '.join(CASES)}")
    docker = DockerClient()
    version = builder_facts(docker, None).buildx_version or "unknown"
    engine = "buildx-" + ".".join(version.split(".")[:2])
    (DATA / engine).mkdir(parents=True, exist_ok=True)
    problems = []
    try:
        for name in names:
            if engine in CASES[name].engines:
                problem = record(docker, CASES[name], CASES[name].stream_path(engine))
                print(f"{engine} {name}: {problem or 'recorded'}", flush=True)
                problems += [problem] if problem else []
    finally:
        docker.run("image", "rm", "--force", _TAG, _FIRST_TAG, BASE, ONBUILD)
    sys.exit(1 if problems else 0)


def record(docker: DockerClient, case: Case, path: Path) -> str | None:
    """Build a case and keep its stream; returns what was not as it should be."""
    with tempfile.TemporaryDirectory() as temporary, file_server() as url:
        docker.run("image", "rm", "--force", _TAG, _FIRST_TAG, BASE, ONBUILD)
        load_base(docker, BASE, secrets.token_hex(8))
        # BuildKit keeps what it was sent by the folder's name, so each case has one that was never used.
        context = Path(temporary) / f"context-{secrets.token_hex(8)}"
        write(context, case.files)
        dockerfile = Path(temporary) / "Dockerfile"
        dockerfile.write_text(case.dockerfile_path.read_text().replace(URL_PREFIX, url))
        if case.onbuild:
            base_dockerfile = Path(temporary) / "Dockerfile.onbuild"
            base_dockerfile.write_text(_ONBUILD_DOCKERFILE)
            build(docker, context, base_dockerfile, ("--provenance=false",), ONBUILD)
        if case.build_first:
            first = case.options_first or tuple(option for option in case.options if option != "--no-cache")
            build(docker, context, dockerfile, first, _FIRST_TAG)
            write(context, case.edits)
        if case.forget:
            docker.run("image", "rm", "--force", _TAG, _FIRST_TAG)
            docker.ask("builder", "prune", "--all", "--force", timeout_seconds=120)
        code, stream = build(docker, context, dockerfile, case.options, _TAG, case.interrupt_at)
        scrubbed = stream.replace(url, URL_PREFIX).replace(temporary, "/context")
    path.write_text(re.sub(r"context-[0-9a-f]{16}", "context", scrubbed))
    is_expected = code != 0 if case.exit_code is None else code == case.exit_code
    return None if is_expected else f"exit code {code} instead of {case.exit_code}\n{stream[-500:]}"


def build(
    docker: DockerClient,
    context: Path,
    dockerfile: Path,
    options: tuple[str, ...],
    tag: str,
    interrupt_at: str | None = None,
) -> tuple[int, str]:
    """One build: its exit code and its stream as it came."""
    command = [
        *(*docker.command, "buildx", "build", "--progress=rawjson", "--load", f"--tag={tag}"),
        *(f"--file={dockerfile}", *options, "."),
    ]
    # Long host names and colours of the terminal have no place in a recording.
    environment = {**docker.environ(), "NO_COLOR": "1", "DOCKER_CLI_HINTS": "false"}
    process = subprocess.Popen(
        command,
        cwd=context,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    stream, decoder, trace = b"", ProgressDecoder(), Trace()
    while chunk := os.read(process.stderr.fileno(), 65536):
        stream += chunk
        for message in decoder.feed(chunk):
            trace.add(message)
        if interrupt_at and any(interrupt_at in trace.log_tail(digest) for digest in trace.vertices):
            os.killpg(process.pid, signal.SIGINT)
            interrupt_at = None
    return process.wait(), stream.decode()


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files with text that was never used before."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(NONCE, secrets.token_hex(8)))


@contextlib.contextmanager
def file_server() -> Iterator[str]:
    """Serve one small file to the engine; yields the address with a slash at its end."""
    folder = Path(tempfile.mkdtemp())
    (folder / "hello.txt").write_text(f"hello {secrets.token_hex(8)}\n")
    handler = functools.partial(_QuietHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        shutil.rmtree(folder)


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""
