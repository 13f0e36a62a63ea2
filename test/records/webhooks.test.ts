import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { callColumns } from "../../src/records/call-record.ts";
import { conferenceColumns } from "../../src/records/conference-record.ts";
import { webhooksOfCall, webhooksOfConference } from "../../src/records/webhooks.ts";
import { aCallRecord, aConferenceRecord } from "./a-record.ts";

const page = readFileSync("docs/webhooks.md", "utf8");
const [, json = ""] = /```json\n(.*?)\n```/s.exec(page) ?? [];
const examples = json.split("\n").map((line) => JSON.parse(line) as { readonly type: string; readonly data: object });
const exampleOf = (type: string) => Object.keys(examples.find((one) => one.type === type)?.data ?? {});

/** The fields that the page lists for this type. */
function documented(type: string): readonly string[] {
  const row = page.split("\n").find((line) => line.startsWith(`| \`${type}\` |`)) ?? "";
  const data = row.split("|").at(-2) ?? "";
  // The page shows some of the columns that a record has.
  if (data.includes("[record]")) {
    const columns = type === "call.left" ? callColumns : conferenceColumns;
    return exampleOf(type).filter((name) => name in columns);
  }
  return [...data.matchAll(/`(\w+)`/g)].map(([, field = ""]) => field);
}

const conference = { ...aConferenceRecord({ conference: "5" }), now: null };
const call = aCallRecord({ conference: "5" });
const events = [...webhooksOfConference(conference, null), ...webhooksOfCall(call, null)];

const types = examples.map(({ type }) => type);

test.each(types)("%s is on the page, with its fields and an example that has them", (type) => {
  expect(documented(type).length).toBeGreaterThan(0);
  expect(exampleOf(type)).toEqual(documented(type));
});

test("the page has an example of each event, and of no other", () => {
  expect(types.sort()).toEqual(["call.joined", "call.left", "conference.ended", "conference.started"]);
});

test.each(events)("what receivers are told by $type has the fields that the page lists", ({ type, data }) => {
  expect(Object.keys(data)).toEqual(expect.arrayContaining([...documented(type)]));
  if (!("endedAt" in data)) expect(Object.keys(data)).toEqual(documented(type));
});

test("two events have never one id, and a copy of an event has its own", () => {
  const others = [
    ...webhooksOfConference({ ...conference, createdAt: 1 }, null),
    ...webhooksOfConference({ ...conference, life: 31 }, null),
    ...webhooksOfCall({ ...call, began: 3 }, null),
    ...webhooksOfCall({ ...call, call: "c.2" }, null),
  ];
  const ids = [...events, ...others].map(({ id }) => id);
  expect(new Set(ids).size).toBe(12);
  expect(ids.join()).not.toContain(".");
  expect(webhooksOfCall(call, null).map(({ id }) => id)).toEqual(ids.slice(2, 4));
});

test("a later row makes only events of times that are newly set", () => {
  const ringing = {
    ...call,
    answeredAt: null,
    enteredAt: null,
    endedAt: null,
    endedBy: null,
    status: "ringing",
  } as const;
  const inside = { ...ringing, enteredAt: 5, status: "inside" } as const;
  const typesOf = (...rows: Parameters<typeof webhooksOfCall>) => webhooksOfCall(...rows).map(({ type }) => type);
  expect([typesOf(ringing, null), typesOf(inside, ringing), typesOf(inside, inside), typesOf(call, inside)]).toEqual([
    [],
    ["call.joined"],
    [],
    ["call.left"],
  ]);
  // One that was found on its bridge began before.
  expect(webhooksOfConference({ ...conference, fromBridge: true }, null).map(({ type }) => type)).toEqual([
    "conference.ended",
  ]);
});
