"""What a page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerbench.analysis.comparison.models import Comparison, Contents, no_contents
from layerbench.results.models import Result

if TYPE_CHECKING:
    from layerbench.analysis.checks.models import CheckReport
    from layerbench.analysis.explain.models import Explanation


@dataclass(frozen=True, slots=True)
class Download:
    """A file that can be taken out of the page again."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PageInput:
    """Everything that is shown. Of a comparison, `result` holds both sides' builds with variants named by side."""

    title: str
    result: Result
    sentences: tuple[str, ...]
    """What stands out, the strongest first."""
    alarms: tuple[str, ...] = ()
    """What must not be overlooked."""
    notes: tuple[str, ...] = ()
    """What the figures rest on."""
    about: tuple[str, ...] = ()
    """Below the title: what measured and on what."""
    downloads: tuple[Download, ...] = ()
    check: CheckReport | None = None
    """Budgets and expectations, judged; None where there are none."""
    comparison: Comparison | None = None
    explanation: Explanation | None = None
    """Why steps ran; None where nobody found out."""
    contents: Contents = no_contents
    """Opens the image of a build of `result`."""
    looked_at: tuple[tuple[str, str], ...] = ()
    """Variants and scenarios whose builds are shown first; empty for the first one."""
