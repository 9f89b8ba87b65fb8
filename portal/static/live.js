// Everything works without this file. With it a form is sent once, choosing a site shows it, and a
// board keeps itself up to date: parts with `data-live` change as events of the stream say.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

const live = document.getElementById("live");
if (live) {
  let last = live.dataset.last, source, wait;
  const say = (state) => { live.textContent = live.dataset[state]; live.dataset.state = state; };
  const again = () => { say("away"); clearTimeout(wait); wait = setTimeout(open, 2000); };
  const show = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const part of fresh.querySelectorAll("[data-live]")) {
      const old = document.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
      if (!old || old.innerHTML === part.innerHTML) continue;
      old.innerHTML = part.innerHTML;
      old.classList.add("changed");
      setTimeout(() => old.classList.remove("changed"), 1500);
    }
  };
  let due, busy = false;
  const refresh = async () => {
    if (busy) { due = true; return; }
    busy = true;
    do {
      due = false;
      try {
        const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
        if (answer.ok && !answer.redirected) show(await answer.text()); else again();
      } catch { again(); }
    } while (due);
    busy = false;
  };
  const open = () => {
    if (source) source.close();
    source = new EventSource(live.dataset.source + (last ? `?last=${encodeURIComponent(last)}` : ""));
    source.onopen = () => { say("now"); refresh(); };
    const heard = (event) => { last = event.lastEventId || last; say("now"); refresh(); };
    for (const name of ["message", "site", "board"]) source.addEventListener(name, heard);
    // A browser gives up for good after a refusal; a stream that merely ended it opens by itself.
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) again(); else say("away"); };
  };
  open();
}
