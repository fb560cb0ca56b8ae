"""Colours of a picture that stands alone; the page has the same in its style sheet, in light and dark.

Told apart without colour as well: by words, by place, by hatching. Blue, orange and vermilion after Okabe and Ito,
"Color Universal Design" (2008).
"""

from __future__ import annotations

STYLES = (
    ".paper{fill:#fff}text{font-family:ui-sans-serif,system-ui,Helvetica,Arial,sans-serif;font-size:12px;fill:#1b1f24}"
    ".title{font-size:16px;font-weight:600}.sub{font-size:13px;font-weight:600}.lane{font-weight:600}"
    ".value,.tick{fill:#58616c}.tick{font-size:11px}.grid{stroke:#dfe1dc}.rail{stroke:#dfe1dc;stroke-width:2}"
    ".median{stroke:#1b1f24;stroke-width:2.5}.dot{fill:#2c6fad;fill-opacity:.72}"
    ".dot.outlier{fill:none;stroke:#b3321a;stroke-width:2.2}.over{overflow:visible}"
    ".s-ran{fill:#2c6fad}.s-cached{fill:#12876a}.s-source{fill:#8a939d}.s-export{fill:#e3a33a}.s-transfer{fill:#8c5a9e}"
    ".s-failed{fill:#b3321a}.s-start,.s-other{fill:url(#hatch)}.on-ran,.on-transfer,.on-failed,.on-source{fill:#fff}"
    ".path{stroke:#111;stroke-width:2.5}"
    ".path-turn{stroke:#111;stroke-dasharray:2 2}.t{stroke:#fff;stroke-width:.75}.tl{font-size:11.5px}"
    ".lb0{fill:#d3d8dd}.lb1{fill:#e3e6e8}.l0{fill:#a5cdea}.l1{fill:#f3cb85}.l2{fill:#abd9bd}.l3{fill:#dbb8d4}"
    ".l4{fill:#f0ab98}.l5{fill:#d3da8b}.l6{fill:#bdbde8}.l7{fill:#dcc8ad}"
    ".h1{fill:#e9f1f9}.h2{fill:#c4dbf0}.h3{fill:#8cb9e0}.h4{fill:#2f75b5}.h5{fill:#173f6b}.c-h4,.c-h5{fill:#fff}"
    ".cached{fill:#f4f6f4}.c-cached{fill:#0b6e55}.varies{fill:#fdf1d8}.failed{fill:#fbe7e2}.c-failed{fill:#a4260f}"
    ".none,.source{fill:#fff}.code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:11px}"
)
