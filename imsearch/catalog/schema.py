"""Tables of the catalogue as SQLAlchemy knows them: the state after the last step of `imsearch.catalog.migrations`."""

from sqlalchemy import BLOB, Boolean, Column, ForeignKey, Integer, MetaData, String, Table

metadata = MetaData()

roots = Table(
    "roots",
    metadata,
    Column("path", BLOB, primary_key=True),
    Column("inode", Integer, nullable=False),
)

contents = Table(
    "contents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", BLOB, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("format", String, nullable=False),
    Column("taken", String),
)

files = Table(
    "files",
    metadata,
    Column("path", BLOB, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("content_id", ForeignKey("contents.id"), index=True),
)

spaces = Table(
    "spaces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", String, nullable=False, unique=True),
    Column("fingerprint", String, nullable=False),
    Column("dimensions", Integer, nullable=False),
    Column("precision", String, nullable=False),
    Column("regions", Boolean, nullable=False),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("space_id", ForeignKey("spaces.id"), nullable=False),
    Column("content_id", ForeignKey("contents.id"), nullable=False),
    Column("vector", BLOB, nullable=False),
    Column("region", Integer, nullable=False),
    Column("region_x", Integer),
    Column("region_y", Integer),
    Column("region_width", Integer),
    Column("region_height", Integer),
)

departures = Table(
    "departures",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("space_id", Integer, nullable=False),
    Column("embedding_id", Integer, nullable=False),
)

different_pairs = Table(
    "different_pairs",
    metadata,
    Column("first", BLOB, primary_key=True),
    Column("second", BLOB, primary_key=True),
)
