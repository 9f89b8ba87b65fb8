"""Curricula and sessions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.scheduling.directory.routes import Manager
from services.scheduling.sessions import cancelling, changing, commands, queries, schemas
from shared.access import Role
from shared.web import CountedPage, Page, Paged, needs_if_match
from shared.web.call import Allowed, AnyStaff, Call, Reader, Router

router = Router(tags=["Sessions"])

PLANNING = (Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS, Role.CLINICAL_LEAD)
Canceller = Annotated[Call, Allowed(Role.SITE_MANAGER, Role.CLINICAL_LEAD, Role.FRONT_DESK)]
Planner = Annotated[Call, Allowed(*PLANNING)]
Changer = Annotated[Call, Allowed(*PLANNING, Role.FRONT_DESK)]


@router.create("/cohorts/{cohort_id}/curriculum", summary="Give a cohort a weekly plan")
async def add_curriculum(
    cohort_id: UUID, body: schemas.NewCurriculum, call: Manager
) -> schemas.Curriculum:
    """Turn a weekly plan in wall-clock times into sessions in UTC.

    The wall clock of the site holds through daylight-saving changes. A time that the clock skips
    is held an hour later by it; of a time shown twice the first one is taken. Clients who have a
    seat in the cohort are expected at every session that has not started.
    """
    at = "/cohorts/{cohort_id}/curriculum/{id}"
    return await call.create(commands.add_curriculum, cohort_id, body, location=at)


@router.get("/cohorts/{cohort_id}/curriculum", summary="List the weekly plans of a cohort")
async def list_curricula(cohort_id: UUID, call: Reader, paging: Paged) -> Page[schemas.Curriculum]:
    """The plans that a cohort was given, oldest first."""
    return await call.show(lambda tx: queries.list_curricula(tx, cohort_id, paging))


@router.get("/cohorts/{cohort_id}/curriculum/{curriculum_id}", summary="Show a weekly plan")
async def show_curriculum(cohort_id: UUID, curriculum_id: UUID, call: Reader) -> schemas.Curriculum:
    """One plan and what it came to."""
    return await call.show(lambda tx: queries.show_curriculum(tx, cohort_id, curriculum_id))


@router.get("/sessions", summary="List sessions by their start")
async def list_sessions(
    call: Reader,
    asked: Annotated[schemas.AskedSessions, Query()],
    paging: Annotated[queries.SessionPaging, Depends()],
) -> CountedPage[schemas.Session]:
    """Sessions of the sites that the caller may see, each with the counts of its roster."""
    return await call.show(lambda tx: queries.list_sessions(tx, paging, asked))


@router.get("/sessions/conflicts", summary="List clients who have another session at the time")
async def list_conflicts(
    call: AnyStaff, site_id: Annotated[UUID, Query(description="Where the cohorts are.")]
) -> schemas.Conflicts:
    """Clients with a seat who are not expected at a session to come of their cohort, because they
    have another session then. They are expected as soon as that one goes away."""
    return await call.show(lambda tx: queries.list_conflicts(tx, site_id))


@router.get("/sessions/{session_id}", summary="Show a session")
async def show_session(session_id: UUID, call: Reader) -> schemas.Session:
    """One session, in UTC and by the site's wall clock. It names no client."""
    return await call.show(lambda tx: queries.show_session(tx, session_id))


@router.post("/cohorts/{cohort_id}/curriculum/{curriculum_id}/end", summary="Let a weekly plan end")
@needs_if_match
async def complete_curriculum(
    cohort_id: UUID, curriculum_id: UUID, body: schemas.EndOfPlan, call: Planner
) -> schemas.Curriculum:
    """The plan has no session after a day: those that there are already are not held."""
    return await call.update(changing.complete_curriculum, cohort_id, curriculum_id, body)


@router.create("/cohorts/{cohort_id}/sessions", summary="Add a session to a cohort")
async def add_session(
    cohort_id: UUID, body: schemas.NewSession, call: Planner
) -> schemas.ScheduledSession:
    """A session beside the weekly plan. Clients who have a seat are expected at it."""
    return await call.create(changing.add_session, cohort_id, body, location="/sessions/{id}")


@router.post("/sessions/{session_id}/reschedule", summary="Hold a session at another time")
@needs_if_match
async def change_session_time(
    session_id: UUID, body: schemas.NewTime, call: Changer
) -> schemas.ScheduledSession:
    """Its room, its staff and its clients come along; whoever is expected is told. What goes beyond
    authorizations by it needs a reason."""
    return await call.update(changing.change_session_time, session_id, body, call.subject)


@router.post("/sessions/{session_id}/staff", summary="Let others hold a session")
@needs_if_match
async def change_session_staff(
    session_id: UUID, body: schemas.Staff, call: Changer
) -> schemas.ScheduledSession:
    """In place of those who were to hold it; whoever is expected is told."""
    return await call.update(changing.assign_session, session_id, body)


@router.post("/sessions/{session_id}/room", summary="Hold a session in another room")
@needs_if_match
async def change_session_room(
    session_id: UUID, body: schemas.OtherRoom, call: Changer
) -> schemas.ScheduledSession:
    """A telehealth room makes it a telehealth session, with the link of the room; whoever is
    expected is told."""
    return await call.update(changing.assign_session, session_id, body)


@router.post("/site-closures/preview", summary="Show what a closure would come to")
async def show_closure_preview(
    body: schemas.NewSiteClosure, call: Planner
) -> schemas.ClosurePreview:
    """Sessions, clients and hours of the days, and whose weeks would have too few hours. Nothing is
    changed."""
    return await call.show(lambda tx: queries.preview_closure(tx, body))


@router.create("/site-closures", summary="Close a site for some days")
async def add_site_closure(body: schemas.NewSiteClosure, call: Planner) -> schemas.SiteClosure:
    """Nothing is planned for these days any more, and their sessions are not held: that is worked
    off day by day, and can be followed at the address of the answer."""
    return await call.create(cancelling.add_site_closure, body, location="/site-closures/{id}")


@router.get("/site-closures/{closure_id:uuid}", summary="Show a closure and how far it is")
async def show_site_closure(closure_id: UUID, call: Reader) -> schemas.SiteClosure:
    """How many of its sessions are worked off."""
    # The path takes ids only, so that `preview` above is an address of its own.
    return await call.show(lambda tx: queries.show_site_closure(tx, closure_id))


@router.post("/sessions/{session_id}/cancel", summary="Say that a session is not held")
@needs_if_match
async def cancel_session(
    session_id: UUID, body: schemas.Cancellation, call: Canceller
) -> schemas.CancelledSession:
    """The program does not hold this session: every client who was expected is told so, attendance
    that was recorded for it is taken back, and it counts nowhere. It can be said afterwards, too,
    for as long as the policy allows."""
    return await call.update(cancelling.cancel_session, session_id, body)


@router.create("/session-cancellations", summary="Say that several sessions are not held")
async def cancel_sessions(
    body: schemas.NewSessionCancellation, call: Canceller
) -> schemas.SessionCancellation:
    """Cancel the named sessions of a site, all or none, or all of a day there that are not
    cancelled yet; each as `cancel_session` does."""
    at = "/sessions?site_id={site_id}&from={sessions[0].starts_at:%Y-%m-%dT%H:%M:%SZ}"
    return await call.create(cancelling.cancel_sessions, body, location=at)
