"""The small servers that live inside `stepwell up`: the token issuer, the mail folder, and the
provider of text messages and calls.

They run in a thread with an event loop of its own, so that they end with the process.
"""

import asyncio
import socket
import threading
from collections.abc import Mapping
from pathlib import Path

from stepwell.runtime.keys import ALL_SITES, Issuer
from stepwell.runtime.mail import MailFolder, ReturnPath
from stepwell.runtime.problem import Problem
from stepwell.runtime.subscribers import Subscribers
from stepwell.runtime.texting import TextProvider

MOST_SITES = 50
"""As many as a page of the local issuer shows by name; others are named by their ids."""


class Sinks:
    """Serves the issuer on its port and SMTP on another, between `start` and `stop`.

    Usable without a running system, so tests start one of their own.
    """

    def __init__(
        self,
        *,
        issuer_port: int,
        smtp_port: int,
        key_file: Path,
        mail: Path,
        clients: Mapping[str, str],
        subscribers: Path,
        return_path: ReturnPath | None = None,
        texting: TextProvider | None = None,
        texting_port: int = 0,
        portal_url: str | None = None,
        sites_url: str | None = None,
    ) -> None:
        """`portal_url` is where people may log in from; `sites_url` lists the sites they pick."""
        self.issuer = Issuer(f"http://127.0.0.1:{issuer_port}", key_file)
        self.mail = MailFolder(mail)
        self.mail.return_path = return_path
        self._issuer_port = issuer_port
        self.smtp_port = smtp_port
        self._texting = texting
        self._texting_port = texting_port
        self._clients = clients
        self._subscribers = Subscribers(subscribers).all
        self._portal_url = portal_url
        self._sites_url = sites_url
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="sinks", daemon=True)

    def start(self) -> None:
        """Start both and wait until they listen.

        Raises:
            Problem: one of them could not listen.
        """
        self._thread.start()
        self._ready.wait(15)
        if self._failure is not None or not self._ready.is_set():
            ports = f"{self._issuer_port}, {self.smtp_port} and {self._texting_port}"
            raise Problem(
                "The token issuer, the mail folder and the provider of text messages could not "
                f"start on the ports {ports}: {self._failure}"
            )

    def stop(self) -> None:
        """Stop both and wait for their end."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._done.set)
            self._thread.join(5)

    async def _sites(self) -> dict[str, str]:
        """The names of the sites by id; none while the service that has them does not answer."""
        import httpx

        token = self.issuer.token("regional_operations", [ALL_SITES], seconds=60)
        try:
            async with httpx.AsyncClient(timeout=2.0) as http:
                answer = await http.get(
                    self._sites_url or "",
                    params={"limit": MOST_SITES},
                    headers={"Authorization": f"Bearer {token}"},
                )
            return {site["id"]: site["name"] for site in answer.raise_for_status().json()["items"]}
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError):
            return {}

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except (OSError, SystemExit) as error:
            self._failure = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        import uvicorn
        from aiosmtpd.smtp import SMTP

        from stepwell.runtime.issuer import application
        from stepwell.runtime.login import Portal

        listening = socket.create_server(("127.0.0.1", self._issuer_port))
        smtp = await self._loop.create_server(
            lambda: SMTP(self.mail, enable_SMTPUTF8=True, loop=self._loop),
            "127.0.0.1",
            self.smtp_port,
        )
        server = uvicorn.Server(
            uvicorn.Config(
                application(
                    self.issuer,
                    self._clients,
                    self._subscribers,
                    portal=Portal(self._portal_url) if self._portal_url else None,
                    sites=self._sites,
                ),
                log_config=None,
                access_log=False,
                lifespan="off",
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        servers = [(server, serving)]
        if self._texting is not None:
            config = uvicorn.Config(
                self._texting.application(), log_config=None, access_log=False, lifespan="off"
            )
            texting = uvicorn.Server(config)
            bound = socket.create_server(("127.0.0.1", self._texting_port))
            servers.append((texting, asyncio.create_task(texting.serve(sockets=[bound]))))
        self._ready.set()
        await self._done.wait()
        if self._texting is not None:
            await self._texting.close()
        for one, task in servers:
            one.should_exit = True
            await task
        smtp.close()
