"""The parameters of a query over HTTP."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from imsearch.images.formats import FORMATS
from imsearch.types.options import Filters, QueryOptions

MOST_HITS = 200

Format = Annotated[str, Field(json_schema_extra={"enum": list(FORMATS)})]


class QueryParameters(BaseModel):
    """The parameters of a query, besides the probe."""

    model_config = ConfigDict(extra="forbid")

    k: Annotated[int, Field(ge=1, le=MOST_HITS, description="How many hits.")] = 20
    crop: Annotated[
        str | None,
        Field(
            description="Ask with this part of the probe: `X,Y,W,H` in pixels or per cent.",
            examples=["10%,10%,50%,50%"],
        ),
    ] = None
    min_score: Annotated[float, Field(ge=-1, le=1, description="Leave out lesser scores.")] = -1.0
    verify: Annotated[
        bool, Field(description="Show which hits are the same picture or a copy of it, and put those first.")
    ] = False
    under: Annotated[str | None, Field(description="Only pictures at or below this path.")] = None
    taken_after: Annotated[str | None, Field(description="Only taken then or later (EXIF).", examples=["2019-07"])] = (
        None
    )
    taken_before: Annotated[str | None, Field(description="Only taken before then (EXIF).", examples=["2020"])] = None
    format: Annotated[list[Format], Field(description="Only these formats.", examples=[["jpeg"]])] = []
    min_width: Annotated[int | None, Field(ge=0, le=1 << 31, description="Only at least as wide, in pixels.")] = None
    min_height: Annotated[int | None, Field(ge=0, le=1 << 31, description="Only at least as high, in pixels.")] = None

    preview: Annotated[
        bool, Field(description="Also give the probe back as a small JPEG, for clients that cannot show it themselves.")
    ] = False

    def options(self) -> QueryOptions:
        """The parameters as the options of a library. Raises `UsageError` for a crop that makes no sense."""
        filters = Filters(
            under=self.under,
            taken_after=self.taken_after,
            taken_before=self.taken_before,
            formats=tuple(self.format),
            min_width=self.min_width,
            min_height=self.min_height,
        )
        return QueryOptions.of(self.k, self.crop, self.min_score, filters, self.verify)
