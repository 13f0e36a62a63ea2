import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CallId, WebexHost } from "../../src/foundation/ids.ts";
import { type CallRecord, callColumns } from "../../src/records/call-record.ts";
import { type ConferenceRecord, conferenceColumns } from "../../src/records/conference-record.ts";
import type { DirectoryFact } from "../../src/records/directory-facts.ts";
import { webhookOf } from "../../src/records/webhooks.ts";

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

function recordOf<Record>(kind: string, columns: object): Record {
  return { kind, ...Object.fromEntries(Object.keys(columns).map((name) => [name, ""])) } as Record;
}

const facts = [
  { kind: "conference-created", life: 1, createdAt: 1, host: "tsp" as WebexHost, bridge: null },
  { kind: "conference-ended", record: recordOf<ConferenceRecord>("conference", conferenceColumns) },
  {
    kind: "call-entered",
    call: "c1" as CallId,
    life: 1,
    began: 2,
    direction: "in",
    number: "1",
    attendeeId: null,
    extCallId: null,
    participantType: "participant",
  },
  { kind: "call-left", call: "c1" as CallId, record: recordOf<CallRecord>("call", callColumns) },
] as const satisfies readonly DirectoryFact[];

const types = examples.map(({ type }) => type);

test.each(types)("%s is on the page, with its fields and an example that has them", (type) => {
  expect(documented(type).length).toBeGreaterThan(0);
  expect(exampleOf(type)).toEqual(documented(type));
});

test("the page has an example of each event, and of no other", () => {
  expect(types.sort()).toEqual(["call.joined", "call.left", "conference.ended", "conference.started"]);
});

test.each(facts)("what receivers are told of $kind has the fields that the page lists", (fact) => {
  const event = webhookOf("5", { row: 3, index: 1, at: 7, fact });
  expect(types).toContain(event?.type);
  expect(Object.keys(event?.data ?? {})).toEqual(expect.arrayContaining([...documented(event?.type ?? "")]));
  if (!("record" in fact)) expect(Object.keys(event?.data ?? {})).toEqual(documented(event?.type ?? ""));
});

test("two facts have never one id, and a copy of a fact has its own", () => {
  const [fact] = facts;
  const ids = [
    { row: 3, index: 1, at: 7 },
    { row: 3, index: 2, at: 7 },
    { row: 31, index: 2, at: 7 },
    { row: 3, index: 1, at: 8 },
    { row: 3, index: 1, at: 7 },
  ].map((place) => webhookOf("5", { ...place, fact })?.id);
  expect(new Set(ids).size).toBe(4);
  expect(ids.at(-1)).toBe(ids[0]);
  expect(ids.join()).not.toContain(".");
});
