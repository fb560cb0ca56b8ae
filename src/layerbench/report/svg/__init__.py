"""Charts as SVG: pure functions from figures to text, a module a chart."""
