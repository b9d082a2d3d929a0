"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from tinygrad_edu.files import write_whole


def listing(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize(
    ("content", "written"),
    [("∂h1/∂w = x\n", "∂h1/∂w = x\n".encode()), (b"\x89PNG\r\n", b"\x89PNG\r\n"), ("", b""), ("a\nb", b"a\nb")],
)
def test_text_is_written_as_utf8_and_bytes_as_they_are(content: str | bytes, written: bytes, tmp_path: Path) -> None:
    path = write_whole(tmp_path / "file", content)
    assert path == tmp_path / "file"
    assert path.read_bytes() == written
    assert listing(tmp_path) == ["file"]


def test_a_path_may_be_text(tmp_path: Path) -> None:
    assert write_whole(str(tmp_path / "file"), "x").read_text(encoding="utf-8") == "x"


def test_a_name_alone_is_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_whole("file", "x")
    assert listing(tmp_path) == ["file"]


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a longer text from before", encoding="utf-8")
    write_whole(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "new"
    assert listing(tmp_path) == ["file"]


@pytest.mark.parametrize("umask", [0o022, 0o077])
@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_a_file_has_the_permissions_of_any_new_file(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        path = write_whole(tmp_path / "file", "x")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("failing", ["replace", "write_bytes"])
def test_an_error_on_the_way_leaves_what_was_there_and_nothing_else(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(Path, failing, fail)
    with pytest.raises(OSError, match="the disk is full"):
        write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert listing(tmp_path) == ["file"]


def test_an_interrupt_leaves_what_was_there_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert listing(tmp_path) == ["file"]


def test_a_text_that_is_no_utf8_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "file", "\ud800")
    assert listing(tmp_path) == []


def test_a_folder_that_does_not_exist_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        write_whole(tmp_path / "missing" / "file", "x")
    assert raised.value.filename == str(tmp_path / "missing" / "file")


def test_a_folder_that_is_a_file_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old", encoding="utf-8")
    with pytest.raises(NotADirectoryError) as raised:
        write_whole(tmp_path / "file" / "inner", "x")
    assert raised.value.filename == str(tmp_path / "file" / "inner")
    assert listing(tmp_path) == ["file"]


def test_a_folder_in_the_place_of_the_file_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(tmp_path / "folder", "x")
    assert listing(tmp_path) == ["folder"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_an_error_and_stays_empty(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(PermissionError):
            write_whole(tmp_path / "file", "x")
        assert listing(tmp_path) == []
    finally:
        tmp_path.chmod(0o755)


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    name = "x" * 255
    write_whole(tmp_path / name, "x")
    assert listing(tmp_path) == [name]
