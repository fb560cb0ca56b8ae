"""What two results have to have in common for their figures to compare; where they have not, a sentence says so."""

from __future__ import annotations

from collections.abc import Iterator

from layerbench.analysis.steps import is_valid
from layerbench.analysis.wording import join_words
from layerbench.platforms import platform_of_machine
from layerbench.results.models import Base, Builder, Machine, Result, ScenarioRecord, VariantRecord


def why_not_comparable(base: Result, head: Result) -> tuple[str, ...]:
    """Why no figure of the two results may be compared, each reason a sentence; empty where they compare."""
    reasons = []
    if base.schema_version != head.schema_version:
        reasons.append(
            f"base has schema version {base.schema_version} and head {head.schema_version}: measure the older one again"
        )
    before, after = platforms_of(base), platforms_of(head)
    if before and after and not before & after:
        reasons.append(
            f"base is for {join_words(sorted(before))} and head for {join_words(sorted(after))}:"
            " compare images of one platform only"
        )
    return tuple(reasons)


def platforms_of(result: Result, variant: str | None = None) -> frozenset[str]:
    """Platforms that the images of a result, or of one variant of it, are for, as `linux/amd64`.

    What an image says of itself counts; where it was not kept, the platform that the bench file asks for, or else the
    machine's own.
    """
    told = {(one.config_digest, one.manifest_digest): one.platform for one in result.images}
    asked = {one.name: one.platform for one in result.bench.variants}
    own = platform_of_machine(result.machine.architecture)
    found = set()
    for build in result.builds:
        if not is_valid(build) or build.image is None or variant not in (None, build.variant):
            continue
        its_own = told.get((build.image.config_digest, build.image.manifest_digest))
        found.add(its_own or asked.get(build.variant) or own)
    return frozenset(found)


def why_times_do_not_compare(base: Result, head: Result) -> tuple[str, ...]:
    """Why a difference in time would say nothing of the Dockerfiles, each reason a sentence."""
    reasons = []
    if (differing := _differences(_machine_facts(base.machine), _machine_facts(head.machine))) is not None:
        reasons.append(f"Times do not compare: base and head were measured on different machines ({differing}).")
    if (differing := _differences(_builder_facts(base.builder), _builder_facts(head.builder))) is not None:
        reasons.append(f"Times do not compare: base and head were measured with different builders ({differing}).")
    return tuple(reasons)


def are_interleaved(base: Result, head: Result) -> bool:
    """Whether the builds of both were made in turns by one run, so that a drift of the machine hits both alike."""
    return base.started_at == head.started_at and base.machine == head.machine


def bench_differences(base: Result, head: Result) -> tuple[str, ...]:
    """How the bench files differ in what both have, each a sentence; empty where they are the same."""
    if base.bench.digest == head.bench.digest:
        return ()
    variants = {one.name: one for one in head.bench.variants}
    scenarios = {one.name: one for one in head.bench.scenarios}
    said = [
        *(
            f'The variant "{one.name}" is not the same in both bench files: {differing}.'
            for one in base.bench.variants
            if one.name in variants and (differing := _variant_differences(one, variants[one.name]))
        ),
        *(
            f'The scenario "{one.name}" is not compared: its edit is not the same in both bench files.'
            for one in base.bench.scenarios
            if one.name in scenarios and not is_same_scenario(one, scenarios[one.name])
        ),
    ]
    return ("Base and head were measured with different bench files; what both have is compared.", *said)


def is_same_scenario(base: ScenarioRecord, head: ScenarioRecord) -> bool:
    """Whether two scenarios of one name start from the same cache and make the same edit."""
    return (base.kind, base.edits) == (head.kind, head.edits)


def base_image_differences(base: Result, head: Result) -> tuple[str, ...]:
    """FROM images that have another content in head, or others in their place, each a sentence."""
    before, after = ({one.reference: one for one in result.bases} for result in (base, head))
    said = [
        f"The base image {reference} is another one in head:"
        f" {_short(before[reference].digest)} -> {_short(one.digest)}."
        for reference, one in after.items()
        if reference in before and _have_other_content(before[reference], one)
    ]
    gone = [one for reference, one in before.items() if reference not in after]
    new = [one for reference, one in after.items() if reference not in before]
    for one in new:
        earlier = next((other for other in gone if _repository(other) == _repository(one)), None)
        if earlier is None and len(gone) == len(new) == 1:
            earlier = gone[0]
        if earlier is None:
            said.append(f"The base image {_shown(one)} is new in head: {_short(one.digest)}.")
        elif earlier.digest is None or earlier.digest != one.digest:
            said.append(
                f"The base image {_shown(one)} stands in head in place of {_shown(earlier)}:"
                f" {_short(earlier.digest)} -> {_short(one.digest)}."
            )
    return tuple(said)


def _have_other_content(base: Base, head: Base) -> bool:
    return base.digest is not None and head.digest is not None and base.digest != head.digest


def _repository(base: Base) -> str:
    """A reference without its tag and digest."""
    name = base.reference.partition("@")[0]
    return name if "/" in name.rpartition(":")[2] else name.rpartition(":")[0] or name


def _shown(base: Base) -> str:
    """A reference without most of its digest, which stands behind it anyway."""
    name, at, digest = base.reference.partition("@")
    return f"{name}{at}{digest[:14]}"


def _variant_differences(base: VariantRecord, head: VariantRecord) -> str:
    fields = {
        "dockerfile": (base.dockerfile, head.dockerfile),
        "context": (base.context, head.context),
        "target": (base.target, head.target),
        "build arguments": (base.build_args, head.build_args),
        "build contexts": (base.build_contexts, head.build_contexts),
        "secrets": (base.secrets, head.secrets),
        "ssh": (base.ssh, head.ssh),
        "platform": (base.platform, head.platform),
        "network": (base.network, head.network),
        "more arguments": (base.extra_args, head.extra_args),
    }
    differing = [name for name, (before, after) in fields.items() if before != after]
    return f"{join_words(differing)} {'differs' if len(differing) == 1 else 'differ'}" if differing else ""


def _machine_facts(machine: Machine) -> Iterator[tuple[str, object]]:
    # The memory that a kernel reports differs by some pages from one start to the next: whole gigabytes tell.
    memory = None if machine.memory_bytes is None else round(machine.memory_bytes / 1e9)
    yield "CPUs", machine.cpu_count
    yield "GB of memory", memory
    yield "kernel", machine.kernel
    yield "architecture", machine.architecture


def _builder_facts(builder: Builder) -> Iterator[tuple[str, object]]:
    # Not by their names: a private engine has another one on each machine.
    yield "driver", builder.driver
    yield "Docker Engine", builder.engine_version
    yield "buildx", builder.buildx_version
    yield "BuildKit", builder.buildkit_version
    yield "image store", builder.image_store


def _differences(base: Iterator[tuple[str, object]], head: Iterator[tuple[str, object]]) -> str | None:
    differing = [
        f"{what} {_known(before)} and {_known(after)}"
        for (what, before), (_, after) in zip(base, head, strict=True)
        if before != after
    ]
    return ", ".join(differing) or None


def _known(value: object) -> object:
    return "unknown" if value is None else value


def _short(digest: str | None) -> str:
    return (digest or "unknown")[:19]
