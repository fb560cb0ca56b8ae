"""Names of images, and how secrets are handed on."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from layerbench.config.models import Secret
from layerbench.runner.session import kept_name
from layerbench.runner.variant_builder import secret_spec, slug

# github.com/distribution/reference: a path component of a name, and a tag.
_COMPONENT = re.compile(r"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$")


def test_plain_names_stay() -> None:
    assert slug("single-pip-cache") == "single-pip-cache"
    assert slug("v2") == "v2"
    assert kept_name("web", "multi", "cold") == "layerbench/web-multi:cold"


def test_other_names_stay_distinct() -> None:
    names = ["Web", "web", "w eb", "w_eb", "w-eb", "wéb", "ウェブ", "x" * 50, "x" * 51, "-", "--", " "]
    assert len({slug(name) for name in names}) == len(names)


@given(st.text(min_size=1, max_size=300))
def test_every_name_makes_a_reference(name: str) -> None:
    assert _COMPONENT.match(slug(name))
    assert len(slug(name)) <= 47


def test_secrets_are_told_by_their_place() -> None:
    assert secret_spec(Secret("t", env="TOKEN")) == "id=t,env=TOKEN"
    assert secret_spec(Secret("t", file=Path("/run/token"))) == "id=t,src=/run/token"


@given(st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), min_size=1))
def test_every_path_survives_buildxs_csv(path: str) -> None:
    [fields] = csv.reader([secret_spec(Secret("t", file=Path("/folder") / path.lstrip("/")))])
    assert fields == ["id=t", f"src={Path('/folder') / path.lstrip('/')}"]
