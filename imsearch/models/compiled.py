"""Compiled models: networks in OpenVINO's format with a description beside each, so that torch is needed only once.

They are a cache: deleting them costs the seconds of compiling them again.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from imsearch.models.model import Model
from imsearch.models.openvino_import import import_openvino
from imsearch.models.reference import Reference
from imsearch.types.preprocessing import Preprocessing

FORMAT = 1
"""The version of the format of compiled models; folders of another version are ignored."""

_NETWORK = "model.xml"
_DESCRIPTION = "model.json"


def cache_folder() -> Path:
    """Where compiled models are stored: ``IMSEARCH_CACHE``, else the platform's user cache folder."""
    chosen = os.environ.get("IMSEARCH_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("imsearch", appauthor=False)


@dataclass(frozen=True, slots=True)
class CompiledModel:
    """A model, and the folder that holds its compiled network."""

    model: Model
    folder: Path

    @property
    def network(self) -> Path:
        """The file of the network, which maps uint8 (n, height, width, 3) to float32 (n, dimensions)."""
        return self.folder / _NETWORK


class CompiledModels:
    """The compiled models in ``folder``, each in a folder of its own, whose name is the model's fingerprint."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls) -> "CompiledModels":
        """The user's compiled models, which all libraries share."""
        return cls(cache_folder() / "models")

    def find(self, reference: Reference) -> CompiledModel | None:
        """The compiled form of the model that ``reference`` names; None if there is none, or if the files that it was
        made from have changed."""
        for path in self._folder.glob(f"*/{_DESCRIPTION}"):
            try:
                description = json.loads(path.read_text())
                named = description["format"] == FORMAT and description["model"]["name"] == reference.name
                if named and all(_unchanged(*stamp) for stamp in description["files"]):
                    return CompiledModel(_model(description["model"]), path.parent)
            except (OSError, ValueError, KeyError, TypeError):  # damaged, or of another format
                continue
        return None

    def save(self, model: Model, files: Iterable[Path], network: Any) -> CompiledModel:
        """Store an ``openvino.Model`` that takes and gives what `CompiledModel.network` says.

        The model was made from ``files``: once one of them changes, `find` no longer gives it. What was
        stored under the same fingerprint before is replaced.
        """
        description = {"format": FORMAT, "model": _facts(model), "files": [_stamp(path) for path in files]}
        folder = self._folder / model.fingerprint
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="making-") as name:
            making = Path(name) / "model"
            making.mkdir()
            import_openvino().save_model(network, making / _NETWORK, compress_to_fp16=False)
            (making / _DESCRIPTION).write_text(json.dumps(description, indent=1))
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # another process was first; its model is the same
                making.rename(folder)
        return CompiledModel(model, folder)


def _stamp(path: Path) -> list[str | int]:
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns]


def _unchanged(path: str, size: int, mtime_ns: int) -> bool:
    """Whether a file has the same stamp as before. A deleted file has not changed: the compiled model stays valid."""
    try:
        status = os.stat(path)
    except OSError:
        return True
    return (status.st_size, status.st_mtime_ns) == (size, mtime_ns)


def _facts(model: Model) -> dict[str, Any]:
    facts = asdict(model)
    return {"library": facts.pop("family"), **facts}


def _model(facts: dict[str, Any]) -> Model:
    values = facts["preprocessing"]
    tuples = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    family = {"family": facts["library"], "preprocessing": Preprocessing(**{**values, **tuples})}
    return Model(**{key: value for key, value in facts.items() if key != "library"} | family)
