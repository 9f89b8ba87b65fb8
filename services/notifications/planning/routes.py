"""The rules in force, and rules and templates tried out, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.notifications.planning import previews
from services.notifications.planning.schemas import (
    RulePreview,
    RulesInForce,
    RuleTrial,
    TemplatePreview,
    TemplateTrial,
)
from shared.access import Role
from shared.web import Allowed, Call, Router

router = Router(tags=["Rules of messages"])

Manager = Annotated[Call, Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER)]


@router.get("/rules", summary="List the rules of messages in force at a site")
async def list_rules(
    call: Manager, site_id: Annotated[UUID, Query(description="The site.")]
) -> RulesInForce:
    """As their files hold them: from which event, to whom, what, when, and until when."""
    return await call.show(lambda tx: previews.show_rules(tx, site_id))


@router.post("/rules/preview", summary="Show what a rule would do")
async def show_rule_preview(body: RuleTrial, call: Manager) -> RulePreview:
    """Whom it would tell what, when, and why not: of a rule in force or a draft, tried out on
    events that are sent along or on what is planned. Nothing is planned, and nothing goes out."""
    return await call.show(lambda tx: previews.try_rule(tx, body))


@router.post("/message-templates/preview", summary="Show a message with sample data")
async def show_template_preview(body: TemplateTrial, call: Manager) -> TemplatePreview:
    """As it would arrive, with what it costs as a text message. A draft is checked as its file
    would be."""
    return await call.show(lambda tx: previews.try_template(tx, body))
