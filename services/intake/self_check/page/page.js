// Asks for guidance and shows it. Nothing is kept: no cookie, no storage, no history entry.
"use strict";

const form = document.getElementById("questions");
const errors = document.getElementById("errors");
const result = document.getElementById("result");
const status_ = document.getElementById("status");
const LENGTHS = { audit_c: 3, dast_10: 10, phq_2: 2, gad_2: 2 };

function chosen(name) {
  const input = form.querySelector(`input[name="${name}"]:checked`);
  return input === null || input.value === "" ? null : input.value;
}

function answers() {
  const safety = {};
  for (const fieldset of form.querySelectorAll('fieldset[id^="safety-"]')) {
    const value = chosen(fieldset.id);
    safety[fieldset.id.slice("safety-".length)] = value === null ? null : value === "yes";
  }
  const body = { language: document.documentElement.lang, safety };
  for (const [screen, length] of Object.entries(LENGTHS)) {
    body[screen] = Array.from({ length }, (_, place) => {
      const value = chosen(`${screen}-${place}`);
      return value === null ? null : Number(value);
    });
  }
  return body;
}

function isEmpty(body) {
  const all = [...Object.values(body.safety), ...Object.keys(LENGTHS).flatMap((s) => body[s])];
  return all.every((value) => value === null);
}

// Focus alone leaves a tall part at its end; its first words, which may be about help, come first.
function moveTo(element) {
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "start", behavior: "instant" });
}

function showErrors(problems) {
  result.hidden = true;
  const list = errors.querySelector("ul");
  list.replaceChildren(
    ...problems.map(({ text, field }) => {
      const item = document.createElement("li");
      const input = field && form.querySelector(`[id="${field}"] input`);
      if (input) {
        const link = document.createElement("a");
        link.href = `#${input.id}`;
        link.textContent = text;
        link.addEventListener("click", (event) => {
          event.preventDefault();
          input.focus();
        });
        item.append(link);
      } else {
        item.textContent = text;
      }
      return item;
    }),
  );
  errors.hidden = false;
  moveTo(errors);
}

function paragraph(text, className) {
  const made = document.createElement("p");
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function linesTo(reached) {
  const list = document.createElement("ul");
  list.className = "lines";
  list.append(
    ...reached.map(({ text, link }) => {
      const item = document.createElement("li");
      const made = document.createElement("a");
      made.href = link;
      made.textContent = text;
      item.append(made);
      return item;
    }),
  );
  return list;
}

function showGuidance(guidance) {
  errors.hidden = true;
  const first = guidance.help_first.map((help) => paragraph(help.text, "help"));
  if (first.length > 0) first.push(linesTo(guidance.crisis_lines));
  document.getElementById("help-first").replaceChildren(...first);
  document.getElementById("headline").textContent = guidance.headline;
  document.getElementById("next-step").textContent = guidance.next_step;
  document.getElementById("limits").textContent = guidance.limits;
  const compared = guidance.comparable_to_residential;
  const comparable = document.getElementById("comparable");
  comparable.hidden = compared === null;
  comparable.textContent = compared === null ? "" : `${compared.statement} ${compared.condition}`;
  const basis = document.getElementById("basis");
  basis.hidden = guidance.based_on.length === 0;
  basis.querySelector("ul").replaceChildren(
    ...guidance.based_on.map((one) => {
      const item = document.createElement("li");
      item.textContent = one.note === null ? one.text : `${one.text}. ${one.note}`;
      return item;
    }),
  );
  form.hidden = true;
  result.hidden = false;
  moveTo(result);
}

function fieldOf(pointer) {
  return pointer.replace(/^\//, "").replace("/", "-");
}

async function send(event) {
  event.preventDefault();
  const body = answers();
  if (isEmpty(body)) {
    const first = form.querySelector("fieldset").id;
    showErrors([{ text: form.dataset.nothing, field: first }]);
    return;
  }
  status_.textContent = form.dataset.sending;
  try {
    const answer = await fetch("/self-check", {
      method: "POST",
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      showGuidance(await answer.json());
    } else if (answer.status === 422) {
      const refused = (await answer.json()).errors ?? [];
      showErrors(
        refused.map(({ pointer }) => ({ text: form.dataset.refused, field: fieldOf(pointer) })),
      );
    } else {
      const text = answer.status === 429 ? form.dataset.tooMany : form.dataset.failed;
      showErrors([{ text }]);
    }
  } catch {
    showErrors([{ text: form.dataset.failed }]);
  } finally {
    status_.textContent = "";
  }
}

// Words about help come at once, before anything is sent.
function speakFirst() {
  for (const help of form.querySelectorAll(".help")) {
    help.hidden = chosen(help.closest("fieldset").id) !== "yes";
  }
}

function startAnew() {
  form.reset();
  speakFirst();
  result.hidden = true;
  form.hidden = false;
}

document.getElementById("leave").addEventListener("click", (event) => {
  event.preventDefault();
  form.reset();
  document.body.replaceChildren();
  window.location.replace(event.currentTarget.href);
});
document.getElementById("again").addEventListener("click", () => {
  result.hidden = true;
  form.hidden = false;
  form.focus();
});
form.addEventListener("submit", send);
form.addEventListener("change", speakFirst);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) startAnew();
});
form.hidden = false;
