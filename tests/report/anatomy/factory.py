"""Anatomies and differences by hand: the sample app `native`, as a single stage and with a builder."""

from __future__ import annotations

import dataclasses
import hashlib

from layerbench.analysis.anatomy.models import (
    Anatomy,
    DiveFigures,
    ImageContents,
    ImageDiff,
    ImageLayer,
    LayerAnatomy,
    LayerDelta,
    PackageBytes,
    PackageDelta,
    PathBytes,
    PathDelta,
    Waste,
    WasteKind,
)
from layerbench.image.profile import Ecosystem, LayerProfile

DEBIAN_BASE = "# debian.sh --arch 'amd64' out/ 'trixie' '@1763337600'"
PYTHON_BASE = 'RUN set -eux; savedAptMark="$(apt-mark showmanual)"; apt-get update; apt-get install -y dpkg-dev gcc'
APT_SINGLE = (
    "RUN apt-get update && apt-get install -y --no-install-recommends build-essential libpq-dev"
    " && rm -rf /var/lib/apt/lists/*"
)
APT_MULTI = "RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*"
SYSTEM_PYTHON = "usr/local/lib/python3.12/site-packages"
VENV_PYTHON = "venv/lib/python3.12/site-packages"
HOSTILE = "\x1b[31mred\x1b[0m|`x`\n<b>@team</b> &amp; \u202eevil\udcff"


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()}"


def layer(instruction: str, compressed_bytes: int, uncompressed_bytes: int) -> ImageLayer:
    diff_id = digest(instruction)
    profile = LayerProfile(diff_id, uncompressed_bytes, 1024, 0, (), (), ())
    return ImageLayer(instruction, digest(diff_id), diff_id, compressed_bytes, uncompressed_bytes, profile)


def image(name: str, *layers: ImageLayer) -> ImageContents:
    return ImageContents(name, layers, "manifest", "linux/amd64", digest(name), digest(f"config of {name}"))


BASE = (
    layer(DEBIAN_BASE, 29_770_000, 78_620_160),
    layer(PYTHON_BASE, 14_930_000, 41_360_384),
)
SINGLE = image(
    "native:single",
    *BASE,
    layer(APT_SINGLE, 96_410_000, 322_174_976),
    layer("WORKDIR /app", 92, 1_536),
    layer("COPY requirements.txt .", 180, 2_048),
    layer("RUN pip install --no-cache-dir -r requirements.txt", 12_090_000, 41_943_040),
    layer("COPY . .", 1_410, 8_192),
)
MULTI = image(
    "native:multi",
    *BASE,
    layer(APT_MULTI, 3_180_000, 9_961_472),
    layer("WORKDIR /app", 92, 1_536),
    layer("COPY /venv /venv", 15_270_000, 52_428_800),
    layer("COPY . .", 1_410, 8_192),
)


def layer_anatomies(shown: ImageContents, *changes: tuple[int, int, int]) -> tuple[LayerAnatomy, ...]:
    """The layers of an image, each with its files added, changed and removed."""
    return tuple(
        LayerAnatomy(
            position,
            one.instruction,
            one.digest,
            one.diff_id,
            one.compressed_bytes,
            one.uncompressed_bytes,
            *files,
        )
        for position, (one, files) in enumerate(zip(shown.layers, changes, strict=True))
    )


def debian(name: str, version: str, uncompressed_bytes: int, at: int = 2) -> PackageBytes:
    return PackageBytes("debian", name, version, "", None, uncompressed_bytes, 42, at)


def python(name: str, version: str, uncompressed_bytes: int, at: int, environment: str | None = None) -> PackageBytes:
    location = SYSTEM_PYTHON if environment is None else f"{environment}/lib/python3.12/site-packages"
    return PackageBytes("python", name, version, location, environment, uncompressed_bytes, 120, at)


def waste(kind: WasteKind, uncompressed_bytes: int, at: int, *paths: str, **more: object) -> Waste:
    values = {
        "instruction": SINGLE.layers[at].instruction,
        "later_layer": None,
        "later_instruction": None,
        "files": len(paths),
        "optional": False,
        "mend": "leave it out",
        **more,
    }
    return Waste(kind=kind, uncompressed_bytes=uncompressed_bytes, layer=at, paths=paths, **values)  # type: ignore[arg-type]


def single() -> Anatomy:
    """The single stage, with its compiler."""
    return Anatomy(
        image=SINGLE,
        layers=layer_anatomies(
            SINGLE, (3_221, 0, 0), (1_534, 12, 0), (4_817, 31, 2), (0, 0, 0), (1, 0, 0), (1_290, 3, 0), (4, 1, 0)
        ),
        files=(
            PathBytes("usr/libexec/gcc/x86_64-linux-gnu/14/cc1plus", 37_224_448, 1, (2,)),
            PathBytes("usr/libexec/gcc/x86_64-linux-gnu/14/cc1", 34_603_520, 1, (2,)),
            PathBytes("usr/libexec/gcc/x86_64-linux-gnu/14/lto1", 33_554_432, 1, (2,)),
            PathBytes("var/lib/dpkg/status", 1_048_576, 1, (0, 1, 2)),
        ),
        folders=(PathBytes("usr", 471_000_000, 10_500, (0, 1, 2, 5)), PathBytes("", 13_107_312, 400, (0, 3))),
        tree=(),
        packages=(
            debian("gcc-14-x86-64-linux-gnu", "14.2.0-19", 71_303_168),
            debian("g++-14-x86-64-linux-gnu", "14.2.0-19", 41_410_560),
            debian("cpp-14-x86-64-linux-gnu", "14.2.0-19", 38_797_312),
            debian("libicu76", "76.1-4", 38_100_000),
            debian("perl-modules-5.40", "5.40.1-6", 18_400_000),
            python("pip", "25.0.1", 11_534_336, 1),
            PackageBytes("node", "npm", "10.8.2", "usr/local/lib/node_modules/npm", None, 9_000_000, 2_000, 5),
            python("psycopg2", "2.9.10", 1_310_720, 5),
            python("greenlet", "3.2.4", 524_288, 5, "opt/venv"),
        ),
        unowned=(
            PathBytes("usr/local/lib/python3.12", 27_300_000, 1_310, (1,)),
            PathBytes("usr/share/doc", 1_900_000, 802, (0, 1, 2)),
            PathBytes("app", 12_288, 5, (4, 6)),
        ),
        end_bytes=7_168,
        waste=(
            waste(
                "build-tools",
                203_423_744,
                2,
                "usr/libexec/gcc/x86_64-linux-gnu/14/cc1plus",
                "usr/libexec/gcc/x86_64-linux-gnu/14/cc1",
                files=1_412,
                mend="compile in a stage of its own and COPY --from it what the image needs: gcc, g++, binutils and"
                " make are only wanted there",
            ),
            waste(
                "headers",
                21_495_808,
                2,
                "usr/include",
                files=2_204,
                mend="install libpq5 here and libpq-dev in the stage that compiles",
            ),
            waste(
                "tests",
                2_202_009,
                5,
                f"{SYSTEM_PYTHON}/greenlet/tests",
                files=61,
                optional=True,
                mend=f"remove {SYSTEM_PYTHON}/greenlet/tests in the same RUN that installs it",
            ),
            waste(
                "overwritten",
                524_288,
                1,
                "var/lib/dpkg/status",
                later_layer=2,
                later_instruction=APT_SINGLE,
                mend="install all packages in one RUN",
            ),
        ),
        dive=DiveFigures(0.9873, 3_145_728, 0.0082),
        notes=(),
    )


def empty() -> Anatomy:
    """An image from scratch without a layer."""
    nothing = ImageContents("nothing:1", (), "manifest", None, None, digest("nothing"))
    return Anatomy(nothing, (), (), (), (), (), (), 0, (), DiveFigures(1.0, 0, 0.0), ())


def with_tree(anatomy: Anatomy) -> Anatomy:
    return dataclasses.replace(
        anatomy,
        tree=(
            PathBytes("", 484_107_312, 10_900, (0, 1, 2, 3, 4, 5, 6)),
            PathBytes("app", 12_288, 5, (4, 6)),
            PathBytes("usr", 471_000_000, 10_500, (0, 1, 2, 5)),
            PathBytes("usr/bin", 40_000_000, 600, (0, 2)),
            PathBytes("usr/libexec", 160_000_000, 120, (2,)),
            PathBytes("usr/libexec/gcc", 158_000_000, 90, (2,)),
        ),
    )


def one_layer(anatomy: Anatomy, position: int) -> Anatomy:
    """As `examine_layer` cuts it down."""
    return dataclasses.replace(
        anatomy,
        layers=(anatomy.layers[position],),
        packages=tuple(one for one in anatomy.packages if one.layer == position),
        waste=tuple(one for one in anatomy.waste if one.layer == position),
        files=tuple(dataclasses.replace(file, layers=(position,)) for file in anatomy.files[:2]),
        unowned=(),
    )


def hostile() -> Anatomy:
    """Names that mean harm to terminals, bytes that are no UTF-8, and a layer without a blob."""
    evil = dataclasses.replace(layer(HOSTILE, 10, 20), digest=None)
    shown = dataclasses.replace(image(HOSTILE, evil), compressed_bytes_source="gzip", manifest_digest=None)
    path = PathBytes(HOSTILE, 20, 1, (0,))
    return Anatomy(
        image=shown,
        layers=layer_anatomies(shown, (1, 0, 0)),
        files=(path,),
        folders=(path,),
        tree=(PathBytes("", 20, 1, (0,)), path),
        packages=(PackageBytes("python", HOSTILE, HOSTILE, HOSTILE, HOSTILE, 20, 1, 0),),
        unowned=(path,),
        end_bytes=0,
        waste=(Waste("deleted", 20, 0, HOSTILE, 1, HOSTILE, (HOSTILE, HOSTILE), 2, True, HOSTILE),),
        dive=DiveFigures(0.5, 10, 1.0),
        notes=(HOSTILE,),
    )


def same(position: int, shown: ImageLayer) -> LayerDelta:
    return LayerDelta(shown.instruction, None, position, position, 0, 0, True)


def gone(name: str, version: str, uncompressed_bytes: int, ecosystem: Ecosystem = "debian") -> PackageDelta:
    location = SYSTEM_PYTHON if ecosystem == "python" else ""
    return PackageDelta(ecosystem, name, location, version, None, -uncompressed_bytes)


def come(name: str, version: str, uncompressed_bytes: int) -> PackageDelta:
    return PackageDelta("python", name, VENV_PYTHON, None, version, uncompressed_bytes)


def single_to_multi() -> ImageDiff:
    """From the single stage to the one with a builder; the parts add up."""
    packages = (
        gone("gcc-14-x86-64-linux-gnu", "14.2.0-19", 71_303_168),
        gone("g++-14-x86-64-linux-gnu", "14.2.0-19", 41_410_560),
        gone("cpp-14-x86-64-linux-gnu", "14.2.0-19", 38_797_312),
        gone("binutils-x86-64-linux-gnu", "2.44-3", 28_311_552),
        gone("perl-modules-5.40", "5.40.1-6", 18_454_938),
        gone("libstdc++-14-dev", "14.2.0-19", 15_728_640),
        come("greenlet", "3.2.4", 12_582_912),
        gone("libc6-dev", "2.41-12", 12_373_196),
        come("pip", "25.0.1", 11_534_336),
        gone("libperl5.40", "5.40.1-6", 10_485_760),
        gone("psycopg2", "2.9.10", 9_437_184, "python"),
        come("psycopg2", "2.9.10", 9_437_184),
        PackageDelta("debian", "libssl3t64", "", "3.5.1-1", "3.5.4-1~deb13u1", 8_388_608),
        gone("linux-libc-dev", "6.12.57-1", 7_340_032),
        gone("libicu76", "76.1-4", 5_242_880),
        *(gone(f"lib{number}-dev", f"1.{number}", 1_000_000 - number) for number in range(45)),
    )
    unowned = (
        PathDelta("usr/share/doc", "changed", -1_402_880, None),
        PathDelta("venv/bin", "added", 24_576, None),
        PathDelta("etc", "changed", -2_048, None),
    )
    delta = MULTI.uncompressed_bytes - SINGLE.uncompressed_bytes
    end = -1_024
    explained = sum(part.uncompressed_bytes_delta for part in (*packages, *unowned))
    unowned = (PathDelta("var/lib/dpkg", "changed", delta - end - explained, None), *unowned)
    return ImageDiff(
        before=SINGLE,
        after=MULTI,
        compressed_bytes_delta=MULTI.compressed_bytes - SINGLE.compressed_bytes,
        uncompressed_bytes_delta=delta,
        end_bytes_delta=end,
        unattributed_bytes=0,
        layers=(
            same(0, BASE[0]),
            same(1, BASE[1]),
            LayerDelta(APT_MULTI, APT_SINGLE, 2, 2, -93_230_000, -312_213_504, False),
            same(3, SINGLE.layers[3]),
            LayerDelta("COPY requirements.txt .", None, 4, None, -180, -2_048, False),
            LayerDelta(
                "RUN pip install --no-cache-dir -r requirements.txt", None, 5, None, -12_090_000, -41_943_040, False
            ),
            LayerDelta("COPY /venv /venv", None, None, 4, 15_270_000, 52_428_800, False),
            LayerDelta("COPY . .", None, 6, 5, 0, 0, True),
        ),
        packages=packages,
        unowned=unowned,
        folders=(PathDelta("usr", "changed", -300_000_000, None), PathDelta("", "changed", -1_729_792, None)),
        files=(
            PathDelta("usr/libexec/gcc/x86_64-linux-gnu/14/cc1plus", "removed", -37_224_448, "g++-14-x86-64-linux-gnu"),
            PathDelta("usr/libexec/gcc/x86_64-linux-gnu/14/cc1", "removed", -34_603_520, "gcc-14-x86-64-linux-gnu"),
            PathDelta("usr/libexec/gcc/x86_64-linux-gnu/14/lto1", "removed", -33_554_432, "gcc-14-x86-64-linux-gnu"),
            PathDelta(
                f"{VENV_PYTHON}/greenlet/_greenlet.cpython-312-x86_64-linux-gnu.so", "added", 1_310_720, "greenlet"
            ),
            PathDelta("app/app.py", "changed", 0, None),
            *(PathDelta(f"usr/include/{number:04}.h", "removed", -4_096, "libc6-dev") for number in range(900)),
        ),
        unchanged_layers=4,
        unchanged_uncompressed_bytes=sum(SINGLE.layers[at].uncompressed_bytes for at in (0, 1, 3, 6)),
        notes=(),
    )


def alike() -> ImageDiff:
    """An image beside itself."""
    layers = tuple(same(position, one) for position, one in enumerate(SINGLE.layers))
    return ImageDiff(SINGLE, SINGLE, 0, 0, 0, 0, layers, (), (), (), (), len(layers), SINGLE.uncompressed_bytes, ())


def incomparable() -> ImageDiff:
    """One side's compressed bytes are what gzip makes of the layers; something is left unexplained."""
    before = dataclasses.replace(SINGLE, compressed_bytes_source="gzip")
    return dataclasses.replace(
        single_to_multi(),
        before=before,
        compressed_bytes_delta=None,
        unattributed_bytes=512,
        notes=("native:single: the RPM database is in a format that is not known.",),
    )


def hostile_diff() -> ImageDiff:
    """The same names, in a difference."""
    evil = hostile().image
    path = PathDelta(HOSTILE, "added", 20, HOSTILE)
    return ImageDiff(
        before=evil,
        after=evil,
        compressed_bytes_delta=0,
        uncompressed_bytes_delta=20,
        end_bytes_delta=0,
        unattributed_bytes=0,
        layers=(LayerDelta(HOSTILE, HOSTILE, 0, 0, 0, 20, False), LayerDelta("", None, None, 1, 0, 0, False)),
        packages=(PackageDelta("node", HOSTILE, HOSTILE, HOSTILE, HOSTILE, 20),),
        unowned=(path,),
        folders=(path,),
        files=(path,),
        unchanged_layers=0,
        unchanged_uncompressed_bytes=0,
        notes=(HOSTILE,),
    )


def keys_of(value: object) -> set[str]:
    """All keys of a JSON document."""
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys_of(one)}
    if isinstance(value, list):
        return {key for one in value for key in keys_of(one)}
    return set()
