"""The files of an extract while they grow: rows go in, pieces of Parquet and CSV come out."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from services.outcomes.extracts.tables import DICTIONARY, TABLES, Table, dictionary

MEDIA_TYPES = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv"}


class Sink(io.RawIOBase):
    """What is written, until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self.size += len(piece)
        self.digest.update(piece)
        return len(piece)

    def close(self) -> None:
        """Nothing: what was written is taken after the writer has closed it."""

    def take(self) -> bytes:
        """What was written since it was last taken."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


@dataclass
class Growing:
    """One table as two files."""

    table: Table
    rows: int = 0
    sinks: dict[str, Sink] = field(default_factory=lambda: {kind: Sink() for kind in MEDIA_TYPES})

    def __post_init__(self) -> None:
        schema = self.table.schema
        self._writers = (
            parquet.ParquetWriter(self.sinks["parquet"], schema, compression="zstd"),
            csv.CSVWriter(self.sinks["csv"], schema),
        )

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows; what is not in the table's columns is refused by its schema."""
        made = pa.Table.from_pylist([dict(row) for row in rows], schema=self.table.schema)
        if made.num_rows:
            for writer in self._writers:
                writer.write_table(made)
        self.rows += made.num_rows

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def pieces(self) -> dict[str, bytes]:
        """By name of file what is new."""
        taken = {f"{self.table.name}.{kind}": sink.take() for kind, sink in self.sinks.items()}
        return {name: piece for name, piece in taken.items() if piece}

    def described(self) -> list[dict[str, Any]]:
        """The files as they are told."""
        return [
            {
                "name": f"{self.table.name}.{kind}",
                "media_type": MEDIA_TYPES[kind],
                "rows": self.rows,
                "bytes": sink.size,
                "sha256": sink.digest.hexdigest(),
            }
            for kind, sink in self.sinks.items()
        ]


def all_files() -> dict[str, Growing]:
    """Every table without rows, and the data dictionary."""
    made = {table.name: Growing(table) for table in (*TABLES, DICTIONARY)}
    made[DICTIONARY.name].add(dictionary())
    return made
