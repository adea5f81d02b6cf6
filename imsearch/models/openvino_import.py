"""Importing OpenVINO quickly and without its telemetry. The only module that imports it.

OpenVINO's converter reports its import and every conversion over the network, unless the package `openvino_telemetry`
is missing. A program has no setting to prevent that: there is only a file in the user's home, and ``CI=true``. So both
imports here happen as if that package were missing; the converter then uses a stub of it as long as the process runs.
"""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Any

_CONVERTER = "openvino.tools.ovc"
_TELEMETRY = "openvino_telemetry"


def import_openvino() -> Any:
    """The module `openvino` without its converter, which takes longer to import than all the rest.

    The process then has no ``openvino.convert_model``; `import_converter` returns the module that has it.
    """
    with _missing(_TELEMETRY, _CONVERTER):
        import openvino
    return openvino


def import_converter() -> Any:
    """The module of OpenVINO that has ``convert_model``."""
    import_openvino()
    with _missing(_TELEMETRY):
        return importlib.import_module(_CONVERTER)


@contextlib.contextmanager
def _missing(*names: str) -> Iterator[None]:
    """Let imports of these modules fail in the block, as if they were not installed."""
    modules: dict[str, Any] = sys.modules
    imported = {name: modules[name] for name in names if name in modules}
    modules.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            del modules[name]
        modules.update(imported)
