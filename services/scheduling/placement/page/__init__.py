"""The page on which a client answers an offer."""

from shared.web.links import pages

router = pages(__name__, {"/seat-offer": "offer.html", "/seat-offer/page.js": "offer.js"})
