"""The digest that names a content."""

import hashlib
from pathlib import Path

import pytest

from imsearch.sources.digests import digest_of, digest_of_file


@pytest.mark.parametrize("data", [b"", b"bytes", bytes(1 << 20)])
def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert digest_of_file(tmp_path / "file") == digest_of(data) == hashlib.sha256(data).digest()


def test_a_file_that_is_not_there_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest_of_file(tmp_path / "none")
