"""The library object: its life, its caches, its errors."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imsearch
from imsearch import Filters


def test_it_is_made_by_the_first_index_and_by_nothing_else(tmp_path: Path, tiny_model: str, album: Path) -> None:
    with imsearch.open(tmp_path / "new", model=tiny_model) as library:
        for ask in (lambda: library.query(album / "x.jpg"), library.info, lambda: list(library.files())):
            with pytest.raises(imsearch.LibraryNotFoundError, match="there is no library at"):
                ask()
        with pytest.raises(imsearch.UsageError, match="no such file or folder"):
            library.index(album / "none")
        with pytest.raises(imsearch.UsageError, match="name a folder"):
            library.index()
        assert not (tmp_path / "new").exists()
        library.index(album)
    assert (tmp_path / "new" / "catalog.sqlite3").is_file()


def test_an_empty_folder_gives_an_empty_library_that_says_so(tmp_path: Path, library: imsearch.Library) -> None:
    (tmp_path / "empty").mkdir()
    assert library.index(tmp_path / "empty").added == 0
    with pytest.raises(imsearch.LibraryNotFoundError, match="empty"):
        library.query(np.zeros((8, 8, 3), np.uint8))
    assert library.info().files == 0


def test_the_default_library_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMSEARCH_LIBRARY", str(tmp_path / "mine"))
    assert imsearch.open().path == tmp_path / "mine"
    monkeypatch.delenv("IMSEARCH_LIBRARY")
    assert imsearch.open().path.parts[-2:] == ("imsearch", "library")


def test_a_library_keeps_its_model(library: imsearch.Library, indexed_album: Path, tiny_model: str) -> None:
    with imsearch.open(library.path) as again:
        assert again.model == tiny_model
        assert again.query(sorted(indexed_album.iterdir())[0], 1)[0].score == pytest.approx(1, abs=1e-6)
    with (
        imsearch.open(library.path, model="efficientnet-lite2") as other,
        pytest.raises(imsearch.VectorSpaceNotFoundError, match=r"no vectors of 'efficientnet-lite2', only of"),
    ):
        other.query(sorted(indexed_album.iterdir())[0])


def test_changed_weights_are_an_error_that_names_both(
    tmp_path: Path, tiny_vit: str, album: Path, stripes: bytes
) -> None:
    import torch
    from transformers import ViTModel

    folder = tmp_path / "finetuned"
    shutil.copytree(tiny_vit, folder)
    with imsearch.open(tmp_path / "library", model=str(folder)) as library:
        library.index(album)
    network = ViTModel.from_pretrained(folder)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.5)
    network.save_pretrained(folder)
    with imsearch.open(tmp_path / "library") as library:
        with pytest.raises(imsearch.ModelMismatchError, match=r"fingerprint \w{12}.*fingerprint \w{12}.*new library"):
            library.query(stripes)
        (album / "new.jpg").write_bytes(stripes)
        with pytest.raises(imsearch.ModelMismatchError):
            library.index(album)
        assert library.info().files == 12


def test_every_cache_can_go(library: imsearch.Library, indexed_album: Path, stripes: bytes) -> None:
    expected = [hit.path for hit in library.query(stripes, 12)]
    (cache,) = library.path.glob("candidates-*.faiss")
    for damage in (None, b"", b"garbage", cache.read_bytes()[:-100]):
        cache.unlink() if damage is None else cache.write_bytes(damage)
        with imsearch.open(library.path) as again:
            assert [hit.path for hit in again.query(stripes, 12)] == expected
    library.index(indexed_album)
    assert len(cache.read_bytes()) > 12 * 48 * 2


def test_a_cache_of_another_library_is_not_believed(
    library: imsearch.Library, indexed_album: Path, tmp_path: Path, stripes: bytes, tiny_model: str
) -> None:
    with imsearch.open(tmp_path / "other", model=f"{tiny_model}:mean") as other:
        other.index(indexed_album)
        (mine,), (theirs,) = library.path.glob("candidates-*"), other.path.glob("candidates-*")
        expected = [hit.path for hit in library.query(stripes, 12)]
    shutil.copy(theirs, mine)
    with imsearch.open(library.path) as again:
        assert [hit.path for hit in again.query(stripes, 12)] == expected


def test_remove(library: imsearch.Library, indexed_album: Path) -> None:
    first = sorted(indexed_album.iterdir())[0]
    assert library.remove(first) == 1
    assert first.exists()
    with pytest.raises(imsearch.UsageError, match="knows no file"):
        library.remove(first)
    assert library.remove(indexed_album) == 11
    assert library.info().roots == ()
    with pytest.raises(imsearch.UsageError, match="name a folder"):
        library.index()


def test_probes_of_every_kind_agree(library: imsearch.Library, indexed_album: Path) -> None:
    photo = sorted(indexed_album.iterdir())[2]
    with Image.open(photo) as image:
        image.load()
    for probe in (str(photo), photo, photo.read_bytes(), image, np.asarray(image.convert("RGB"))):
        hit = library.query(probe, 1)[0]
        assert (hit.path, hit.width, hit.height, hit.format) == (str(photo), *image.size, "jpeg")
        assert hit.score == pytest.approx(1, abs=1e-4)
    vector = library.embed(photo)
    assert vector.shape == (48,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_similarity(library: imsearch.Library, album: Path) -> None:
    one, other, *_ = sorted(album.iterdir())
    assert library.similarity(one, one) == pytest.approx(1, abs=1e-6)
    assert library.similarity(one, other) == pytest.approx(float(library.embed(one) @ library.embed(other)), abs=1e-5)
    assert not library.path.exists()


def test_one_bad_probe_of_several_costs_only_its_own(library: imsearch.Library, indexed_album: Path) -> None:
    good = sorted(indexed_album.iterdir())[0]
    answers = list(library.query_many([good, indexed_album / "none.jpg", b"no picture", good], 2))
    assert [answer.error is None for answer in answers] == [True, False, False, True]
    assert answers[0].hits == answers[3].hits
    assert [answer.probe for answer in answers] == [
        str(good),
        str(indexed_album / "none.jpg"),
        "the picture",
        str(good),
    ]


def test_each_of_many_probes_is_answered(
    library: imsearch.Library, indexed_album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imsearch.search.pipeline.PROBES_AT_ONCE", 5)
    photos = sorted(indexed_album.iterdir())
    for count in (4, 5, 6, 10, 12):
        answers = list(library.query_many(iter(photos[:count]), 1))
        assert [answer.hits[0].path for answer in answers] == [str(photo) for photo in photos[:count]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "at least 1"),
        ({"crop": "1,2,3"}, "X,Y,W,H"),
        ({"filters": Filters(formats=("psd",))}, "no format 'psd'"),
        ({"filters": Filters(taken_after="yesterday")}, "YYYY"),
        ({"filters": Filters(taken_before="2019-02-30")}, "YYYY"),
    ],
)
def test_arguments_that_make_no_sense(
    library: imsearch.Library, indexed_album: Path, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(imsearch.UsageError, match=message):
        library.query(sorted(indexed_album.iterdir())[0], **arguments)  # type: ignore[arg-type]


def test_a_file_in_place_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(imsearch.LibraryError, match="is a directory"):
        imsearch.open(tmp_path / "file")


def test_names_of_any_bytes_are_found_again(library: imsearch.Library, tmp_path: Path, album: Path) -> None:
    photo = sorted(album.iterdir())[0]
    folder = tmp_path / "odd"
    folder.mkdir()
    names = [
        b"with space.jpg",
        b"line\nbreak.jpg",
        "ünïcödé 图片.jpg".encode(),
        b"not \xff\xfe utf-8.jpg",
        b"UPPER.JPG",
    ]
    for name in names:
        shutil.copy(os.fsencode(photo), os.path.join(os.fsencode(folder), name))
    assert library.index(folder).added == len(names)
    found = {os.path.basename(os.fsencode(hit.path)) for hit in library.query(photo, 10)}
    assert found == set(names)
    for name in names:
        path = os.fsdecode(os.path.join(os.fsencode(folder), name))
        assert library.query(path, 1)[0].path == path
        assert library.remove(path) == 1


@pytest.mark.parametrize("name", ["a?b=c#d", "per%20cent", "ü 图", os.fsdecode(b"\xff\xfe")])
def test_a_library_may_have_any_name(tmp_path: Path, tiny_model: str, album: Path, name: str) -> None:
    with imsearch.open(tmp_path / name, model=tiny_model) as library:
        library.index(album)
    assert (tmp_path / name / "catalog.sqlite3").is_file()
    with imsearch.open(tmp_path / name) as library:
        assert library.query(sorted(album.iterdir())[0], 1)[0].score == pytest.approx(1, abs=1e-6)


def test_a_library_that_may_not_be_read(library: imsearch.Library, indexed_album: Path) -> None:
    """In a process of an ordinary user, because root may read everything."""
    for folder in library.path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    code = (
        "import os, sys, imsearch\n"
        "library, folder, mode = sys.argv[1:]\n"
        "import filelock, imsearch.indexing.run\n"
        "imsearch.open(library).info()\n"  # what is imported later must be readable for that user too
        "os.chmod(library, int(mode))\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: imsearch.open(library).index(folder)\n"
        "except imsearch.LibraryError as exc: print(exc)\n"
    )
    for mode, message in ((0o000, "cannot be looked into"), (0o555, "no permission to write")):
        command = [sys.executable, "-c", code, str(library.path), str(indexed_album), str(mode)]
        result = subprocess.run(command, capture_output=True, text=True)
        library.path.chmod(0o755)
        assert message in result.stdout, result.stderr


def test_a_library_that_may_only_be_read_answers(library: imsearch.Library, indexed_album: Path) -> None:
    """In a process of an ordinary user, because root may write everywhere."""
    for folder in (*library.path.parents, *indexed_album.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    shutil.copy(sorted(indexed_album.iterdir())[0], indexed_album / "copy.jpg")
    library.index(indexed_album)
    expected = library.duplicates()
    library.close()
    before = {path.name: path.read_bytes() for path in library.path.iterdir()}
    assert not any(name.endswith("-wal") for name in before)
    for path in library.path.iterdir():
        path.chmod(0o444)
    library.path.chmod(0o555)
    code = (
        "import os, sys, imsearch\n"
        "def asked(folder):\n"
        "    with imsearch.open(folder) as library:\n"
        "        hit = library.query(imsearch.Indexed(digest), 1)[0]\n"
        "        told = library.info().files, len(list(library.files())), hit.score, len(library.duplicates())\n"
        "        try: library.index(work)\n"
        "        except imsearch.LibraryError as exc: return *told, exc\n"
        "folder, copy, digest, work = sys.argv[1:]\n"
        "asked(copy)\n"  # what is imported must be readable for the other user too
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "print(*asked(folder))\n"
    )
    digest, copy = expected[0].kept.digest, indexed_album / "copy of the library"
    shutil.copytree(library.path, copy, copy_function=shutil.copyfile)
    copy.chmod(0o755)
    command = [sys.executable, "-c", code, str(library.path), str(copy), digest, str(indexed_album)]
    result = subprocess.run(command, capture_output=True, text=True)
    library.path.chmod(0o755)
    assert result.stdout.startswith(f"13 13 1.0 {len(expected)} no permission to write"), result.stderr
    assert {path.name: path.read_bytes() for path in library.path.iterdir()} == before


def test_records_and_errors_can_be_pickled(library: imsearch.Library, indexed_album: Path) -> None:
    hits = library.query(sorted(indexed_album.iterdir())[0])
    assert pickle.loads(pickle.dumps(hits)) == hits
