"""What measured, on what, and by which bench file."""

from __future__ import annotations

import json
from dataclasses import dataclass

from layerbench.results.models import Base, Result, VariantRecord
from layerbench.units import format_bytes

_LONGEST_VALUE = 400


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values, in groups."""

    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


_OF_A_SIDE = ("Run", "Machine", "Builder", "Bench file")


def facts_of_sides(base: Result, head: Result, joined: Result) -> Facts:
    """What two results say of how they came to be, each for itself where they differ, and what both measured."""
    of_base, of_head = dict(facts(base).groups), dict(facts(head).groups)
    own = [
        (name if said is None else f"{said}: {name}", pairs)
        for name in _OF_A_SIDE
        for said, pairs in (
            ((None, of_base[name]),)
            if of_base[name] == of_head[name]
            else (("base", of_base[name]), ("head", of_head[name]))
        )
    ]
    return Facts((*own, *(group for group in facts(joined).groups if group[0] not in _OF_A_SIDE)))


def facts(result: Result) -> Facts:
    """All that the result file says about how it came to be."""
    machine, builder = result.machine, result.builder
    run = [
        ("started", result.started_at),
        ("finished", result.finished_at or "not finished"),
        ("layerbench", result.tool_version),
        ("schema version", str(result.schema_version)),
    ]
    if result.revision is not None:
        dirty = ", with changes" if result.revision.is_dirty else ""
        branch = f" on {result.revision.branch}" if result.revision.branch else ""
        run.append(("commit", f"{result.revision.commit[:12]}{branch}{dirty}"))
    groups = [
        ("Run", run),
        (
            "Machine",
            [
                ("CPUs", str(machine.cpu_count)),
                ("memory", format_bytes(machine.memory_bytes) if machine.memory_bytes else "unknown"),
                ("kernel", machine.kernel),
                ("architecture", machine.architecture),
            ],
        ),
        (
            "Builder",
            [
                ("name", f"{builder.name} ({builder.driver})"),
                ("Docker Engine", builder.engine_version or "unknown"),
                ("BuildKit", builder.buildkit_version or "unknown"),
                ("buildx", builder.buildx_version or "unknown"),
                ("image store", builder.image_store or "unknown"),
                *([("private engine", builder.private_engine)] if builder.private_engine else []),
            ],
        ),
        ("Bases", [(base.reference, _base(base)) for base in result.bases]),
        ("Variants", [(one.name, _variant(one)) for one in result.bench.variants]),
        (
            "Scenarios",
            [
                (
                    one.name,
                    "; ".join(
                        part for part in (one.description or one.kind, *(_edit(edit) for edit in one.edits)) if part
                    ),
                )
                for one in result.bench.scenarios
            ],
        ),
        ("Bench file", [("name", result.bench.name), ("digest", result.bench.digest)]),
    ]
    return Facts(tuple((name, tuple(pairs)) for name, pairs in groups if pairs))


def _base(base: Base) -> str:
    digest = base.digest or "digest not known"
    return f"{digest}, served by {base.substituted_by}" if base.substituted_by else digest


def _variant(one: VariantRecord) -> str:
    said = [f"{one.dockerfile}, context {one.context}"]
    said += [f"target {one.target}"] if one.target else []
    said += [f"{name}={value}" for name, value in one.build_args.items()]
    said += [f"platform {one.platform}"] if one.platform else []
    return ", ".join(said)[:_LONGEST_VALUE]


def _edit(edit: dict[str, object]) -> str:
    return json.dumps(edit, ensure_ascii=False)[:_LONGEST_VALUE]
