"""Which variants are meant: those of a bench file, of Dockerfiles, or of what lies in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from layerbench.config.discover import Discovery, find_dockerfiles, to_bench_file, variant_names
from layerbench.config.file import check_bench, find_bench_file, load_bench_file
from layerbench.config.models import BenchFile, Variant
from layerbench.config.select import select
from layerbench.errors import UsageError
from layerbench.foresight.sources import check_is_local


def find_variants(
    context: str | None, dockerfiles: Sequence[Path], bench_file: Path | None, names: Sequence[str]
) -> BenchFile:
    """A bench file's variants, or those that Dockerfiles stand for; edits and smoke tests are not looked at.

    Args:
        context: a folder; None for the current one.
        dockerfiles: these, and no bench file.
        bench_file: this one; None for that of the folder, where it has one.
        names: only these variants; none for all.

    Raises:
        UsageError: what is wrong, and the mend.
    """
    if context is not None:
        check_is_local(context)
    folder = Path(context or ".")
    if not folder.is_dir():
        raise UsageError(f'"{folder}": no such folder; the context is a folder')
    if dockerfiles and bench_file is not None:
        raise UsageError("-c and -f exclude each other: the bench file names its Dockerfiles itself")
    found = bench_file_of(context, dockerfiles, bench_file)
    bench = _from_dockerfiles(folder, dockerfiles) if found is None else load_bench_file(found, os.environ)
    if found is None:
        check_bench(bench)
    return select(bench, names, (), None)


def bench_file_of(context: str | None, dockerfiles: Sequence[Path], bench_file: Path | None) -> Path | None:
    """The bench file that says which variants there are; None where Dockerfiles stand for them.

    Raises:
        UsageError: the folder may not be looked into.
    """
    if dockerfiles or bench_file is not None:
        return None if dockerfiles else bench_file
    folder = Path(context or ".")
    try:
        return find_bench_file(folder)
    except OSError as error:
        raise UsageError(f'"{folder}" cannot be looked into for a bench file ({error.strerror})') from None


def _from_dockerfiles(folder: Path, dockerfiles: Sequence[Path]) -> BenchFile:
    resolved = folder.resolve()
    for path in dockerfiles:
        if not path.is_file():
            raise UsageError(f'"{path}": no such Dockerfile')
    files = list(dockerfiles) or find_dockerfiles(resolved)
    if not files:
        raise UsageError(f'there is no Dockerfile and no layerbench.toml in "{folder}"; name a Dockerfile with -f')
    named = zip(variant_names(files, resolved), files, strict=True)
    variants = tuple(Variant(name, path.resolve(), resolved) for name, path in named)
    return to_bench_file(Discovery(resolved, variants, (), None, ()))
