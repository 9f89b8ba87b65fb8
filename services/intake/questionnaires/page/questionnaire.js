"use strict";
// A form that is answered bit by bit. The secret of the link is in the fragment of the address, is
// taken out of it at once, and is exchanged for a session that only this tab keeps.

const KEPT = "stepwell.questionnaire";
const PAUSE = 400; // milliseconds between the last answer and a save
const RETRY = 3000;
const CHANGED = "changed by somebody else";

let session = null;
let form = null;
let etag = null;
let place = 0;
let timer = null;
let running = null; // the save that is under way
const unsaved = new Set(); // places of parts with answers that are not saved yet

const byId = (id) => document.getElementById(id);
const view = byId("view");

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const text = (key, values = {}) =>
  form.texts[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

function ask(method, path, scheme, secret, body, more = {}) {
  const headers = { Authorization: `${scheme} ${secret}`, ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(`questionnaire/${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    keepalive: method === "PUT",
  });
}

function only(id) {
  for (const part of ["start", "invalid", "failed"]) byId(part).hidden = part !== id;
}

function end(key) {
  sessionStorage.removeItem(KEPT);
  session = null;
  unsaved.clear();
  clearTimeout(timer);
  if (form === null) return only("invalid");
  finish(key);
}

function finish(key) {
  document.title = text("title");
  view.replaceChildren(
    make("h1", { id: "heading", tabIndex: -1, textContent: text("title") }),
    make("p", { textContent: text(key) }),
  );
  say("");
  byId("heading").focus();
}

function say(message) {
  const status = byId("status");
  if (status.textContent !== message) status.textContent = message;
}

function warn(crisis) {
  const box = byId("crisis");
  if (!crisis) return box.replaceChildren();
  if (box.dataset.text === crisis.text && box.childElementCount) return;
  box.dataset.text = crisis.text;
  box.replaceChildren(
    make("p", { textContent: crisis.text }),
    make("a", { href: `tel:${crisis.number}`, textContent: crisis.call }),
  );
  box.scrollIntoView({ block: "nearest" });
}

// ---- opening

async function open(link) {
  try {
    if (link !== null) {
      const answer = await ask("POST", "session", "Link", link);
      if (answer.status === 401) return only("invalid");
      if (!answer.ok) return only("failed");
      session = (await answer.json()).session;
      sessionStorage.setItem(KEPT, JSON.stringify({ link, session }));
    }
    await read();
  } catch {
    only("failed");
  }
}

async function read() {
  const answer = await ask("GET", "form", "Session", session);
  if (answer.status === 401) return end("not_valid");
  if (!answer.ok) return only("failed");
  etag = answer.headers.get("ETag");
  const first = form === null;
  form = await answer.json();
  document.documentElement.lang = form.texts_language;
  if (first) place = Math.max(0, form.parts.findIndex((part) => open_items(part).length));
  warn(form.crisis);
  show();
}

// ---- showing

const open_items = (part) => part.answers.flatMap((answer, n) => (answer === null ? [n] : []));

function show() {
  const part = form.parts[place];
  const last = place === form.parts.length - 1;
  const where = text("part", { n: place + 1, of: form.parts.length });
  const content = make("form", { id: "form", noValidate: true });
  content.lang = form.language;
  if (part.introduction) content.append(make("p", { textContent: part.introduction }));
  part.items.forEach((item, n) => content.append(question(part, item, n)));
  if (part.notice) content.append(make("p", { className: "notice", textContent: part.notice }));
  const buttons = make("div", { className: "buttons", lang: form.texts_language });
  if (place > 0) {
    const back = make("button", { type: "button", className: "second", textContent: text("back") });
    back.addEventListener("click", () => move(place - 1));
    buttons.append(back);
  }
  buttons.append(make("button", { textContent: text(last ? "send" : "next") }));
  content.append(buttons);
  content.addEventListener("submit", (event) => {
    event.preventDefault();
    const left = open_items(part);
    if (left.length) summarize(left, part);
    else forward();
  });
  document.title = `${where}: ${part.title}`;
  const heading = make("h1", { id: "heading", tabIndex: -1, textContent: part.title });
  heading.lang = form.language;
  view.replaceChildren(
    make("p", { textContent: where }),
    heading,
    make("p", { id: "progress" }),
    make("div", { id: "errors" }),
    content,
  );
  follow(part);
  heading.focus();
}

function question(part, item, n) {
  const box = make("fieldset", { id: `item-${n}` });
  box.append(make("legend", { id: `legend-${n}`, textContent: item.text }));
  if (item.as_list) {
    const list = make("select", { id: `answer-${n}` });
    list.setAttribute("aria-labelledby", `legend-${n}`);
    list.append(make("option", { value: "", textContent: text("choose") }));
    for (const { value, label } of item.choices) {
      const shown = label === String(value) ? label : `${value}: ${label}`;
      list.append(make("option", { value, textContent: shown }));
    }
    list.value = typeof part.answers[n] === "number" ? part.answers[n] : "";
    list.addEventListener("change", () =>
      answer(part, n, list.value === "" ? null : Number(list.value)),
    );
    box.append(list);
    return box;
  }
  item.choices.forEach(({ value, label }, k) => {
    const radio = make("input", { type: "radio", name: `item-${n}`, value });
    radio.id = k === 0 ? `answer-${n}` : `answer-${n}-${k}`;
    radio.checked = part.answers[n] === value;
    radio.addEventListener("change", () => answer(part, n, value));
    box.append(make("label", {}, radio, make("span", { textContent: label })));
  });
  return box;
}

// What the server says is left out is not shown, and what it asks again is shown empty.
function follow(part) {
  if (form.parts[place] !== part) return;
  part.answers.forEach((given, n) => {
    const box = byId(`item-${n}`);
    box.hidden = given === "not_asked";
    if (typeof given === "number") return;
    for (const radio of box.querySelectorAll("input")) radio.checked = false;
    const list = box.querySelector("select");
    if (list) list.value = "";
  });
  const asked = part.answers.filter((given) => given !== "not_asked").length;
  const answered = asked - open_items(part).length;
  byId("progress").textContent = text("progress", { answered, asked });
}

function summarize(left, part) {
  const list = make("ul");
  for (const n of left) {
    const link = make("a", { href: `#item-${n}`, textContent: part.items[n].text });
    link.lang = form.language;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      byId(`answer-${n}`).focus();
    });
    list.append(make("li", {}, link));
  }
  const on = make("button", { type: "button", className: "second", textContent: text("go_on") });
  on.addEventListener("click", forward);
  const box = make(
    "div",
    { id: "summary", tabIndex: -1 },
    make("h2", { id: "summary-heading", textContent: text("open_items") }),
    make("p", { textContent: text("may_leave") }),
    list,
    on,
  );
  box.setAttribute("role", "group");
  box.setAttribute("aria-labelledby", "summary-heading");
  byId("errors").replaceChildren(box);
  box.focus();
}

// ---- saving

function answer(part, n, value) {
  part.answers[n] = value;
  unsaved.add(form.parts.indexOf(part));
  follow(part);
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
}

// Saves one part after the other, never two at once, as each save needs the ETag of the one before.
function save() {
  clearTimeout(timer);
  running ??= work_off().finally(() => (running = null));
  return running;
}

async function work_off() {
  while (unsaved.size && session !== null) {
    const [next] = unsaved;
    unsaved.delete(next);
    say(text("saving"));
    let saved = false;
    try {
      saved = await save_part(form.parts[next]);
    } catch {
      // The network is away, or the service for a moment.
    }
    if (saved === CHANGED) return false; // to be looked at before anything else is done
    if (!saved && session !== null) {
      unsaved.add(next);
      say(text("not_saved"));
      timer = setTimeout(save, RETRY);
      return false;
    }
  }
  return session !== null;
}

async function save_part(part) {
  for (let tries = 0; tries <= part.answers.length; tries += 1) {
    const sent = part.answers.map((given) => (given === "not_asked" ? null : given));
    const reply = await ask(
      "PUT",
      `answers/${encodeURIComponent(part.instrument)}`,
      "Session",
      session,
      { answers: sent },
      { "If-Match": etag },
    );
    if (reply.ok) {
      etag = reply.headers.get("ETag");
      const kept = await reply.json();
      kept.answers.forEach((given, n) => {
        const meanwhile = part.answers[n] !== sent[n] && part.answers[n] !== "not_asked";
        if (!meanwhile) part.answers[n] = given;
      });
      warn(kept.crisis);
      follow(part);
      say(text("saved"));
      return true;
    }
    if (reply.status === 401) {
      end("not_valid");
      return true;
    }
    if (reply.status === 412) {
      unsaved.clear();
      await read();
      say(text("changed"));
      return CHANGED;
    }
    const problem = await reply.json();
    if (problem.type !== "/problems/not-asked") return false;
    const left_out = Number(problem.errors[0].pointer.split("/").pop());
    part.answers[left_out] = null;
  }
  return false;
}

// ---- moving on

function move(to) {
  save();
  place = to;
  show();
}

async function forward() {
  if (place < form.parts.length - 1) return move(place + 1);
  while (running !== null) await running;
  if (!(await save()) || unsaved.size) return;
  try {
    const reply = await ask("POST", "completion", "Session", session, undefined, {
      "If-Match": etag,
    });
    if (reply.status === 401) return end("not_valid");
    if (reply.status === 412) {
      await read();
      return say(text("changed"));
    }
    if (reply.status === 409) return finish("could_not_send");
    if (!reply.ok) return say(text("not_saved"));
    warn((await reply.json()).crisis);
    end("thanks");
  } catch {
    say(text("not_saved"));
  }
}

// ---- beginning

function begin() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  const link = location.hash.slice(1);
  if (link) history.replaceState(null, "", location.pathname);
  if (kept !== null && (!link || link === kept.link)) {
    session = kept.session;
    byId("again").addEventListener("click", () => open(null));
    return open(null);
  }
  // Another link, perhaps of another person on the same device: nothing of the one before is left.
  sessionStorage.removeItem(KEPT);
  if (!link) return only("invalid");
  // Opened by a click only, so that no preview of the link uses it up.
  byId("begin").addEventListener("click", () => open(link), { once: true });
  byId("again").addEventListener("click", () => open(session === null ? link : null));
  return only("start");
}

addEventListener("hashchange", () => location.reload());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && form !== null && unsaved.size) save();
});
begin();
