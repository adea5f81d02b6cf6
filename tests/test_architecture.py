"""Rules that the code keeps to: who imports what, and what is public."""

import ast
import functools
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import imsearch

PACKAGE = Path(imsearch.__file__).parent
PUBLIC: list[str] = vars(imsearch)["__all__"]
DOCS = PACKAGE.parent / "docs"
HOUSE = (DOCS / "architecture.md").read_text()
ROOMS = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()} - {
    "__init__"
}

SOLE_IMPORTERS = {
    "PIL": {
        "images/capture.py",
        "images/convert.py",
        "images/decode.py",
        "images/facts.py",
        "images/frames.py",
        "images/noted.py",
        "images/preprocess.py",
        "search/clipboard.py",
        "verify/enlargement.py",
        "evaluation/edits.py",
    },
    "jinja2": {"formatting/templating.py"},
    "sqlalchemy": {"catalog/writer.py"},
    "sqlite3": {"catalog/connection.py"},
    "faiss": {"vectors/codes.py"},
    "torch": {
        "models/engines/torch.py",
        "models/loaders/activity.py",
        "models/loaders/loading.py",
        "models/loaders/network.py",
        "models/loaders/packaged.py",
        "models/loaders/torchvision.py",
        "models/loaders/transformers.py",
    },
    "torchvision": {"models/loaders/torchvision.py"},
    "timm": {"models/loaders/packaged.py"},
    "transformers": {"models/loaders/transformers.py"},
    "openvino": {"models/openvino_import.py"},
    "typer": {
        "cli/main.py",
        "cli/options.py",
        *(
            f"cli/commands/{name}.py"
            for name in ("duplicates", "evaluate", "index", "library", "query", "serve", "similarity")
        ),
    },
    "rich": {"cli/output/preview.py", "cli/output/progress.py", "cli/output/tables.py"},
    "textual_image": {"cli/output/preview.py"},
    "httpx2": {"search/fetch.py"},
    "httpcore2": {"search/fetch.py"},
    "filelock": {"backends/local.py", "vectors/faiss_index.py"},
    "matplotlib": {"evaluation/plot.py"},
    "send2trash": {"duplicates/trash.py"},
    "uvicorn": {"cli/serving.py", "server/protocol.py"},
    "cv2": {"verify/vision.py"},
    "threadpoolctl": {"verify/cores.py"},
    "prometheus_client": {"server/middleware/metrics.py"},
    "pythonjsonlogger": {"server/middleware/access.py"},
}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imports(path: Path) -> list[str]:
    """Modules that a file imports when it runs; what only type checkers read does not count."""
    tree = tree_of(path)
    for_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.append(node.module)
    return found


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
        names = imports(path)
        assert not any(name.startswith("imsearch.cli") for name in names), path
        calls = {ast.unparse(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)}
        assert not calls & {"print", "exit", "quit", "sys.exit", "os._exit"}, path


@pytest.mark.parametrize("room", sorted(ROOMS - {"cli", "server"}))
def test_only_the_faces_import_the_public_face(room: str) -> None:
    """It loads whatever is asked of it, so that a room below could reach a room above through it."""
    for path in (PACKAGE / room).rglob("*.py") if (PACKAGE / room).is_dir() else [PACKAGE / f"{room}.py"]:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import):
                assert "imsearch" not in {alias.name for alias in node.names}, path
            elif isinstance(node, ast.ImportFrom) and node.module == "imsearch":
                assert {alias.name for alias in node.names} <= ROOMS, path


STUMBLES = re.compile(
    r"catalogue|(cannot|to) be had|\bis had\b|passed over|suits? themselves|goes on (doing|being)|what it takes|"
    r"as it stands|told at once|be closed twice|\bas ever\b|near-alike|whoever calls|at a glance|let go of",
    re.IGNORECASE,
)
"""The other spelling of a word that code and documents share, and turns of phrase that stop a reader."""


def test_prose_is_plain() -> None:
    paths = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js"), *DOCS.glob("*.md"), DOCS.parent / "README.md"]
    assert [path.name for path in paths if STUMBLES.search(path.read_text())] == []


SPEECH = re.compile(r"`imsearch [a-z]|(?<![\w-])--[a-z]")
"""Words of the command line: `imsearch COMMAND` and --option."""


@pytest.mark.parametrize("room", sorted(ROOMS - {"cli", "server"}))
def test_nothing_below_the_faces_speaks_of_commands_and_options(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py") if (PACKAGE / room).is_dir() else [PACKAGE / f"{room}.py"]:
        said = [
            node.value
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SPEECH.search(node.value)
        ]
        assert not said, path


def test_the_stub_is_the_one_list_of_public_names() -> None:
    stub = (PACKAGE / "__init__.pyi").read_text()
    listed = {
        alias.name for node in ast.walk(ast.parse(stub)) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(PUBLIC) == listed | {"__version__"}
    assert set(dir(imsearch)) >= listed
    errors = {
        name
        for name, value in vars(importlib.import_module("imsearch.errors")).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert errors <= listed


def test_everything_public_is_there_and_documented() -> None:
    for name in PUBLIC:
        value = getattr(imsearch, name)
        if callable(value):
            assert value.__doc__, name
    nonsense = "nonsense"
    with pytest.raises(AttributeError, match=nonsense):
        getattr(imsearch, nonsense)


def modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split("\n")[-2].split())


def test_importing_the_package_imports_none_of_the_libraries() -> None:
    assert not modules_after("import imsearch") & {*SOLE_IMPORTERS, "numpy"}


def test_a_query_imports_none_of_the_slow_ones(
    tmp_path: Path, indexed_album: Path, library: imsearch.Library, stripes: bytes
) -> None:
    """What it opens is compiled and indexed already."""
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
        "numpy.ma",
        "imsearch.types.duplicates",
        "imsearch.types.libraries",
        "httpx2",
        "httpcore2",
        "pydantic",
        "send2trash",
    }
    assert not modules_after(f"import imsearch, imsearch.cli.main\nprint({ask})") & slow


def test_help_imports_only_what_it_draws_with() -> None:
    heavy = {"torch", "torchvision", "transformers", "timm", "openvino", "faiss", "sqlalchemy", "numpy", "PIL", "rich"}
    loaded = modules_after("import imsearch.cli.main")
    assert not loaded & heavy
    assert not [name for name in loaded if name.startswith("imsearch.types.")]


def test_a_run_started_from_the_web_imports_nothing_of_the_web() -> None:
    assert not modules_after("import imsearch.workers.child, imsearch.server.jobs.job") & {
        "fastapi",
        "starlette",
        "pydantic",
        "uvicorn",
        "torch",
    }


def layers() -> list[set[str]]:
    """The rooms from the top down, as the contract of import-linter has them."""
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (each for each in settings["contracts"] if each["type"] == "layers")
    return [set(re.findall(r"\w+", layer)) for layer in contract["layers"]]


def test_every_room_has_its_layer() -> None:
    named = [room for layer in layers() for room in layer]
    assert len(named) == len(set(named))
    assert set(named) == ROOMS


def test_the_house_shows_the_layers_that_are_checked() -> None:
    (diagram,) = re.findall(r"```text\n(.*?)```", HOUSE, re.DOTALL)
    assert [set(line.split(" | ")) for line in diagram.splitlines()] == layers()


def test_the_house_tells_what_each_room_knows() -> None:
    told = re.findall(r"^\| `(\w+)(?:/|\.py)` \| \S", HOUSE, re.MULTILINE)
    assert sorted(told) == sorted(room for layer in layers() for room in layer)


def named_in(text: str) -> Iterator[tuple[str, str]]:
    """The modules of the package, each with what is named in it, that a text has as ``room.module.name``."""
    for room, rest in re.findall(r"`(?:imsearch\.)?([a-z]\w*)((?:\.\w+)+)(?:\(\))?`", text):
        if room in ROOMS and not (PACKAGE / room / rest[1:]).is_file() and rest != ".py":
            module, _, name = module_of(f"{room}{rest}").partition(":")
            yield module, name


def module_of(dotted: str) -> str:
    """``room.module:Name.method`` of a dotted name."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        path = PACKAGE.joinpath(*parts[:end])
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return f"{'.'.join(parts[:end])}:{'.'.join(parts[end:])}"
    raise AssertionError(f"there is no module {dotted}")


@pytest.mark.parametrize("document", ["README.md", *sorted(f"docs/{path.name}" for path in DOCS.glob("*.md"))])
def test_files_that_documents_name_are_there(document: str) -> None:
    text = (DOCS.parent / document).read_text()
    for path in re.findall(r"`((?:imsearch|tests|scripts|docs|data)/[\w./-]+)", text):
        assert (DOCS.parent / path).exists(), path


def test_whatever_the_house_names_is_there() -> None:
    for module, name in named_in(HOUSE):
        found = importlib.import_module(f"imsearch.{module}")
        for part in filter(None, name.split(".")):
            assert hasattr(found, part), f"{module}: {name}"
            found = getattr(found, part)


def walks() -> dict[str, list[str]]:
    """The modules that each walk of the house visits, in order."""
    sections = re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", HOUSE, re.DOTALL | re.MULTILINE)
    return {title: [module for module, _ in named_in(text)] for title, text in sections}


@pytest.mark.parametrize("walk", walks())
def test_each_step_of_a_walk_is_called_from_a_step_before(walk: str) -> None:
    """Whatever a walk comes to is imported by a module that it has come through."""
    visited: list[str] = []
    for module in walks()[walk]:
        if module not in visited:
            reached = {name for each in visited for name in modules_imported_by(each)}
            assert not visited or module in reached, f"{module} after {visited}"
            visited.append(module)


def modules_imported_by(module: str) -> Iterator[str]:
    """The modules of the package that one imports, in functions and for types too."""
    path = PACKAGE.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("imsearch.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("imsearch"):
            home = node.module.removeprefix("imsearch").removeprefix(".")
            yield home
            yield from (f"{home}.{alias.name}".lstrip(".") for alias in node.names)


PRIVATE = re.compile(r"([\w.]*[\w)\]])\.(_[a-z]\w*)")
PUBLIC_IN_SPITE = {"os._exit"}
"""Names of others that begin with an underscore and are documented."""


@pytest.mark.parametrize("folder", ["tests", "scripts"])
def test_nothing_outside_reaches_into_what_is_private(folder: str) -> None:
    """A class may use what is its own; also what tests hand to other processes as text is looked through."""
    reached = {
        f"{path.name}: {owner}.{name}"
        for path in (PACKAGE.parent / folder).rglob("*.py")
        for owner, name in PRIVATE.findall(path.read_text())
        if owner.split(".")[-1] not in ("self", "cls") and f"{owner}.{name}" not in PUBLIC_IN_SPITE
    }
    assert not reached
