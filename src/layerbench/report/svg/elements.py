"""Elements of SVG as text.

Horizontal positions are per cent of the width, so that a chart fills whatever holds it and its letters keep their size
at 360 pixels as at 2,000; vertical ones are pixels.
"""

from __future__ import annotations

import html
import re

from layerbench.report.printable import printable

# What XML 1.0 (2.2 Characters) has no way to say, beyond what `printable` writes out already.
_NO_XML = re.compile("[\ufffe\uffff]")


def escaped(text: str) -> str:
    """A text that others wrote, for a text node or an attribute in quotes."""
    return html.escape(_NO_XML.sub("\ufffd", printable(text)), quote=True)


def element(name: str, *children: str, **attributes: str | float | None) -> str:
    """An element. Children are markup already; attributes are not, and one that is None is left out.

    `class_` is the attribute `class`; an underscore in a name stands for a hyphen.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{''.join(children)}</{name}>" if children else f"<{name}{said}/>"


def percent(share: float) -> str:
    """A share of the width: `12.5%`."""
    return f"{number(share * 100)}%"


def number(value: float) -> str:
    """A number with at most two digits after the point."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def text(content: str, x: str | float, y: float, class_: str | None = None, anchor: str | None = None) -> str:
    """A line of text; `content` is escaped here. Each one is isolated, so that right-to-left ones disturb no other."""
    return element("text", escaped(content), x=x, y=y, class_=class_, text_anchor=anchor)


def clipped(content: str, x: str, y: float, width: str, height: float, class_: str | None = None) -> str:
    """A line of text that ends where its box does; `y` and `height` in pixels."""
    return element("svg", text(content, 5, height / 2 + 4, class_), x=x, y=y, width=width, height=height)


def rectangle(x: str, y: float, width: str, height: float, class_: str, tip: str | None = None) -> str:
    """A rectangle; `tip` is what the script shows on hover."""
    return element("rect", x=x, y=y, width=width, height=height, class_=class_, data_tip=tip)


def line(x1: str, y1: float, x2: str, y2: float, class_: str) -> str:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def _value(value: str | float | None) -> str:
    """Numbers are pixels, of which nobody sees a twentieth."""
    return escaped(value) if isinstance(value, str) else f"{value or 0:.1f}".removesuffix(".0")
