"""The page on which a client answers a survey."""

from shared.web.links import pages

router = pages(__name__, {"/follow-up": "follow_up.html", "/follow-up/page.js": "follow_up.js"})
