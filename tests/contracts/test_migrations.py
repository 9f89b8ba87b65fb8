"""Migrations are plain SQL that says what its rows are, keeps sites apart and reads no clock."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stepwell.runtime.state import PROJECT

FILES = sorted(
    [
        *(PROJECT / "shared" / "database" / "migrations").glob("*.sql"),
        *(PROJECT / "services").glob("*/migrations/*.sql"),
    ]
)
SQUAWK = Path(sys.executable).with_name("squawk")
UP, DOWN = "-- migrate:up", "-- migrate:down"
TABLE = re.compile(r"^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?([\w.]+)", re.M | re.I)
PARTITION = re.compile(r"^CREATE TABLE [\w.]+ PARTITION OF", re.M | re.I)
CLOCKS = re.compile(
    r"\b(now\s*\(|current_(timestamp|date|time)|local(time|timestamp)|"
    r"(clock|statement|transaction)_timestamp|timeofday|gen_random_uuid|uuidv[47]|"
    r"uuid_generate_)",
    re.I,
)
DROP = re.compile(r"\bDROP\s+(TABLE|SCHEMA|COLUMN|EXTENSION)\b|^\s*TRUNCATE\b", re.I | re.M)
WITH_CHECK = r"\s+WITH CHECK \(platform\.visible\(\w+\)\)"
NOTED_BY_EVERYBODY = {"platform.audit"}
"""Tables into which everybody's doings are written, and which only callers of the site read."""
BODY = re.compile(r"\$\$.*?\$\$", re.S)
UNUSED = re.compile(r"^-- Unused since \d+\.\d+\.\d+", re.M)
every_migration = pytest.mark.parametrize(
    "file", FILES, ids=lambda file: str(file.relative_to(PROJECT))
)


def up(sql: str) -> str:
    """The part that brings a database forward."""
    return sql.partition(UP)[2].partition(DOWN)[0]


def code(sql: str) -> str:
    """SQL without its comments."""
    return re.sub(r"--[^\n]*", "", sql)


def statements(sql: str) -> list[str]:
    """Statements with the comment right above each."""
    return [part.strip() for part in re.split(r";[ \t]*\n", sql) if part.strip()]


def undescribed(sql: str) -> list[str]:
    """The tables that neither a comment above nor COMMENT ON says something about."""
    found = []
    for statement in statements(sql):
        table = TABLE.search(statement)
        if table is None or re.search(rf"COMMENT ON TABLE {re.escape(table[1])}\b", sql, re.I):
            continue
        above = statement[: table.start()].rstrip().splitlines()
        if not above or not above[-1].startswith("--"):
            found.append(table[1])
    return found


def open_to_all_sites(sql: str) -> list[str]:
    """The tables with a site that row-level security does not protect in full."""
    plain = code(sql)
    found = []
    for statement in statements(plain):
        table = TABLE.search(statement)
        if table is None or PARTITION.search(statement):
            continue
        name = table[1]
        bound = re.search(r"^\s*site_id\s+uuid\b", statement, re.M | re.I) or name == "sites"
        needed = (
            rf"ALTER TABLE {name}\s+ENABLE ROW LEVEL SECURITY",
            rf"ALTER TABLE {name}\s+FORCE ROW LEVEL SECURITY",
            rf"CREATE POLICY \w+ ON {name}\s+"
            rf"{'FOR SELECT ' if name in NOTED_BY_EVERYBODY else ''}"
            r"USING \(platform\.visible\(\w+\)\)"
            rf"{'' if name in NOTED_BY_EVERYBODY else WITH_CHECK}",
        )
        if bound and not all(re.search(one, plain, re.I) for one in needed):
            found.append(name)
    return found


def drops(sql: str) -> list[str]:
    """The statements that drop something without saying since when it has been unused. What a
    function does when it is called is none of them."""
    return [
        statement
        for statement in statements(BODY.sub("", sql))
        if DROP.search(code(statement)) and not UNUSED.search(statement)
    ]


def test_every_service_has_migrations_beside_the_shared_ones() -> None:
    folders = {file.parents[1].name for file in FILES}
    services = {folder.parent.name for folder in (PROJECT / "services").glob("*/service.py")}
    assert folders == {"database", *services}


@every_migration
def test_a_migration_goes_up_and_down(file: Path) -> None:
    sql = file.read_text("utf-8")
    assert re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", file.name)
    assert re.match(rf"{UP}( transaction:false)?\n", sql)
    assert [sql.count(UP), sql.count(DOWN)] == [1, 1]
    assert code(up(sql)).strip()
    assert code(sql.partition(DOWN)[2]).strip(), "what goes up can be taken back"


def test_no_two_migrations_of_a_folder_have_the_same_number() -> None:
    numbers = [(file.parent, file.name[:4]) for file in FILES]
    assert len(set(numbers)) == len(numbers)


def outside_a_transaction(sql: str) -> list[str]:
    """The statements of a part that dbmate runs without a transaction, where more than one.

    dbmate sends the part as one message, which PostgreSQL runs as one transaction when it holds
    several statements.
    """
    found: list[str] = []
    for part in (up(sql), sql.partition(DOWN)[2]):
        if part.partition("\n")[0].strip() == "transaction:false":
            made = [one for one in code(part.partition("\n")[2]).split(";") if one.strip()]
            found += made if len(made) != 1 else []
    return found


def unpublishable(sql: str) -> list[str]:
    """Virtual generated columns and endless dates, which break who follows a table by its log.

    PostgreSQL 18: an UPDATE of a published table with REPLICA IDENTITY FULL fails where a generated
    column is not stored, which is the default; asyncpg gives `infinity` as a time without a zone.
    """
    plain = code(sql)
    generated = re.findall(r"\bGENERATED\s+ALWAYS\s+AS\s*\(", plain, re.I)
    stored = re.findall(r"\)\s*STORED\b", plain, re.I)
    return [*generated[len(stored) :], *re.findall(r"'[-+]?infinity'", plain, re.I)]


@every_migration
def test_what_runs_outside_a_transaction_is_one_statement(file: Path) -> None:
    assert outside_a_transaction(file.read_text("utf-8")) == []


@every_migration
def test_tables_can_be_published(file: Path) -> None:
    assert unpublishable(file.read_text("utf-8")) == []


def unbounded(sql: str) -> list[str]:
    """Ranges of time that may be empty or endless: an exclusion constraint takes an empty one in
    silence, as it overlaps with nothing."""
    columns = re.findall(r"(\w+) (?:tstz|ts|date)range\b(?!\s*\()", code(sql))
    checks = "CHECK (NOT isempty({0}) AND NOT lower_inf({0}) AND NOT upper_inf({0}))"
    said = " ".join(code(sql).split())
    return [one for one in columns if said.count(checks.format(one)) < columns.count(one)]


@every_migration
def test_no_range_of_time_is_empty_or_without_an_end(file: Path) -> None:
    assert unbounded(up(file.read_text("utf-8"))) == []


@every_migration
def test_every_table_says_what_a_row_is(file: Path) -> None:
    assert undescribed(up(file.read_text("utf-8"))) == []


@every_migration
def test_every_table_with_a_site_is_closed_to_other_sites(file: Path) -> None:
    assert open_to_all_sites(up(file.read_text("utf-8"))) == []


@every_migration
def test_no_migration_reads_a_clock_or_makes_ids(file: Path) -> None:
    assert CLOCKS.search(code(file.read_text("utf-8"))) is None


@every_migration
def test_going_up_drops_only_what_a_former_release_gave_up(file: Path) -> None:
    assert drops(up(file.read_text("utf-8"))) == []


@every_migration
def test_no_migration_grants_anything(file: Path) -> None:
    assert not re.search(r"^\s*GRANT\b", code(file.read_text("utf-8")), re.M | re.I)


def squawk(*paths: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SQUAWK, "--config", PROJECT / ".squawk.toml", "--reporter", "gcc", *paths],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_squawk_finds_nothing() -> None:
    done = squawk(*FILES)
    assert done.returncode == 0, done.stdout


def test_squawk_would_find_a_lock_that_blocks_readers(tmp_path: Path) -> None:
    file = tmp_path / "0002_wrong.sql"
    file.write_text("ALTER TABLE clients ADD COLUMN code text NOT NULL;\n")
    assert "adding-required-field" in squawk(file).stdout


def test_a_table_without_words_or_walls_is_noticed() -> None:
    sql = "CREATE TABLE visits (\n  id uuid PRIMARY KEY,\n  site_id uuid NOT NULL\n);\n"
    assert undescribed(sql) == ["visits"]
    assert undescribed(f"-- A row is a visit.\n{sql}") == []
    assert undescribed(f"{sql}COMMENT ON TABLE visits IS 'A row is a visit.';\n") == []
    assert open_to_all_sites(sql) == ["visits"]
    enabled = f"{sql}ALTER TABLE visits ENABLE ROW LEVEL SECURITY;\n"
    assert open_to_all_sites(enabled) == ["visits"], "its owner would see all sites"


def test_a_drop_says_since_when_nothing_reads_what_it_drops() -> None:
    sql = "ALTER TABLE clients DROP COLUMN code;\n"
    assert drops(sql) == [sql.strip().rstrip(";")]
    assert drops(f"-- Unused since 0.2.0.\n{sql}") == []


@pytest.mark.parametrize(
    "default",
    ["now()", "CURRENT_TIMESTAMP", "clock_timestamp()", "gen_random_uuid()", "uuidv7()"],
)
def test_a_default_that_reads_a_clock_is_noticed(default: str) -> None:
    assert CLOCKS.search(f"created_at timestamptz NOT NULL DEFAULT {default}")


def test_a_statement_too_many_outside_a_transaction_is_noticed() -> None:
    one = f"{UP} transaction:false\nCREATE INDEX CONCURRENTLY a ON t (b);\n{DOWN}\nDROP INDEX a;\n"
    assert outside_a_transaction(one) == []
    two = one.replace("CREATE", "SET lock_timeout = '1s';\nCREATE")
    assert len(outside_a_transaction(two)) == 2
    below = one.replace(DOWN, f"{DOWN} transaction:false").replace("DROP", "SELECT 1; DROP")
    assert len(outside_a_transaction(below)) == 2
    assert outside_a_transaction(two.replace(" transaction:false", "")) == []


@pytest.mark.parametrize(
    "column",
    [
        "b text GENERATED ALWAYS AS (lower(a)),",
        "b text GENERATED ALWAYS AS (lower(a)) VIRTUAL,",
        "until timestamptz DEFAULT 'infinity',",
        "since timestamptz DEFAULT '-infinity',",
    ],
)
def test_a_column_that_cannot_be_published_is_noticed(column: str) -> None:
    sql = f"CREATE TABLE t (\n  a text,\n  {column}\n  c text GENERATED ALWAYS AS (a) STORED\n);\n"
    assert len(unpublishable(sql)) == 1
    assert unpublishable(sql.replace(column, "n bigint GENERATED ALWAYS AS IDENTITY,")) == []


def test_a_range_of_time_that_may_be_empty_is_noticed() -> None:
    sql = "ALTER TABLE leave ADD COLUMN during tstzrange NOT NULL"
    check = "CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during))"
    assert unbounded(f"{sql};") == ["during"]
    assert unbounded(f"{sql} {check};") == []
    assert unbounded("SELECT tstzrange(starts_at, ends_at) FROM sessions;") == []
