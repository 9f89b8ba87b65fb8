#!/bin/sh
# APScheduler 3.11.3 with jobs in a database (SQLAlchemyJobStore): its user guide asks who declares jobs when
# a program starts to give them an id and `replace_existing=True`, and says that a run that fell into a
# time in which the program was down is made up for at the next start, within `misfire_grace_time`. Done
# as asked, the declaration reckons the next run anew from the moment of the start: a run that was
# missed is forgotten, with `misfire_grace_time=None` too, and an interval that is longer than the
# program lives between two deployments never ends. No warning is given, and the job stands in the store.
# The same jobs come due where they were declared once only, and in the persistent scheduler of Celery
# 5.7.0, which declares its jobs at each start too.
# Seen 2026-11-30 with SQLAlchemy 2.1.9 and Python 3.11, output:
#   every 2 s, six lives of 0.9 s: declared at each start 0 runs, declared once 2 or more runs
#   the same with Celery: 2 or more runs
#   missed while the program was down: declared again 0 runs, not declared again 1 run
# What follows for us: what is due is a row with its instant, and starting makes no such row anew; a process
# that was down finds everything that came due meanwhile.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  apscheduler==3.11.3 SQLAlchemy==2.1.9 celery==5.7.0 setuptools
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import time
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from celery import Celery
from celery.beat import PersistentScheduler

LIVES, SECONDS, EVERY = 6, 0.9, 2
RUNS = []


def job(name):
    RUNS.append(name)


def program(name, declare, seconds=SECONDS):
    """One life of a program: it starts, declares its job or not, and ends."""
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_jobstore("sqlalchemy", url=f"sqlite:///{name}.sqlite")
    scheduler.start(paused=True)
    if declare:
        scheduler.add_job(job, "interval", seconds=EVERY, args=[name], id="report",
                          replace_existing=True, misfire_grace_time=None, coalesce=True)
    scheduler.resume()
    time.sleep(seconds)
    scheduler.shutdown()


class Counted(PersistentScheduler):
    def apply_async(self, entry, *_, **__):
        job("celery")


def program_of_celery():
    app = Celery(broker="memory://")
    app.conf.beat_schedule = {"report": {"task": "report", "schedule": EVERY}}
    scheduler = Counted(app=app, schedule_filename="beat")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        scheduler.tick()
        time.sleep(0.05)
    scheduler.close()


def runs(name):
    count = RUNS.count(name)
    return "2 or more runs" if count >= 2 else f"{count} run{'' if count == 1 else 's'}"


for life in range(LIVES):
    program("each", declare=True)
for life in range(LIVES):
    program("once", declare=life == 0)
print(f"every {EVERY} s, six lives of {SECONDS} s:",
      f"declared at each start {runs('each')}, declared once {runs('once')}")
for life in range(LIVES):
    program_of_celery()
print(f"the same with Celery: {runs('celery')}")
for name, again in (("again", True), ("not again", False)):
    program(name, declare=True, seconds=0.1)
    time.sleep(EVERY + 0.5)  # the program is down when the job comes due
    program(name, declare=again, seconds=0.5)
print(f"missed while the program was down: declared again {runs('again')},",
      f"not declared again {runs('not again')}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
every 2 s, six lives of 0.9 s: declared at each start 0 runs, declared once 2 or more runs
the same with Celery: 2 or more runs
missed while the program was down: declared again 0 runs, not declared again 1 run
EXPECTED
