import { expect, test } from "vitest";
import type { BridgeName, CallId, ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { readPage } from "../console/read-page.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { aCallRecord } from "../records/a-record.ts";
import { windowOf } from "./console-window.ts";
import { conferenceView, FakeEdge, token } from "./fake-edge.ts";

test("the field of each page leads straight to a conference whose key it has, in any spelling", async () => {
  const edge = new FakeEdge();
  await edge.held("7001", "555123456");
  edge.views.set("555123456" as ConfKey, conferenceView("555123456"));
  const { ask } = await windowOf(edge);

  for (const find of ["555123456", "555 123 456#", " 555-123-456 "])
    expect((await ask("/console/local/find", { find })).headers.get("location")).toBe(
      "/console/local/conferences/555123456",
    );
});

test("all else is looked for by a page whose address has nothing of it", async () => {
  const edge = new FakeEdge();
  const caller = { number: "15552345678", attendeeId: "444" };
  await edge.directory.publish(
    aBatch({
      key: "70",
      running: { createdAt: edge.time, topic: "Berth planning", roomNames: ["Pilots"], people: [caller] },
    }),
  );
  await edge.directory.publish(aBatch({ key: "5", records: [aCallRecord({ call: "c9", number: caller.number })] }));
  const { ask, read: search } = await windowOf(edge);

  const sent = await ask("/console/local/find", { find: "berth" });
  const html = await sent.text();
  expect([sent.status, sent.headers.getSetCookie()]).toEqual([200, []]);
  expect([...html.matchAll(/(?:href|action|src)="([^"]*berth[^"]*)"/g)]).toEqual([]);
  const named = readPage(html);
  expect(named).toContain("1 conference and 0 calls for berth");
  expect(named).toContain("70 → /console/local/conferences/70\nBerth planning");
  const people = await search("/find", { find: "555-234-5678" });
  expect(people).toContain("0 conferences and 2 calls for 555-234-5678");
  expect(people).toContain("Timeline → /console/local/conferences/5/timeline?call=c9");
  expect(await search("/find", { find: "pilots" })).toContain("sub-conference Pilots");
  expect(await search("/find", { find: "nobody" })).toContain("Nothing found");
});

test.each([
  ["full", "15552345678", "bridgehead find 15552345678"],
  ["masked", "*********78", "bridgehead find '*********78'"],
  ["none", "", "bridgehead prompt-calls"],
] as const)("where numbers are kept %s, the alert of a caller leads to what was keyed", async (kept, number, says) => {
  const edge = new FakeEdge(token, { recordsPersonal: kept });
  const calls = ["p1", "p2", "p3"].map((call) => ({
    call: call as CallId,
    number,
    dialled: "18005551234",
    at: edge.time,
    steps: [],
    end: { at: edge.time, why: "stopped-keying" as const, digits: 7 },
  }));
  const said = { bridge: "main" as BridgeName, calls };
  await edge.directory.promptStore.keepPromptCalls("local" as DomainName, said);
  const { read } = await windowOf(edge);

  const overview = await read("");
  expect(overview).toContain(says);
  expect(overview).toContain("Calls in the prompt → /console/local/prompt-calls");
  expect(overview.includes("What the caller entered")).toBe(number !== "");
  const ofNumber = await read("/find", { find: number });
  expect(ofNumber.includes("entered 7 digits without a #")).toBe(number !== "");
  const ofAll = await read("/prompt-calls");
  expect(ofAll.split("entered 7 digits without a #")).toHaveLength(4);
  // They ended at once, which is known.
  expect(ofAll.match(/\b0 s\b/g)).toHaveLength(3);
});

test("a caller whom a locked conference turned away has the story that the conference has of it", async () => {
  const edge = new FakeEdge(token);
  const conference = "555120777" as ConfKey;
  const call = (id: string, why: "locked" | "stopped-keying") => ({
    call: id as CallId,
    number: "15552345678",
    dialled: "18005551234",
    at: edge.time,
    steps: [],
    end: { at: edge.time, why, conference },
  });
  const calls = [call("p1", "locked"), call("p2", "stopped-keying")];
  const said = { bridge: "main" as BridgeName, calls };
  await edge.directory.promptStore.keepPromptCalls("local" as DomainName, said);
  const { read } = await windowOf(edge);

  const page = await read("/prompt-calls");
  expect(page).toContain(`/console/local/conferences/${conference}/timeline?call=p1&why=1`);
  expect(page).not.toContain("call=p2");
});

test("where the settings keep nothing of people, a search for a number says so", async () => {
  const edge = new FakeEdge(token, { recordsPersonal: "none" });
  const { read: search } = await windowOf(edge);
  const says = "store no numbers and attendee IDs";

  expect(await search("/find", { find: "15552345678" })).toContain(says);
  expect(await search("/find", { find: "berth" })).not.toContain(says);
});
