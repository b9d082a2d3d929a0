"""Write files whole or not at all."""

import os
import secrets
import shutil
from pathlib import Path


def file_path(path: object) -> Path:
    """Return the path of a file, given as text or as a path. Raises TypeError for anything else."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be the name of a file, got {path!r} ({type(path).__name__})")
    return Path(path)


def write_whole(path: str | Path, content: bytes | str) -> Path:
    """Write a file, text as UTF-8, beside its place, then move it there; return its path.

    A symbolic link stays a link: the file that it leads to is written; a hard link becomes a file of its own. A file
    keeps its mode. A device or a pipe is written into, as nothing can be moved there. Raises OSError or ValueError,
    naming the path, if it cannot be written; then what was there before stays, and nothing is left beside it.
    """
    path = file_path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise OSError(error.errno, f"path cannot be written: {error.strerror}", str(path)) from None
    except ValueError as error:  # a character that no name has
        raise ValueError(f"path cannot be written: {error}, got {str(path)!r}") from None
    return path


def replace(place: Path, data: bytes) -> None:
    """Put a new file in a place, with the mode of the old one. Raises OSError if the old one may not be written."""
    temporary = place.with_name(f".{secrets.token_hex(8)}")  # no two threads have the same, and no name is too long
    try:
        with temporary.open("xb") as file:
            if os.path.lexists(place):
                place.open("r+b").close()  # an error if it may not be written, or is a link to itself
                shutil.copymode(place, temporary)  # before there is anything to read
            file.write(data)
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)
