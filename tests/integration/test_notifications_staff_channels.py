"""Staff are told by text message, webhook and chat tool, each by its name or number."""

from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from ruamel.yaml import YAML
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.notifications.escalations.jobs import alerts
from shared.jobs import JobContext
from stepwell.runtime.disposable import free_ports
from tests.support.alerts import Flag, Staff
from tests.support.system import serve
from tests.support.texting import NUMBER, Texting

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


async def test_an_alert_reaches_a_number_a_webhook_and_a_chat_tool_once_each(
    texting: Texting,
) -> None:
    desk = texting.desk
    heard: list[tuple[str, bytes, dict[str, str]]] = []

    async def take(request: Request) -> Response:
        heard.append((request.url.path, await request.body(), dict(request.headers)))
        return Response(status_code=204 if request.url.path == "/pager" else 200)

    app = Starlette(routes=[Route("/{rest:path}", take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    (port,) = free_ports(1)
    serving = serve(server, port)
    file = Path(desk.settings.channels_file)
    known = {
        "webhooks": {"pager": {"url": f"http://127.0.0.1:{port}/pager", "secret": SECRET}},
        "chats": {"ops": f"json://127.0.0.1:{port}/chat"},
    }
    YAML().dump({**YAML().load(file), **known}, file)
    staff, flag = Staff(desk), Flag()
    await staff.name(["chat:ops"], on_duty=[NUMBER, "webhook:pager"])
    for told in (flag.raised(), flag.escalated(1)):
        await desk.tell(told)
    await alerts.dispatch(JobContext(desk.database, desk.settings))
    await texting.provider.reported()
    await alerts.dispatch(JobContext(desk.database, desk.settings))
    assert [one["to"] for one in texting.provider.taken] == [NUMBER]
    assert sorted(path for path, _, _ in heard) == ["/chat", "/pager"]
    (payload, headers) = next((b, h) for path, b, h in heard if path == "/pager")
    signed = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert signed == desk.now, "the platform's clock, in UTC"
    made = Webhook(SECRET).sign(headers["webhook-id"], signed, payload.decode())
    assert made == headers["webhook-signature"]
    rows = await texting.rows("SELECT channel, state FROM notifications ORDER BY channel")
    assert [tuple(row) for row in rows] == [
        ("chat", "delivered"),
        ("sms", "delivered"),
        ("webhook", "delivered"),
    ]
    server.should_exit = True
    await serving
