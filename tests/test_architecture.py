"""Rules that the code keeps to: who imports what, and what is public."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import imsearch

PACKAGE = Path(imsearch.__file__).parent

SOLE_IMPORTERS = {
    "PIL": {"images/decode.py", "evaluation/edits.py"},
    "jinja2": {"formatting/templating.py"},
    "sqlalchemy": {"catalog/schema.py", "catalog/writer.py"},
    "sqlite3": {"catalog/connection.py"},
    "faiss": {"vectors/codes.py"},
    "torch": {"models/loaders.py"},
    "torchvision": {"models/loaders.py"},
    "timm": {"models/loaders.py"},
    "transformers": {"models/loaders.py"},
    "openvino": {"models/openvino_import.py"},
    "typer": {"cli/main.py"},
    "rich": {"cli/present.py"},
    "textual_image": {"cli/present.py"},
    "httpx2": {"search/fetch.py"},
    "httpcore2": {"search/fetch.py"},
    "filelock": {"library.py"},
    "matplotlib": {"evaluation/plot.py"},
    "send2trash": {"duplicates/trash.py"},
    "uvicorn": {"cli/serve.py", "server/protocol.py"},
    "cv2": {"verify/vision.py"},
    "threadpoolctl": {"verify/verifier.py"},
    "prometheus_client": {"server/middleware/metrics.py"},
    "pythonjsonlogger": {"server/middleware/access.py"},
}


def imports(path: Path) -> Iterator[str]:
    """Modules that a file imports when it runs; what only type checkers read does not count."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


@pytest.mark.parametrize(("library", "allowed"), SOLE_IMPORTERS.items())
def test_each_library_has_its_importer(library: str, allowed: set[str]) -> None:
    importers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert importers == allowed


@pytest.mark.parametrize("library", ["fastapi", "starlette", "pydantic", "anyio"])
def test_only_the_server_speaks_http(library: str) -> None:
    for path in PACKAGE.rglob("*.py"):
        if not path.is_relative_to(PACKAGE / "server"):
            assert not any(name.split(".")[0] == library for name in imports(path)), path


@pytest.mark.parametrize(
    "room",
    [
        "types",
        "images",
        "sources",
        "workers",
        "models",
        "catalog",
        "vectors",
        "indexing",
        "search",
        "verify",
        "duplicates",
        "evaluation",
        "formatting",
        "errors.py",
        "library.py",
    ],
)
def test_only_the_command_line_presents(room: str) -> None:
    paths = (PACKAGE / room).rglob("*.py") if (PACKAGE / room).is_dir() else [PACKAGE / room]
    for path in paths:
        names = list(imports(path))
        assert not any(name.startswith("imsearch.cli") for name in names), path
        calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
        assert not calls & {"print", "exit", "quit", "sys.exit", "os._exit"}, path


def test_everything_public_is_there_and_documented() -> None:
    for name in imsearch.__all__:
        value = getattr(imsearch, name)
        if callable(value):
            assert value.__doc__, name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = imsearch.nonsense


def modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split("\n")[-2].split())


def test_importing_the_package_imports_none_of_the_libraries() -> None:
    assert not modules_after("import imsearch") & {*SOLE_IMPORTERS, "numpy"}


def test_a_query_imports_none_of_the_slow_ones(
    tmp_path: Path, album: Path, library: imsearch.Library, stripes: bytes
) -> None:
    """What it opens is compiled and indexed already."""
    library.index(album)
    (tmp_path / "probe.jpg").write_bytes(stripes)
    ask = f"imsearch.open({str(library.path)!r}).query({str(tmp_path / 'probe.jpg')!r})"
    slow = {
        "cv2",
        "torch",
        "torchvision",
        "transformers",
        "timm",
        "sqlalchemy",
        "rich",
        "httpx2",
        "httpcore2",
        "pydantic",
        "send2trash",
    }
    assert not modules_after(f"import imsearch, imsearch.cli.main\nprint({ask})") & slow


def test_help_imports_only_what_it_draws_with() -> None:
    heavy = {"torch", "torchvision", "transformers", "timm", "openvino", "faiss", "sqlalchemy", "numpy", "PIL", "rich"}
    assert not modules_after("import imsearch.cli.main") & heavy


def test_a_run_started_from_the_web_imports_nothing_of_the_web() -> None:
    assert not modules_after("import imsearch.server.jobs.child") & {
        "fastapi",
        "starlette",
        "pydantic",
        "uvicorn",
        "torch",
    }
