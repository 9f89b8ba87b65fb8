"""The script that keeps a board up to date, in the browser, against a stream that breaks off."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.rendering import FOLDER

BOARD = """<!doctype html><html lang="en"><title>Board</title><p id="live" data-source="/events"
data-now="Live" data-away="Not live" data-last="0"></p><table><tr data-live="a"><td>{n}</td></tr>
</table><script src="/live.js"></script></html>"""
SCRIPT = Path(FOLDER / "static" / "live.js")


class Stream(ThreadingHTTPServer):
    """Serves a board and its stream, which ends, is refused once, and then goes on."""

    asked: list[str]


class Answers(BaseHTTPRequestHandler):
    server: Stream

    def do_GET(self) -> None:
        if self.path == "/live.js":
            self._answer(200, "text/javascript", SCRIPT.read_text())
        elif self.path == "/board":
            self._answer(200, "text/html", BOARD.format(n=len(self.server.asked)))
        elif self.path.startswith("/events"):
            self.server.asked.append(self.headers.get("last-event-id") or self.path)
            number = len(self.server.asked)
            event = f"retry: 100\nid: {number}\nevent: board\ndata: {{}}\n\n"
            self._answer(503 if number == 2 else 200, "text/event-stream", event)
        else:
            self._answer(404, "text/plain", "")

    def _answer(self, status: int, kind: str, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def stream() -> Iterator[Stream]:
    server = Stream(("127.0.0.1", 0), Answers)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_board_goes_on_after_its_stream_ended_and_was_refused(
    browser: Browser, stream: Stream
) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{stream.server_port}/board")
    page.wait_for_function("Number(document.querySelector('td').textContent) >= 3", timeout=10_000)
    first, second, third, *_ = stream.asked
    assert first == "/events?last=0"
    assert second == "1", "the browser goes on after the event that it saw"
    assert third == "/events?last=1", "and so does the script, where the browser gave up"
    page.close()
