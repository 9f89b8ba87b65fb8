#!/bin/sh
# frist 0.21.0, a library for ages: `years_precise` is told as "the exact number of calendar years", which
# "match real-world calendar boundaries", beside `years`, which divides by 365.25. On their eighteenth birthday
# three people of four are less than eighteen by it: the first year ends a second too early, and parts of
# the first and of the last year are divided by the days of different years, so that a birthday after
# February counts less if the year of birth had 366 days. `months_precise` is short of 216 for some of
# February. A floor of it, or a comparison with 18, makes an adult a minor for a day: a parent is told, a
# consent is asked of somebody else. Nobody is too old. dateutil and pendulum have 18 on the day.
# Seen 2026-11-30 with Python 3.11, output:
#   born 2008-05-10, on 2026-05-10: frist 17.9982 dateutil 18 pendulum 18
#   born 2007-05-10, on 2025-05-10: frist 17.9999999683 dateutil 18 pendulum 18
#   less than 18 years on the day: frist 4428 of 6048, dateutil 0, pendulum 0
#   less than 18 years a day later: frist 0
#   less than 216 months on the day: frist 135 of 6048
# What follows for us: no age is reckoned: a group names the age bands that it is for, and birth dates are
# compared by year, month and day. Whoever does reckon one takes whole years, and tests the day itself.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  frist==0.21.0 python-dateutil==2.9.0.post0 pendulum==3.3.0
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from datetime import date, timedelta

import pendulum
from dateutil.relativedelta import relativedelta
from frist import Age


def of_frist(born, day):
    return Age(born, day).years_precise


def of_dateutil(born, day):
    return relativedelta(day, born).years


def of_pendulum(born, day):
    first, last = (pendulum.date(one.year, one.month, one.day) for one in (born, day))
    return (last - first).in_years()


def later(born, days=0):
    """The eighteenth birthday, or so many days after it."""
    return born.replace(year=born.year + 18) + timedelta(days)


for born, digits in ((date(2008, 5, 10), 4), (date(2007, 5, 10), 10)):
    day = later(born)
    print(f"born {born}, on {day}: frist {of_frist(born, day):.{digits}f}",
          f"dateutil {of_dateutil(born, day)} pendulum {of_pendulum(born, day)}")
people = [
    date(year, month, day) for year in range(1990, 2008) for month in range(1, 13) for day in range(1, 29)
]
frist, dateutil, other = (
    sum(of(born, later(born)) < 18 for born in people) for of in (of_frist, of_dateutil, of_pendulum)
)
print(f"less than 18 years on the day: frist {frist} of {len(people)}, dateutil {dateutil}, pendulum {other}")
print("less than 18 years a day later: frist", sum(of_frist(born, later(born, 1)) < 18 for born in people))
months = sum(Age(born, later(born)).months_precise < 216 for born in people)
print(f"less than 216 months on the day: frist {months} of {len(people)}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
born 2008-05-10, on 2026-05-10: frist 17.9982 dateutil 18 pendulum 18
born 2007-05-10, on 2025-05-10: frist 17.9999999683 dateutil 18 pendulum 18
less than 18 years on the day: frist 4428 of 6048, dateutil 0, pendulum 0
less than 18 years a day later: frist 0
less than 216 months on the day: frist 135 of 6048
EXPECTED
