// The secret stays in the fragment, which is sent to nobody but as a header to this service.
"use strict";

const byId = (id) => document.getElementById(id);
const secret = location.hash.slice(1);
const PARTS = ["due", "answered", "empty", "invalid", "failed"];

function only(...shown) {
  for (const part of PARTS) byId(part).hidden = !shown.includes(part);
}

function both(element, text) {
  const spanish = document.createElement("span");
  spanish.lang = "es";
  spanish.textContent = ` · ${text.es}`;
  element.append(text.en, spanish);
  return element;
}

function ask(question) {
  const group = document.createElement("fieldset");
  group.append(both(document.createElement("legend"), question.text));
  for (const [value, text] of Object.entries(question.answers)) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: question.id, value });
    label.append(input);
    const line = document.createElement("div");
    line.append(both(label, text));
    group.append(line);
  }
  return group;
}

async function talk(answers) {
  try {
    const reply = await fetch("follow-up/own", {
      method: answers ? "POST" : "GET",
      headers: { Authorization: `Link ${secret}`, "Content-Type": "application/json" },
      body: answers ? JSON.stringify({ answers }) : undefined,
    });
    if (reply.status === 401) return only("invalid");
    if (!reply.ok) return answers ? only("due", "failed") : only("failed");
    const own = await reply.json();
    if (!answers) {
      const send = document.createElement("button");
      byId("form").replaceChildren(
        ...own.questions.map(ask), both(send, { en: "Send", es: "Enviar" }));
    }
    only(own.state);
  } catch {
    answers ? only("due", "failed") : only("failed");
  }
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const answers = Object.fromEntries(new FormData(event.target));
  if (Object.keys(answers).length) talk(answers);
  else only("due", "empty");
});
if (secret) {
  history.replaceState(null, "", location.pathname);
  talk(null);
} else only("invalid");
