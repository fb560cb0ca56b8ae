from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from layerbench.errors import LayerbenchError, UsageError
from layerbench.results.side_file import (
    SideFile,
    layers_of,
    named_side_file,
    read_document,
    read_layers,
    side_file_of,
)

LAYERS = {f"sha256:{number:064x}": bytes([number]) * 10 * number for number in range(1, 6)}
IDS = list(LAYERS)


def some(*positions: int) -> dict[str, bytes]:
    return {IDS[at]: LAYERS[IDS[at]] for at in positions}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web.layers.zip"


def test_its_name_is_that_of_the_result(tmp_path: Path) -> None:
    assert side_file_of(tmp_path / "web.json") == tmp_path / "web.layers.zip"
    assert side_file_of(tmp_path / "web.2") == tmp_path / "web.2.layers.zip"
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "5.json").touch()
    (tmp_path / "latest.json").symlink_to("runs/5.json")
    assert side_file_of(tmp_path / "latest.json") == tmp_path / "runs" / "5.layers.zip"
    assert named_side_file(tmp_path / "latest.json", "5.layers.zip") == tmp_path / "runs" / "5.layers.zip"


def test_layers_are_read_as_they_were_written(path: Path) -> None:
    side_file = SideFile(path)
    assert not side_file.diff_ids
    side_file.add(some(0, 1))
    side_file.add(some(1, 2))
    side_file.add({})
    assert set(side_file.diff_ids) == layers_of(path) == {IDS[0], IDS[1], IDS[2]}
    assert read_layers(path, [IDS[2], IDS[0], IDS[2]]) == some(2, 0)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 3
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.testzip() is None
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_new_run_begins_anew_and_a_resumed_one_goes_on(path: Path, tmp_path: Path) -> None:
    SideFile(path).add(some(0))
    again = SideFile(path)
    again.go_on_with(path)
    again.add(some(1))
    assert layers_of(path) == {IDS[0], IDS[1]}
    elsewhere = SideFile(tmp_path / "other.layers.zip")
    elsewhere.go_on_with(path)
    assert layers_of(elsewhere.path) == {IDS[0], IDS[1]}
    elsewhere.add(some(2))
    assert (layers_of(path), layers_of(elsewhere.path)) == ({IDS[0], IDS[1]}, {IDS[0], IDS[1], IDS[2]})
    fresh = SideFile(path)
    fresh.check_place()
    assert layers_of(path) == {IDS[0], IDS[1]}
    fresh.add(some(3))
    assert layers_of(path) == {IDS[3]}


def test_nothing_of_the_persons_is_replaced(path: Path) -> None:
    SideFile(path).check_place()
    path.touch()
    SideFile(path).check_place()
    SideFile(path).add(some(0))
    content = path.read_bytes()
    path.write_bytes(content[:120])
    SideFile(path).check_place()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thesis.txt", "x" * 100)
    with pytest.raises(UsageError, match=r"web\.layers\.zip is there and is no side file: remove it, or give another"):
        SideFile(path).check_place()
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match="is no side file"):
        SideFile(path).check_place()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "/etc/passwd", "../web.layers.zip", "a/b", "a\\b", "a\0b", "a\n", "sub/../x"]
)
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is damaged: side_file is '.*' and not the name of a file beside it"):
        named_side_file(tmp_path / "web.json", name)


def test_a_result_without_one(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"web\.json was measured without the files of its layers.*run `layerbench run`"
    ):
        named_side_file(tmp_path / "web.json", None)


def test_what_is_missing_is_named(path: Path) -> None:
    with pytest.raises(UsageError, match=r"web\.layers\.zip is not there: copy it to its result file"):
        read_layers(path, IDS[:1])
    SideFile(path).add(some(0))
    with pytest.raises(UsageError, match=rf"lacks the layer {IDS[1]}: run `layerbench run` again"):
        read_layers(path, IDS[:2])
    with pytest.raises(UsageError, match="is no diff_id"):
        read_layers(path, ["../../etc/passwd"])
    os.mkfifo(path.with_name("fifo"))
    with pytest.raises(UsageError, match="is no plain file"):
        read_layers(path.with_name("fifo"), IDS[:1])


def test_damage_anywhere_is_a_sentence(path: Path) -> None:
    SideFile(path).add(some(0, 3))
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at])
        with pytest.raises(UsageError, match=r"web\.layers\.zip is damaged"):
            read_layers(path, IDS[:1])
        for byte in (content[at] ^ 0xFF, content[at] ^ 0x01):
            path.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
            try:
                found = read_layers(path, [IDS[0]])
            except UsageError as error:
                assert "web.layers.zip" in str(error)
            else:
                assert found == some(0)


def test_a_compressed_member_is_none_of_ours(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(IDS[0].removeprefix("sha256:"), bytes(10_000_000))
    with pytest.raises(UsageError, match="is not one that layerbench wrote"):
        read_layers(path, IDS[:1])


def test_what_cannot_be_written_leaves_what_is_there(path: Path) -> None:
    SideFile(path).add(some(0))
    # In a process of its own, whose files may not grow: root may write anywhere.
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from layerbench.results.side_file import SideFile\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "side_file = SideFile(Path(sys.argv[1])); side_file.go_on_with(side_file.path)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"side_file.add({{'{IDS[1]}': bytes(100_000)}})\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert f"LayerbenchError: cannot write {path}: " in done.stderr
    assert layers_of(path) == {IDS[0]}
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with pytest.raises(LayerbenchError, match="cannot write"):
        SideFile(path.parent / "absent" / "x.layers.zip").add(some(0))


def test_an_interruption_while_it_is_written_leaves_what_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    side_file = SideFile(path)
    side_file.add(some(0))

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        side_file.add(some(1))
    monkeypatch.undo()
    assert layers_of(path) == {IDS[0]}
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    side_file.add(some(1, 2))
    assert layers_of(path) == {IDS[0], IDS[1], IDS[2]}


def test_documents_stand_beside_layers(path: Path) -> None:
    side_file = SideFile(path)
    assert side_file.is_empty
    inputs = side_file.add_document("inputs", b"what it was made from")
    assert not side_file.is_empty
    SideFile(path).check_place()
    side_file.add(some(0))
    keys = side_file.add_document("keys", b"what it was made from")
    assert inputs == keys == side_file.add_document("inputs", b"what it was made from")
    assert side_file.has("inputs", inputs)
    assert not side_file.has("inputs", IDS[0])
    assert set(side_file.diff_ids) == layers_of(path) == {IDS[0]}
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 3
    assert read_document(path, "inputs", inputs) == read_document(path, "keys", keys) == b"what it was made from"
    again = SideFile(path)
    again.go_on_with(path)
    assert again.has("keys", keys)
    other = SideFile(path.with_name("other.layers.zip"))
    other.go_on_with(path)
    assert read_document(other.path, "keys", keys) == b"what it was made from"


def test_a_document_with_another_content_is_damage(path: Path) -> None:
    side_file = SideFile(path)
    digest = side_file.add_document("keys", b"keys")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"keys-{digest.removeprefix('sha256:')}", b"others")
    with pytest.raises(UsageError, match=r"is damaged: its member keys-.* has another content"):
        read_document(path, "keys", digest)
    with pytest.raises(UsageError, match=r"lacks the member inputs-"):
        read_document(path, "inputs", digest)
    for wrong in ("", "sha256:", "sha256:../../x", digest.upper()):
        with pytest.raises(UsageError, match="is no digest of a side file's member"):
            read_document(path, "keys", wrong)
