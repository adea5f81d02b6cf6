"""The contract of an embedding pipeline: from files to outcomes and new contents, in batches.

A second implementation is added to the parameters of `pipeline`.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import children, wait_for

import imsearch
from imsearch.backends.local import LocalBackend
from imsearch.catalog.space import VectorSpace
from imsearch.embedding.decoding import READ_FILES
from imsearch.embedding.pipeline import Batch, EmbeddingPipeline, LocalPipeline
from imsearch.embedding.reading import Failed, Known, NotAPicture, Vanished
from imsearch.models.model import Embedder
from imsearch.models.names import parse
from imsearch.models.opening import open_embedder
from imsearch.sources.folders import FolderSource
from imsearch.sources.source import Found


@pytest.fixture
def embedder(tiny_model: str) -> Embedder:
    return open_embedder(parse(tiny_model), "cpu")


@pytest.fixture(params=[LocalPipeline])
def pipeline(request: pytest.FixtureRequest, embedder: Embedder) -> EmbeddingPipeline:
    """A new pipeline of each kind."""
    made: EmbeddingPipeline = request.param(embedder)
    return made


@pytest.fixture
def backend(tmp_path: Path, embedder: Embedder) -> Iterator[LocalBackend]:
    """A library with a vector space of the model and nothing in it."""
    with contextlib.closing(LocalBackend(tmp_path / "library")) as opened:
        model = embedder.model
        with opened.writing() as session:
            session.writer(create=True).add_space(model.name, model.fingerprint, model.dimensions, embedder.precision)
        yield opened


@pytest.fixture
def space(backend: LocalBackend) -> VectorSpace:
    (space,) = backend.catalog().spaces()
    return space


def listed(folder: Path) -> list[Found]:
    return [found for found in FolderSource(bytes(folder)).listing() if isinstance(found, Found)]


def stored(
    batches: Iterator[Batch], backend: LocalBackend, space: VectorSpace, seen: Callable[[Batch], None] = lambda _: None
) -> list[Batch]:
    """All batches, each of whose contents are stored before the next is asked for."""
    done = []
    with backend.writing() as session:
        for batch in batches:
            seen(batch)
            session.writer().write([], batch.contents, space)
            done.append(batch)
    return done


def test_every_file_has_its_outcome_in_its_order(
    pipeline: EmbeddingPipeline, backend: LocalBackend, space: VectorSpace, album: Path, stripes: bytes
) -> None:
    (album / "broken.jpg").write_bytes(stripes[:900])
    (album / "notes.txt").write_text("no picture")
    files = [*listed(album), Found(bytes(album / "zz.jpg"), listed(album)[0].stamp)]
    batches = stored(pipeline.batches(files, space), backend, space)
    assert [found for batch in batches for found, _ in batch.files] == files
    outcomes = {Path(found.path.decode()).name: outcome for batch in batches for found, outcome in batch.files}
    assert isinstance(outcomes.pop("broken.jpg"), Failed)
    assert isinstance(outcomes.pop("notes.txt"), NotAPicture)
    assert isinstance(outcomes.pop("zz.jpg"), Vanished)
    assert len(outcomes) == 12
    assert all(isinstance(outcome, Known) for outcome in outcomes.values())


def test_contents_have_the_vectors_of_their_pictures(
    pipeline: EmbeddingPipeline, backend: LocalBackend, space: VectorSpace, album: Path, tiny_model: str, tmp_path: Path
) -> None:
    batches = stored(pipeline.batches(listed(album), space), backend, space)
    with imsearch.open(tmp_path / "another", model=tiny_model) as library:
        for batch in batches:
            path_of = {outcome.digest: found.path for found, outcome in batch.files if isinstance(outcome, Known)}
            for content in batch.contents:
                expected = library.embed(path_of[content.digest].decode())
                assert float(content.vector @ expected) == pytest.approx(1, abs=2e-3)


def test_each_new_content_is_embedded_once(
    pipeline: EmbeddingPipeline,
    backend: LocalBackend,
    space: VectorSpace,
    album: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("imsearch.embedding.pipeline.BATCH_FILES", 2)
    for photo in list(album.iterdir()):
        for number in range(8):
            shutil.copy(photo, album / f"{photo.stem} {number}.jpg")
    batches = stored(pipeline.batches(listed(album), space), backend, space)
    digests = [content.digest for batch in batches for content in batch.contents]
    assert len(digests) == len(set(digests)) == 12
    again = stored(pipeline.batches(listed(album), space), backend, space)
    assert not any(batch.contents for batch in again)
    assert all(isinstance(outcome, Known) for batch in again for _, outcome in batch.files)


def test_without_files_there_are_no_batches(pipeline: EmbeddingPipeline, space: VectorSpace) -> None:
    assert list(pipeline.batches([], space)) == []


# One machine


def test_who_stops_early_leaves_no_processes(embedder: Embedder, space: VectorSpace, album: Path) -> None:
    batches = LocalPipeline(embedder, workers=1).batches(listed(album), space)
    next(batches)
    assert children(READ_FILES.name)
    assert isinstance(batches, Iterator)
    batches.close()  # type: ignore[attr-defined]  # a generator
    wait_for(lambda: not children(READ_FILES.name), "the end of the processes")
