"""The database of a service: its pool, its transactions, the tables every service has."""

from shared.database.pool import Database
from shared.database.transaction import ALL_SITES, IdempotentAnswer, Sites, Transaction

__all__ = ["ALL_SITES", "Database", "IdempotentAnswer", "Sites", "Transaction"]
