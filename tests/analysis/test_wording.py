from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.figures import ScenarioTable
from layerbench.analysis.wording import LABEL_LENGTH, join_words, scenario_phrase, step_label


@pytest.mark.parametrize(
    ("instruction", "label"),
    [
        ("RUN pip install --no-cache-dir -r requirements.txt", "pip install"),
        (
            "RUN --mount=type=cache,target=/root/.cache/pip --mount=type=bind,source=a,target=a pip install -r a",
            "pip install",
        ),
        ("RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*", "apt-get install"),
        ("RUN apt-get -y install gcc", "apt-get install"),
        ("RUN apt-get update", "apt-get update"),
        ("RUN python -m venv /venv", "python -m venv"),
        ("RUN python -m venv /venv && /venv/bin/pip install -r a", "pip install"),
        ("RUN python3.12 -m pip install -U pip", "pip install"),
        ("RUN PIP_NO_CACHE_DIR=1 pip install x", "pip install"),
        ("RUN uv pip install -r a", "uv pip install"),
        ("RUN uv sync --frozen", "uv sync"),
        ("RUN set -ex; cd /src; make -j4", "make"),
        ("RUN ./configure --prefix=/usr", "configure"),
        ("RUN (cd /src; go build ./...)", "go build"),
        ("RUN go build -o /app ./cmd", "go build"),
        ('RUN ["npm", "ci"]', "npm ci"),
        ('RUN ["/bin/bash", "-o", "pipefail", "-c", "curl x | tar xz"]', "curl"),
        ("RUN bash -euc 'cd /x && cargo build --release'", "cargo build"),
        ("RUN <<EOF (apt-get update...)", "apt-get update"),
        ("RUN <<EOF (make all)", "make"),
        ("RUN <<EOF", "<<EOF"),
        ("RUN echo 'not closed", "echo"),
        ("RUN", "RUN"),
        ("COPY . .", "COPY . ."),
        ("COPY --chown=1:1 --link --from=builder /venv /venv", "COPY --from=builder /venv /venv"),
        ("WORKDIR /app", "WORKDIR /app"),
        ("", ""),
    ],
)
def test_a_label_says_what_a_step_is_about(instruction: str, label: str) -> None:
    assert step_label(instruction) == label


@given(st.text() | st.text().map("RUN {}".format) | st.text().map("COPY {}".format))
def test_a_label_is_short_whatever_the_instruction(instruction: str) -> None:
    label = step_label(instruction)
    assert len(label) <= LABEL_LENGTH
    assert "\n" not in label


@pytest.mark.parametrize(
    ("kind", "description", "phrase"),
    [
        ("cold", "nothing cached", "From an empty cache"),
        ("warm", None, "With nothing changed"),
        ("edit", "a source edit", "After a source edit"),
        ("edit", "A changed pin.", "After a changed pin"),
        ("edit", "edit app.py", 'In "name" (edit app.py)'),
        ("edit", None, 'In "name"'),
        ("edit", " ", 'In "name"'),
    ],
)
def test_a_scenario_is_named_by_its_description(kind: str, description: str | None, phrase: str) -> None:
    assert scenario_phrase(ScenarioTable("name", kind, description, ())) == phrase  # type: ignore[arg-type]


def test_words_are_joined_as_people_do() -> None:
    assert [join_words(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
