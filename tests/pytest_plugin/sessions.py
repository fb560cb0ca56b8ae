"""pytest on tests that a test writes, with the plugin, whether its entry point is installed or not."""

from __future__ import annotations

from importlib.metadata import entry_points

PLUGIN = "layerbench.pytest_plugin.plugin"


def plugin_arguments() -> list[str]:
    """What pytest has to be told so that the plugin is loaded, once."""
    installed = any(one.value == PLUGIN for one in entry_points(group="pytest11"))
    return [] if installed else ["-p", PLUGIN]
