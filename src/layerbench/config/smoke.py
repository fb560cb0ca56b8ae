"""How to see that an image works, as far as its Dockerfile tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from layerbench.config.models import SmokeHttp
from layerbench.errors import UsageError
from layerbench.expansion import expand
from layerbench.instructions import Dockerfile, Instruction, arguments_of

_LOCAL_URL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::(?P<port>\d+))?(?P<path>/[^\s\"'|;&)\\]*)?"
)
_PORT_OPTION = re.compile(r"(?:--port|--bind|-b|-p)[= ](?:[\w.]*:)?(?P<port>\d{2,5})\b")


def suggest_smoke(dockerfiles: Sequence[Dockerfile]) -> SmokeHttp | None:
    """The port that the images answer on and a path, from EXPOSE, HEALTHCHECK and CMD; None where none says.

    A guess: what is on that port need not speak HTTP, and need not answer 200.
    """
    for dockerfile in dockerfiles:
        instructions = list(_expanded(dockerfile))
        urls = [match for text in _texts(instructions, "HEALTHCHECK") for match in _LOCAL_URL.finditer(text)]
        commands = [*_texts(instructions, "CMD"), *_texts(instructions, "ENTRYPOINT")]
        ports = [
            *_exposed(instructions),
            *(int(match["port"]) for match in urls if match["port"]),
            *(int(match["port"]) for text in commands for match in _PORT_OPTION.finditer(text)),
        ]
        path = next((match["path"] for match in urls if match["path"]), "/")
        port = next((port for port in ports if 1 <= port <= 65535), None)
        if port is not None:
            return SmokeHttp(port, path)
    return None


def _expanded(dockerfile: Dockerfile) -> Iterator[tuple[str, str]]:
    """Keyword and words of what shapes the last stage's image, ARG and ENV filled in where they can be."""
    values = dockerfile.from_arguments({})
    for stage in dockerfile.chain(None):
        for instruction in stage.instructions:
            try:
                if instruction.keyword == "ENV":
                    pairs = zip(instruction.value[::2], instruction.value[1::2], strict=False)
                    values.update([(name, expand(value, values)) for name, value in pairs])
                elif instruction.keyword == "ARG":
                    defaults = arguments_of(instruction)
                    values.update([(name, expand(text, values)) for name, text in defaults if text is not None])
                else:
                    yield instruction.keyword, _words(instruction, values)
            except UsageError:
                continue  # the build itself will refuse it


def _words(instruction: Instruction, values: dict[str, str]) -> str:
    text = " ".join(instruction.value)
    if instruction.keyword == "EXPOSE":
        return expand(text, values)
    # A shell expands these in the container, quotes and all; here only the variables matter.
    return re.sub(r"\$\{?(\w+)(?::?-([^}]*))?\}?", lambda match: values.get(match[1]) or match[2] or "", text)


def _texts(instructions: Sequence[tuple[str, str]], keyword: str) -> list[str]:
    return [text for found, text in instructions if found == keyword]


def _exposed(instructions: Sequence[tuple[str, str]]) -> Iterator[int]:
    for text in _texts(instructions, "EXPOSE"):
        for word in text.split():
            port, _, protocol = word.partition("/")
            if protocol.lower() in ("", "tcp") and port.isdecimal():
                yield int(port)
