"""The database of a service: its pool, its transactions, the tables every service has."""

from shared.database.columns import (
    Columns,
    Statement,
    as_json,
    insert,
    names,
    select,
    together,
    update,
    upsert,
)
from shared.database.pool import Database
from shared.database.transaction import (
    ALL_SITES,
    IdempotentAnswer,
    Overtaken,
    Record,
    Sites,
    Transaction,
    at_all_sites,
    unless_taken,
)

__all__ = [
    "ALL_SITES",
    "Columns",
    "Database",
    "IdempotentAnswer",
    "Overtaken",
    "Record",
    "Sites",
    "Statement",
    "Transaction",
    "as_json",
    "at_all_sites",
    "insert",
    "names",
    "select",
    "together",
    "unless_taken",
    "update",
    "upsert",
]
