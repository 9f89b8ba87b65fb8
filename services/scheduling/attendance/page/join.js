"use strict";

const button = document.getElementById("join");
const refused = document.getElementById("refused");

button.addEventListener("click", async () => {
  button.disabled = true;
  refused.hidden = true;
  try {
    const answer = await fetch("/telehealth/joins", {
      method: "POST",
      headers: { Authorization: `Link ${location.hash.slice(1)}` },
    });
    const room = answer.ok ? new URL((await answer.json()).join_url) : null;
    if (room === null || room.protocol !== "https:") throw new Error("refused");
    location.assign(room);
  } catch {
    refused.hidden = false;
  } finally {
    button.disabled = false;
  }
});
