"""The tables of an extract: their columns are declared, whatever the rows at hand hold.

So two extracts can be read together, and a column that may be empty is so in each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Column:
    """A column, as the data dictionary says it."""

    name: str
    type: pa.DataType
    may_be_empty: bool
    says: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of an extract."""

    name: str
    says: str
    columns: Sequence[Column]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.type, c.may_be_empty) for c in self.columns])


TEXT, NUMBER, DAY, YES_NO = pa.string(), pa.int64(), pa.date32(), pa.bool_()
STAY = Column("stay_id", TEXT, False, "Stands for the stay in this extract alone.")
RESULT = (
    Column("instrument", TEXT, False, "Its name."),
    Column("answered_on", DAY, False, "Shifted."),
)
TOTAL = Column("total", NUMBER, True, "Empty where the answers allow none.")
DAYS = Column("days", NUMBER, False, "After the end of the stay.")
FEW = "Empty where it is not known, or few people have the same."


def _of_stays(name: str, says: str, *columns: Column) -> Table:
    """A table whose rows are of stays."""
    return Table(name, says, (STAY, *columns))


TABLES = (
    _of_stays(
        "stays",
        "A row is a stay in the program that began in the time asked for.",
        Column("person_id", TEXT, False, "Stands for the person in this extract alone."),
        Column("state", TEXT, True, f"Of the site, by ISO 3166-2. {FEW}"),
        Column("level_of_care", TEXT, True, f"At the admission. {FEW}"),
        Column("dual_diagnosis", YES_NO, True, FEW),
        Column("gender_group", TEXT, True, f"Which groups the person may join. {FEW}"),
        Column("age_band", TEXT, True, f"65 and older is one band, so over 89 too. {FEW}"),
        Column("enrolled_on", DAY, False, "Shifted by whole weeks, as all days of the person."),
        Column("first_service_on", DAY, True, "Shifted. Empty without a service."),
        Column("ended_on", DAY, True, "Shifted. Empty while the stay goes on."),
        Column("ended_as", TEXT, True, "Empty while the stay goes on."),
        Column("days", NUMBER, True, "From the admission to the end, in days at the site."),
        Column("sessions_attended", NUMBER, False, "For all or a part of them."),
        Column("sessions_missed", NUMBER, False, "Without excuse."),
        Column("sessions_excused", NUMBER, False, "Missed with excuse."),
        Column("attended_minutes", NUMBER, False, "Credited: breaks do not count."),
    ),
    _of_stays(
        "attendance",
        "A row is a session of a stay that was held, at which the client was expected.",
        Column("held_on", DAY, False, "Shifted."),
        Column("outcome", TEXT, False, "attended, missed or excused."),
        Column("attended_minutes", NUMBER, False, "Credited; 0 unless attended."),
    ),
    _of_stays(
        "scores",
        "A row is the result of an instrument, answered after the stay before and up to the end of "
        "this one; the first may lie before the admission.",
        *RESULT,
        TOTAL,
        Column("band", TEXT, True, "Of symptoms, not a diagnosis."),
    ),
    _of_stays(
        "subscores",
        "A row is a part of such a result that is scored on its own; parts are never added up.",
        *RESULT,
        Column("subscale", TEXT, False, "Its name."),
        TOTAL,
    ),
    _of_stays(
        "follow_ups",
        "A row is a survey after the stay. Of whoever did not answer nothing is known.",
        DAYS,
        Column("due_on", DAY, False, "Shifted."),
        Column("state", TEXT, False, "answered, returned, declined, died, lost, or open."),
    ),
    _of_stays(
        "follow_up_answers",
        "A row is the answer to one question of a survey.",
        DAYS,
        Column("question", TEXT, False, "By the id of the survey's version."),
        Column("answer", TEXT, False, "By its id."),
    ),
)
DICTIONARY = Table(
    "data_dictionary",
    "A row is a column of a table.",
    (
        Column("table", TEXT, False, "The table."),
        Column("column", TEXT, False, "The column."),
        Column("type", TEXT, False, "Its type in Arrow's words."),
        Column("may_be_empty", YES_NO, False, "Whether it may be."),
        Column("says", TEXT, False, "What it says."),
    ),
)


def dictionary() -> list[dict[str, str | bool]]:
    """The rows of the data dictionary."""
    names = [column.name for column in DICTIONARY.columns]
    said = (
        (table.name, one.name, str(one.type), one.may_be_empty, one.says)
        for table in TABLES
        for one in table.columns
    )
    return [dict(zip(names, row, strict=True)) for row in said]
