// Prints the events of a calendar as ical.js reads them, which most calendars on the web do.
const { readFileSync } = require("node:fs");
const ICAL = require("ical.js");

const calendar = new ICAL.Component(ICAL.parse(readFileSync(process.argv[2], "utf8")));
const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component, { strictExceptions: true });
  return {
    uid: event.uid,
    starts: event.startDate.toJSDate().toISOString(),
    ends: event.endDate.toJSDate().toISOString(),
    sequence: event.sequence,
    summary: event.summary,
    status: component.getFirstPropertyValue("status"),
    recurring: event.isRecurring(),
  };
});
console.log(JSON.stringify(events));
