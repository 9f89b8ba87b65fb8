"""A list that is shown a page at a time, from its SELECT."""

from collections.abc import Callable
from typing import Any, TypeVar

from shared.database import Transaction
from shared.web.models import CountedPage, Page, Paging, count_of, narrowed, page_of

T = TypeVar("T")
Condition = tuple[str, Any, *tuple[Any, ...]]
"""What `narrowed` takes: a condition, and its values, or None where it is not asked for."""


async def page(
    tx: Transaction,
    rows: str,
    paging: Paging,
    read: Callable[[Any], T],
    *asked: Condition,
    always: str = "",
    order: str = "id",
    behind: Condition | None = None,
) -> Page[T]:
    """The part of a list that is asked for.

    `rows` is the SELECT without its conditions and `read` makes an item of a row. Of the conditions
    those in `asked` hold where a value is given, `always` holds anyway. `order` is what a list is
    sorted by: a column with the id of each item, or any, with the condition `behind` by which an
    item comes after the last one of the page before.
    """
    where, values = narrowed(*asked, behind or (f"{order} > ?", paging.after))
    where = _and(where, always)
    limited = f"{rows} {where} ORDER BY {order} LIMIT ${len(values) + 1}"
    found = await tx.fetch(limited, *values, paging.limit + 1)
    id_ = order.rpartition(".")[2] if behind is None else "id"
    return page_of([read(row) for row in found], paging.limit, lambda item: getattr(item, id_))


async def counted_page(
    tx: Transaction,
    rows: str,
    paging: Paging,
    read: Callable[[Any], T],
    *asked: Condition,
    always: str = "",
    **order: Any,
) -> CountedPage[T]:
    """As `page`, with how many there are on all pages."""
    where, values = narrowed(*asked)
    count = await tx.fetchval(count_of(f"{rows} {_and(where, always)}"), *values)
    shown = await page(tx, rows, paging, read, *asked, always=always, **order)
    return CountedPage(items=shown.items, next=shown.next, count=count)


def _and(where: str, always: str) -> str:
    """Both, the first of which is a clause or empty."""
    return " AND ".join(part for part in (where or "WHERE true", always) if part)
