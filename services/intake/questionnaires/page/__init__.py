"""The page on which a client answers."""

from shared.web.links import pages

router = pages(
    __name__,
    {
        "/questionnaire": "questionnaire.html",
        "/questionnaire/page.css": "questionnaire.css",
        "/questionnaire/page.js": "questionnaire.js",
    },
)
