import { expect, test } from "vitest";
import { Reports } from "../../bridge-agent/reports.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import { openedJournal } from "./agent-world.ts";

test("the ack of a keyed attendee ID is on disk at once: a new stream would bring the ID once more", () => {
  const journal = openedJournal(":memory:");
  const reports = new Reports(journal, journal.load());
  const key = "555" as ConfKey;
  journal.transaction(() => {
    reports.addEvent(key, { type: "attendee-identified", call: "c1" as CallId, attendeeId: "444" });
    reports.change(key, { live: true });
  });
  const [sent] = reports.due(1, 0, false);
  if (!sent) throw new Error("nothing is sent");

  journal.transaction(() => {
    reports.acknowledge(key, sent.stream, 1, 100);
    reports.writeAcks(100);
  });

  expect(journal.load().conferences.map((conference) => conference.reports)).toEqual([[]]);
});
