// The secret stays in the fragment, which is sent to nobody but as a header to this service.
"use strict";

const byId = (id) => document.getElementById(id);
const secret = location.hash.slice(1);
const PARTS = ["open", "accepted", "declined", "invalid", "failed"];

function only(shown) {
  for (const part of PARTS) byId(part).hidden = part !== shown;
}

async function ask(answer) {
  try {
    const reply = await fetch("seat-offer/own", {
      method: answer ? "POST" : "GET",
      headers: { Authorization: `Link ${secret}`, "Content-Type": "application/json" },
      body: answer ? JSON.stringify({ answer }) : undefined,
    });
    if (reply.status === 401) return only("invalid");
    if (!reply.ok) return only("failed");
    const offer = await reply.json();
    const at = { dateStyle: "full", timeStyle: "short", timeZone: offer.time_zone };
    for (const [id, language] of [["until", "en-US"], ["hasta", "es-US"]]) {
      byId(id).dateTime = offer.expires_at;
      byId(id).textContent = new Intl.DateTimeFormat(language, at).format(new Date(offer.expires_at));
    }
    only(offer.state);
  } catch {
    only("failed");
    byId("open").hidden = !answer; // what was shown before can be answered again
  }
}

for (const answer of ["accept", "decline"]) byId(answer).addEventListener("click", () => ask(answer));
if (secret) {
  history.replaceState(null, "", location.pathname);
  ask(null);
} else only("invalid");
