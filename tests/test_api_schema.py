"""What the API does with requests made up from its own description: no failure, and nothing that is not described."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema
from servers import SERVED, running

import imsearch
from imsearch.server.app import create_app

OPERATIONS = [
    (method, path)
    for path, methods in create_app(imsearch.Library("not made", policy=SERVED)).openapi()["paths"].items()
    for method in methods
]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory, tiny_model: str, photos: list[Path]) -> Iterator[OpenApiSchema]:
    """The description of a server over a small library."""
    with imsearch.open(tmp_path_factory.mktemp("described") / "library", model=tiny_model, policy=SERVED) as library:
        library.index(*photos[:6])
        with running(create_app(library)) as address:
            yield schemathesis.openapi.from_url(f"{address}/v1/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_requests_made_up_from_the_description(
    schema: OpenApiSchema, method: str, path: str, mode: GenerationMode
) -> None:
    @settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        case: Case[Any] = data.draw(schema[path][method].as_strategy(generation_mode=mode))
        # A description cannot say of bytes that they are a picture, nor of a date that it is in the calendar.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    with contextlib.suppress(Unsatisfiable):  # nothing is wrong where everything is allowed
        ask()
