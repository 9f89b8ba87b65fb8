"""`python -m stepwell.kubernetes.sizing`: what a number of sites asks for, as a table.

Work is counted in the busiest minute, rates are those of one process on one core, and no process is
planned to be busier than half. Where the figures come from is said in docs/operations/sizing.md.
"""

from dataclasses import dataclass
from math import ceil

CLIENTS = 60
"""In treatment at a site: five cohorts of twelve."""
EVENTS, WRITES, READS, ATTENDANCES = 40, 10, 80, 3
"""Of one client in one week; requests are those of staff, of the client, and of providers that say
what became of a message."""
BUSIEST_MINUTE = 1 / 300
"""Of a week's work: a fifth a day, a quarter of it in one hour, four times the mean in a minute."""
APPLIED = 0.6
"""Of all events by the consumer that applies most of them, notifications."""

REQUESTS_A_PROCESS = 500
EVENTS_A_WORKER = 1_000
ATTENDANCES_A_STREAM_WORKER = 10_000
"""A second."""
BUSY = 0.5
KEPT_WEEKS, COPIES = 8, 3
BYTES_ON_A_TOPIC, BYTES_IN_A_DATABASE = 1_000, 3_500
"""An event, with its share of indexes and of the rows that it led to."""


@dataclass(frozen=True)
class Size:
    """What so many sites ask for. Rates are a second, in the busiest minute."""

    sites: int

    @property
    def clients(self) -> int:
        return self.sites * CLIENTS

    def a_second(self, in_a_week: float) -> float:
        """Of what each client causes so often in a week."""
        return self.clients * in_a_week * BUSIEST_MINUTE / 60

    @property
    def requests(self) -> float:
        return self.a_second(WRITES + READS)

    @property
    def events(self) -> float:
        return self.a_second(EVENTS)

    @property
    def api_processes(self) -> int:
        """Of all services together."""
        return ceil(self.requests / (REQUESTS_A_PROCESS * BUSY))

    @property
    def workers(self) -> int:
        """Of the service that applies most."""
        return ceil(self.events * APPLIED / (EVENTS_A_WORKER * BUSY))

    @property
    def stream_workers(self) -> int:
        return ceil(self.a_second(ATTENDANCES) / (ATTENDANCES_A_STREAM_WORKER * BUSY))

    @property
    def broker_gigabytes(self) -> float:
        """On each of three brokers, as each has a copy of everything."""
        return self.clients * EVENTS * KEPT_WEEKS * BYTES_ON_A_TOPIC / 1e9

    @property
    def database_gigabytes_a_year(self) -> float:
        """Of all four databases, one instance of each."""
        return self.clients * EVENTS * 52 * BYTES_IN_A_DATABASE / 1e9

    @property
    def minutes_to_catch_up(self) -> float:
        """After the broker was away for the busiest hour, with one worker."""
        in_the_hour = self.clients * EVENTS / 5 / 4
        return in_the_hour * APPLIED / EVENTS_A_WORKER / 60


HEADINGS = (
    "sites",
    "clients",
    "requests/s",
    "events/s",
    "API processes",
    "workers",
    "stream workers",
    "GB a broker",
    "database GB a year",
    "minutes to catch up an hour",
)


def table(*sites: int) -> str:
    """The figures for these numbers of sites, in Markdown."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(_row(Size(count)) for count in sites)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(size: Size) -> tuple[str, ...]:
    return (
        f"{size.sites:,}",
        f"{size.clients:,}",
        f"{size.requests:,.1f}",
        f"{size.events:,.1f}",
        str(size.api_processes),
        str(size.workers),
        str(size.stream_workers),
        f"{size.broker_gigabytes:,.1f}",
        f"{size.database_gigabytes_a_year:,.1f}",
        f"{size.minutes_to_catch_up:,.1f}",
    )


if __name__ == "__main__":
    print(table(1, 40, 400, 4_000), end="")
