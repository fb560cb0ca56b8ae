"""The parts of tools/make-base, on small trees."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from make_base import command, cpython, debian, layout, settings
from make_base.process import Failed, run

PREFIX = Path("/opt/somewhere/3.12.9")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----"


# -- the CPython ------------------------------------------------------------------------------------------------------


def interpreter(path: Path, answer: str) -> Path:
    """A program that answers as a CPython would when it is asked what it is."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


def test_the_newest_of_pyenv_is_taken(tmp_path):
    for version in ("3.12.9", "3.12.10", "3.13.0"):
        prefix = tmp_path / "versions" / version
        interpreter(prefix / "bin" / f"python{version[:4]}", f'["{prefix}", "{version}", "cpython"]')
    environment = {"PYENV_ROOT": str(tmp_path), "HOME": str(tmp_path), "PATH": ""}
    found = cpython.find("3.12", None, environment)
    assert (found.version, found.minor, found.prefix) == ("3.12.10", "3.12", tmp_path / "versions/3.12.10")


def test_uv_and_the_path_are_searched_too(tmp_path):
    uv = tmp_path / ".local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu"
    interpreter(uv / "bin/python3.12", f'["{uv}", "3.12.4", "cpython"]')
    own = interpreter(tmp_path / "own/bin/python3.12", f'["{tmp_path}/own", "3.12.1", "cpython"]')
    environment = {"HOME": str(tmp_path), "PATH": f"/nowhere::{own.parent}"}
    assert cpython.find("3.12", None, environment).prefix == uv
    shutil.rmtree(uv)
    assert cpython.find("3.12", None, environment).executable == own


@pytest.mark.parametrize(
    "answer", ['["/usr", "3.12.3", "cpython"]', '["/x", "3.13.3", "cpython"]', '["/x", "3.12.3", "pypy"]', "nonsense"]
)
def test_what_cannot_be_taken_is_passed_over(tmp_path, answer):
    unfit = interpreter(tmp_path / "bin/python3.12", answer)
    with pytest.raises(Failed, match=r"pyenv install 3\.12") as found:
        cpython.find("3.12", None, {"HOME": str(tmp_path), "PATH": str(unfit.parent)})
    assert found.value.code == 3
    with pytest.raises(Failed, match=r"bin/python3\.12 is not a CPython 3\.12") as named:
        cpython.find("3.12", unfit, {})
    assert named.value.code == 2


def fake_installation(root: Path) -> cpython.Python:
    """The shape of an installation, with what is to be left out."""
    prefix = root / "installed"
    texts = {
        "bin/pip3.12": f"#!{prefix}/bin/python3.12\n",
        "bin/pydoc3.12": f"#!{prefix}/bin/python3.12\n",
        "bin/python3.12": f"\0{prefix}",
        "bin/python3.12-config": f"prefix={prefix}\n",
        "bin/python3.12-gdb.py": "",
        "include/python3.12/Python.h": "",
        "lib/libpython3.12.so.1.0": f"\0{prefix}",
        "lib/libpython3.12.a": "",
        "lib/libother.so": "",
        "lib/pkgconfig/python-3.12.pc": f"prefix={prefix}\n",
        "lib/pkgconfig/other.pc": "",
        "lib/python3.12/os.py": f"# {prefix}\n",
        "lib/python3.12/EXTERNALLY-MANAGED": "",
        "lib/python3.12/__pycache__/os.cpython-312.pyc": "",
        "lib/python3.12/_sysconfigdata__linux_.py": f"x = '{prefix}/lib -Wl,-rpath,{prefix}/lib'\n",
        "lib/python3.12/config-3.12-linux/Makefile": f"prefix={prefix}\n",
        "lib/python3.12/config-3.12-linux/libpython3.12.a": "",
        "lib/python3.12/json/tests/test_x.py": "",
        "lib/python3.12/lib-dynload/_ssl.so": "",
        "lib/python3.12/lib-dynload/_tkinter.cpython-312.so": "",
        "lib/python3.12/site-packages/mine/__init__.py": "",
        "lib/python3.12/test/test_y.py": "",
    }
    for name, text in texts.items():
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_text(text)
    (prefix / "bin/python3").symlink_to("python3.12")
    return cpython.Python(prefix / "bin/python3.12", prefix, "3.12.9")


def test_a_copy_is_slim_and_at_home_in_usr_local(tmp_path):
    python = fake_installation(tmp_path)
    cpython.copy(python, tmp_path / "root")
    home = tmp_path / "root/usr/local"
    found = {str(path.relative_to(home)) for path in home.rglob("*") if not path.is_dir()}
    assert found == {
        *("bin/python", "bin/python3", "bin/python3.12", "bin/python3.12-config", "bin/pydoc3.12"),
        *("include/python3.12/Python.h", "lib/libpython3.12.so.1.0", "lib/pkgconfig/python-3.12.pc"),
        *("lib/python3.12/os.py", "lib/python3.12/_sysconfigdata__linux_.py"),
        *("lib/python3.12/config-3.12-linux/Makefile", "lib/python3.12/lib-dynload/_ssl.so"),
    }
    assert (home / "lib/python3.12/site-packages").is_dir()
    assert (home / "bin/python").readlink() == Path("python3")
    assert (home / "bin/pydoc3.12").read_text() == "#!/usr/local/bin/python3.12\n"
    assert (home / "bin/python3.12-config").read_text() == "prefix=/usr/local\n"
    assert (home / "lib/pkgconfig/python-3.12.pc").read_text() == "prefix=/usr/local\n"
    assert (
        "'/usr/local/lib -Wl,-rpath,/usr/local/lib'" in (home / "lib/python3.12/_sysconfigdata__linux_.py").read_text()
    )
    assert (home / "bin/python3.12").read_bytes() == (python.prefix / "bin/python3.12").read_bytes()
    assert (python.prefix / "bin/pydoc3.12").read_text().startswith(f"#!{python.prefix}")


def test_packages_of_the_libraries_that_programs_load(tmp_path):
    (tmp_path / "usr/local/lib").mkdir(parents=True)
    shutil.copy("/bin/sh", tmp_path / "usr/local/lib/module.so")
    (tmp_path / "usr/local/lib/text.so").write_text("not a program")
    assert cpython.library_packages(tmp_path) == ["libc6"]


def test_a_library_that_no_package_brought(tmp_path):
    library = tmp_path / "libmine.so.1"
    library.touch()
    with pytest.raises(Failed, match=r"libmine\.so\.1, which is in no Debian package"):
        cpython.owners({library, Path("/lib/x86_64-linux-gnu/libc.so.6")})


# -- settings ---------------------------------------------------------------------------------------------------------


def test_only_certificates_of_this_machine_are_taken(tmp_path):
    public = next(Path("/usr/share/ca-certificates").rglob("*.crt")).read_text()
    mine = CERTIFICATE.format("TUlORQ==")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(public + "\n# a comment\n" + mine + "\n")
    added = settings.added_certificates({"SSL_CERT_FILE": str(bundle)}, {})
    assert list(added.values()) == [mine + "\n"]
    assert all(name.endswith(".crt") and "/" not in name for name in added)
    assert settings.added_certificates({"SSL_CERT_FILE": "/nowhere"}, {"cert": str(bundle)}) == added


def test_pip_conf_holds_what_the_image_needs(capsys):
    assert settings.pip_conf({}, False) == ""
    assert settings.pip_conf({"cert": "/some/where.pem"}, False) == ""
    assert settings.pip_conf({"cert": "/some/where.pem"}, True) == (
        "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n\n"
    )
    assert settings.pip_conf({"index-url": "https://h/s%20x"}, False) == "[global]\nindex-url = https://h/s%20x\n\n"
    assert capsys.readouterr().err == ""


def test_a_password_never_gets_into_the_image(capsys):
    assert settings.pip_conf({"index-url": "https://me:secret@host/simple"}, False) == ""
    said = capsys.readouterr().err
    assert "left out" in said
    assert "secret" not in said


def test_pips_settings_are_those_of_the_environment_and_the_files(tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text("[global]\ncert = /file.pem\ntrusted-host = h\nfind-links = /x\n[install]\ntimeout = 7\n")
    environment = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": str(config), "PIP_CERT": "/variable.pem"}
    python = cpython.Python(Path(sys.executable), Path(sys.prefix), "3")
    found = settings.pip_settings(python, {**environment, "HOME": str(tmp_path)})
    assert found == {"cert": "/variable.pem", "trusted-host": "h", "timeout": "7"}


# -- the image --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("etc/passwd", "system"),
        ("usr/local", "system"),
        ("usr/local/bin/python3", "python"),
        ("usr/local/lib/python3.12/site-packages/pip/__init__.py", "python"),
        ("usr/local/lib/python3.12/__pycache__/os.cpython-312.pyc", None),
        ("usr/local/share/ca-certificates/x.crt", "system"),
        ("usr/share/doc/bash", "system"),
        ("usr/share/doc/bash/copyright", "system"),
        ("usr/share/doc/bash/README", None),
        ("usr/share/man/man1/bash.1.gz", None),
        ("usr/share/locale/de/LC_MESSAGES/bash.mo", None),
        ("var/cache/apt/pkgcache.bin", None),
        ("var/cache/apt/archives", "system"),
        ("dev", "system"),
        ("dev/null", None),
        ("etc/resolv.conf", None),
    ],
)
def test_where_a_file_goes(name, layer):
    assert layout.layer_of(name) == layer


def root_archive(path: Path) -> Path:
    """A root file system as mmdebstrap packs it, with links between files that stay and files that go."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:

        def add(
            name: str, kind: bytes = tarfile.REGTYPE, link: str = "", content: bytes = b"", mtime: float = 5e9
        ) -> None:
            member = tarfile.TarInfo(f"./{name}" if name else ".")
            member.type, member.linkname, member.size, member.mtime = kind, link, len(content), mtime
            member.mode = 0o4755
            tar.addfile(member, io.BytesIO(content))

        add("", tarfile.DIRTYPE)
        add("dev/null", tarfile.CHRTYPE)
        add("etc/one", content=b"one", mtime=100.25)
        add("etc/same", tarfile.LNKTYPE, "./etc/one")
        add("usr/share/man/page", content=b"page")
        add("usr/share/page", tarfile.LNKTYPE, "./usr/share/man/page")
        add("usr/local/bin/python3.12", content=b"python")
        add("usr/local/bin/python3", tarfile.SYMTYPE, "python3.12")
        add("usr/local/bin/again", tarfile.LNKTYPE, "./usr/local/bin/python3.12")
        add("usr/local/lib/" + "long" * 40, content=b"long")
    return path


def test_a_root_file_system_becomes_two_layers(tmp_path):
    layers = layout.split_layers(root_archive(tmp_path / "root.tar"), tmp_path)
    assert [layer.path.name for layer in layers] == ["system.tar.gz", "python.tar.gz"]
    with tarfile.open(layers[0].path) as system:
        assert system.getnames() == ["etc/one", "etc/same", "usr/share/page"]
        assert system.getmember("etc/same").islnk()
        page = system.extractfile("usr/share/page")
        assert page is not None
        assert page.read() == b"page"
        assert system.getmember("usr/share/page").isreg()
        assert system.getmember("etc/one").mtime == 100
        assert system.getmember("etc/same").mtime == debian.NEWEST_MTIME
        assert system.getmember("etc/one").mode == 0o4755
    with tarfile.open(layers[1].path) as python:
        assert python.getmember("usr/local/bin/again").linkname == "usr/local/bin/python3.12"
        assert python.getmember("usr/local/bin/python3").linkname == "python3.12"
        assert len(python.getnames()) == 4


def test_the_same_files_give_the_same_layers(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        layout.split_layers(root_archive(tmp_path / f"{name}.tar"), tmp_path / name)
    for layer in ("system.tar.gz", "python.tar.gz"):
        assert (tmp_path / "a" / layer).read_bytes() == (tmp_path / "b" / layer).read_bytes()


@pytest.fixture
def image(tmp_path):
    layers = layout.split_layers(root_archive(tmp_path / "root.tar"), tmp_path)
    layout.write_layout(tmp_path / "image", layers, "3.12.9", "3.12-slim", "a key")
    return tmp_path / "image"


def test_a_layout_holds_what_its_digests_say(image):
    index = json.loads((image / "index.json").read_text())
    (entry,) = index["manifests"]
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "3.12-slim"}
    manifest = json.loads(layout.blob(image, entry).read_text())
    config = json.loads(layout.blob(image, manifest["config"]).read_text())
    for descriptor in (entry, manifest["config"], *manifest["layers"]):
        content = layout.blob(image, descriptor).read_bytes()
        assert descriptor["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert descriptor["size"] == len(content)
    plain = [run_gunzip(layout.blob(image, layer)) for layer in manifest["layers"]]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in plain]
    assert "PYTHON_VERSION=3.12.9" in config["config"]["Env"]
    assert config["config"]["Cmd"] == ["python3"]
    assert len(config["history"]) == len(plain)


def run_gunzip(path: Path) -> bytes:
    return subprocess.run(["gzip", "-dc", path], capture_output=True, check=True).stdout


def test_only_a_whole_layout_is_up_to_date(image, tmp_path):
    assert layout.key_of(image) == "a key"
    assert layout.key_of(tmp_path / "nothing") is None
    largest = max((image / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1])
    assert layout.key_of(image) is None
    largest.unlink()
    assert layout.key_of(image) is None
    (image / "index.json").write_text("[]")
    assert layout.key_of(image) is None


def test_the_overlay_is_roots(tmp_path):
    (tmp_path / "root/usr/local/bin").mkdir(parents=True)
    (tmp_path / "root/usr/local/bin/python3.12").touch(0o700)
    layout.write_overlay(tmp_path / "root", {"etc/pip.conf": "[global]\n"}, tmp_path / "overlay.tar")
    with tarfile.open(tmp_path / "overlay.tar") as tar:
        assert {(member.uid, member.gid, member.uname) for member in tar} == {(0, 0, "root")}
        assert tar.getmember("usr/local/bin/python3.12").mode == 0o755
        assert tar.getmember("etc/pip.conf").mode == 0o644


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_a_failed_command_is_told_by_its_last_words():
    with pytest.raises(Failed, match=r"^sh ended with 3: the end$"):
        run("sh", "-c", "echo begin >&2; echo the end >&2; exit 3")


def test_memory_is_used_only_where_there_is_room(tmp_path):
    assert debian.scratch(tmp_path, wanted_bytes=1) == str(tmp_path)
    assert debian.scratch(tmp_path, wanted_bytes=2**60) != str(tmp_path)
    assert debian.scratch(tmp_path / "nothing", wanted_bytes=1) != str(tmp_path / "nothing")


def test_apt_settings_are_whole_lines():
    for line in debian.acquire_settings():
        assert line.startswith("Acquire::")
        assert line.endswith('";')


def test_other_inputs_give_another_key(tmp_path):
    python = fake_installation(tmp_path)
    first = command.digest_of_inputs(python, "bookworm", {"a": "b"})
    assert command.digest_of_inputs(python, "bookworm", {"a": "b"}) == first
    assert command.digest_of_inputs(python, "trixie", {"a": "b"}) != first
    assert command.digest_of_inputs(python, "bookworm", {"a": "c"}) != first
    python.executable.write_text("another build")
    assert command.digest_of_inputs(python, "bookworm", {"a": "b"}) != first


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--version", "2.6"), 3, "make-base: no CPython 2.6 was found that could be put into the image: "),
        (("--python", "/nowhere"), 2, "make-base: /nowhere is not a CPython 3.12 with a prefix of its own"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(tmp_path, arguments, code, sentence):
    program = Path(__file__).parents[2] / "tools/make-base"
    done = subprocess.run([program, tmp_path / "out", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
