"""Which failures pass by themselves, and which stay with the event."""

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from shared.database.transaction import AppliedElsewhere, Overtaken

TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
    asyncpg.InvalidCachedStatementError,
    httpx.TransportError,
    KafkaError,
    AppliedElsewhere,
    Overtaken,
)
"""Failures of the surroundings: tried again, never a dead letter."""


def is_transient(error: BaseException) -> bool:
    """Whether the same event may well succeed in a moment."""
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return False  # a value that cannot be sent stays what it is
    if isinstance(error, asyncpg.UniqueViolationError):
        return error.constraint_name == "positions_pkey"
    return isinstance(error, TRANSIENT)
