"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import importlib
import os
import stat
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tinygrad_edu import files
from tinygrad_edu.files import write_whole

on_posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="modes, pipes and devices are POSIX's")


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
@on_posix
def test_a_file_has_the_permissions_of_any_new_file(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        path = write_whole(tmp_path / "file", "x")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_file_that_cannot_be_moved_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")

    def fail(*arguments: object) -> None:
        raise OSError(errno.EBUSY, "the file is busy")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match=r"^\[Errno \d+\] path cannot be written: the file is busy: "):
        write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert listing(tmp_path) == ["file"]


@on_posix
def test_a_disk_that_is_full_half_way_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    """No file may grow beyond 1,000 bytes: the first of a million are written, then comes the error."""
    resource = importlib.import_module("resource")
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match=r"^\[Errno \d+\] path cannot be written: File too large: "):
            write_whole(path, "x" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text(encoding="utf-8") == "old"
    assert listing(tmp_path) == ["file"]


def interrupted_at(n: int, path: Path) -> bool:
    """Write "new", with Ctrl-C before the n-th line of files.py; tell whether there are so many."""
    left = n

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename != files.__file__:
            return None
        left -= event == "line"
        if left == 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        write_whole(path, "new")
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("before", ["old", None], ids=["a file", "nothing"])
def test_an_interrupt_at_any_line_leaves_the_old_or_the_new_file_alone(before: str | None, tmp_path: Path) -> None:
    path, n, left = tmp_path / "file", 1, set()
    while True:
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_text(before, encoding="utf-8")
        if not interrupted_at(n, path):
            break
        left.add(path.read_text(encoding="utf-8") if path.exists() else None)
        assert set(listing(tmp_path)) <= {"file"}
        n += 1
    assert left == {before, "new"}
    assert n > 10


@pytest.mark.parametrize("names", [["file"], [f"{'x' * 100}{i}" for i in range(8)]], ids=["one name", "long names"])
def test_many_threads_write_whole_files(names: list[str], tmp_path: Path) -> None:
    """Eight at once, to one file or to names that share their first 100 characters; each file is of one thread."""
    failures: list[Exception] = []

    def write(i: int) -> None:
        try:
            for _ in range(25):
                write_whole(tmp_path / names[i % len(names)], str(i) * 50_000)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert listing(tmp_path) == sorted(names)
    for i, name in enumerate(names):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert text == (str(i) if len(names) > 1 else text[0]) * 50_000


# ------------------------------------------------------------------------------ what is there stays what it is


@on_posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o666])
def test_a_file_keeps_its_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    write_whole(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text(encoding="utf-8") == "new"


@on_posix
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
@pytest.mark.parametrize("links", [1, 2])
def test_a_link_stays_and_the_file_it_leads_to_is_written(there: bool, links: int, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "target"
    if there:
        target.write_text("old", encoding="utf-8")
        target.chmod(0o600)
    ends = ["folder/target", "link0"][:links]
    for i, end in enumerate(ends):
        (tmp_path / f"link{i}").symlink_to(end)
    assert write_whole(tmp_path / f"link{links - 1}", "new") == tmp_path / f"link{links - 1}"
    assert target.read_text(encoding="utf-8") == "new"
    assert [os.readlink(tmp_path / f"link{i}") for i in range(links)] == ends
    assert listing(tmp_path / "folder") == ["target"]
    if there:
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


@on_posix
@pytest.mark.parametrize(
    ("end", "error"), [("link", errno.ELOOP), ("missing/file", errno.ENOENT)], ids=["in a circle", "to no folder"]
)
def test_a_link_that_leads_nowhere_is_an_error_and_stays(end: str, error: int, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(end)
    with pytest.raises(OSError, match=r"^\[Errno \d+\] path cannot be written: ") as raised:
        write_whole(tmp_path / "link", "x")
    assert (raised.value.errno, raised.value.filename) == (error, str(tmp_path / "link"))
    assert os.readlink(tmp_path / "link") == end
    assert listing(tmp_path) == ["link"]


@on_posix
def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    text_of = (tmp_path / "pipe").read_text
    reader = threading.Thread(target=lambda: read.append(text_of(encoding="utf-8")), daemon=True)
    reader.start()
    write_whole(tmp_path / "pipe", "x" * 100_000)
    reader.join()
    assert read == ["x" * 100_000]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert listing(tmp_path) == ["pipe"]


@on_posix
def test_a_device_is_written_into_and_stays_a_device(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(os.devnull)
    for path in (Path(os.devnull), tmp_path / "link"):
        write_whole(path, "x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    assert os.readlink(tmp_path / "link") == os.devnull


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_device_that_is_full_is_an_error_that_names_it() -> None:
    with pytest.raises(OSError, match=r"^\[Errno \d+\] path cannot be written: No space left on device: '/dev/full'$"):
        write_whole("/dev/full", "x")


# ------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("path", [None, 5, float("nan"), b"file", [], {}, object()], ids=lambda x: type(x).__name__)
def test_what_is_no_path_is_refused_by_name(path: Any) -> None:
    with pytest.raises(TypeError, match="^path must be the name of a file, got "):
        write_whole(path, "x")


@pytest.mark.parametrize("name", ["a\0b", "\ud800"], ids=["NUL", "half a character"])
def test_a_name_that_no_file_can_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^path cannot be written: "):
        write_whole(tmp_path / name, "x")
    assert listing(tmp_path) == []


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
    with pytest.raises(OSError, match=r"^\[Errno \d+\] path cannot be written: .*folder'$"):
        write_whole(tmp_path / "folder", "x")
    assert listing(tmp_path) == ["folder"]


not_as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")


@not_as_root
@pytest.mark.parametrize("content", [None, "old"], ids=["empty", "with the file"])
def test_a_folder_that_may_not_be_written_is_an_error_and_stays_as_it_is(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    before = listing(tmp_path)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(PermissionError, match=r"^\[Errno \d+\] path cannot be written: ") as raised:
            write_whole(path, "x")
        assert raised.value.filename == str(path)
        assert listing(tmp_path) == before
        assert content is None or path.read_text(encoding="utf-8") == content
    finally:
        tmp_path.chmod(0o755)


@not_as_root
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match=r"^\[Errno \d+\] path cannot be written: Permission denied"):
        write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert listing(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["x" * 255, "木" * 84, "木" * 85], ids=["255 x", "84 木", "85 木"])
def test_a_name_may_be_as_long_as_the_file_system_allows(name: str, tmp_path: Path) -> None:
    """255 bytes; 木 has three."""
    write_whole(tmp_path / name, "x")
    assert listing(tmp_path) == [name]


@on_posix
def test_a_name_that_is_longer_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^\[Errno \d+\] path cannot be written: File name too long: "):
        write_whole(tmp_path / ("木" * 86), "x")
    assert listing(tmp_path) == []
