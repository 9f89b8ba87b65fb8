"""The page on which a client joins a telehealth session. It does so when the client says so, as
programs that look through mail open links, too."""

from shared.web.links import pages

router = pages(__name__, {"/telehealth": "join.html", "/telehealth/page.js": "join.js"})
