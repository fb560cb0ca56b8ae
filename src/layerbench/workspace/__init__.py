"""Copies of a build context, and edits made to them."""

from __future__ import annotations

from layerbench.workspace.checking import check_edits
from layerbench.workspace.workspace import Workspace

__all__ = ["Workspace", "check_edits"]
