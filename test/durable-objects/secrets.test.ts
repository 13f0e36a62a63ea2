import { expect, test } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { aCaller, event, left } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, createConference, extConfId, host } from "./conference-world.ts";

const codes = { anonymousId: "161803", subscriberCode: "314159", participantCode: "271828" };
const secrets = /161803|314159|271828/;

/** A silent monitor is in it, and a caller who has keyed an access code where its attendee ID belongs. */
async function withSecretsKeyed(): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  world.domain = testDomain({ logs: { personal: true } });
  await world.received("create", createConference(codes));
  await world.allDone();
  const caller = { number: "14085551234", muted: false, silent: false, room: "main", attendeeId: null };
  const event = (one: object) => ({ type: "event", event: one }) as Report;
  await world.reported(
    event({
      type: "caller-entered",
      caller: { ...caller, call: "c1", attendeeId: "161803", muted: true, silent: true },
    }),
    event({ type: "caller-entered", caller: { ...caller, call: "c2" } }),
    event({ type: "attendee-identified", id: "k1", call: "c2", attendeeId: "271828" }),
  );
  await world.time.pass(60_000);
  return world;
}

async function shownBy(world: ConferenceWorld): Promise<string> {
  const { conference } = world;
  const { items } = await conference.reader.timeline(0);
  const rows = [...new Set(items.map(({ seq }) => seq))];
  const views = [conference.reader.view(), items, await conference.reader.wire(rows)];
  return JSON.stringify(views);
}

test("an access code entered as an attendee ID reaches only WebEx", async () => {
  const world = await withSecretsKeyed();

  expect(world.posted.map(({ body }) => body).join()).toMatch(/A2W_NotifyUserEnter[^>]*161803/);
  expect(await shownBy(world)).not.toMatch(secrets);
  expect(await shownBy(world)).toContain("14085551234");
});

test("facts and records contain no access code", async () => {
  const world = await withSecretsKeyed();
  await world.reported({ type: "event", event: { type: "conference-ended" } });

  await world.time.pass(5_000);
  expect(world.facts.filter(({ kind }) => kind === "call-left")).toHaveLength(2);
  expect(JSON.stringify(world.facts)).not.toMatch(secrets);
  expect(await shownBy(world)).not.toMatch(secrets);
});

test("shows the attendee ID that a caller enters after a code", async () => {
  const world = await withSecretsKeyed();
  await world.reported(event({ type: "attendee-identified", id: "k2", call: "c2", attendeeId: "40017" }));

  expect(world.conference.reader.view()?.callers.map(({ attendeeId }) => attendeeId)).toEqual(["(secret)", "40017"]);
  await world.time.pass(5_000);
  expect(world.facts.at(-1)).toMatchObject({ kind: "call-merged", attendeeId: "40017" });
});

test("an access code stays hidden after a failed create", async () => {
  const world = await withSecretsKeyed();
  await world.reported({ type: "event", event: { type: "conference-ended" } });
  await world.received("again", createConference({ msgId: "m2", extConfId: "7002" }));
  await world.reported(...world.pending.map((id) => ({ type: "result", id, result: noPort }) as const));

  expect(world.conference.reader.view()?.phase).toBe("not-created");
  expect(await shownBy(world)).not.toMatch(secrets);
});

const noPort = { done: false, reason: "capacity" } as const;

test("records contain no access code, also one that was set later", async () => {
  const world = new ConferenceWorld();
  await world.received("create", createConference({ anonymousId: "161803" }));
  await world.allDone();
  const caller = { number: "14085551234", muted: false, silent: false, room: "main", attendeeId: "271828" };
  await world.reported({
    type: "event",
    event: { type: "caller-entered", caller: { ...caller, call: "c1" } },
  } as Report);
  await world.received("again", createConference({ ...codes, msgId: "m2" }));
  const phone = { country: "1", area: "408", local: "5550123", extension: "" };
  const callOut = {
    type: "call-out",
    msgId: "m3",
    replyTo: host,
    extConfId,
    extCallId: "2001",
    attendeeId: "161803",
    phone,
  };
  await world.received("out", { ...callOut, privilege: "listen" } as object as FromWebex);
  await world.reported(left(world.dialled, "busy"));
  await world.reported({ type: "event", event: { type: "conference-ended" } });

  await world.time.pass(5_000);
  const ended = world.facts.filter(({ kind }) => kind === "call-left" || kind === "call-not-entered");
  expect(ended.map((fact) => "record" in fact && "attendeeId" in fact.record && fact.record.attendeeId)).toEqual([
    "",
    "",
  ]);
});

test("hides an attendee ID that becomes an access code", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ logs: { personal: true } });
  await world.received("create", createConference());
  await world.allDone();
  const caller = aCaller({ call: "c1", attendeeId: "271828" });
  await world.reported({ type: "event", event: { type: "caller-entered", caller } } as object as Report);
  expect(await shownBy(world)).toMatch(secrets);

  const taken = createConference({ ...codes, replyTo: "127.0.0.1:8802", extConfId: "7002" });
  await world.received("taken over", taken);
  expect(await shownBy(world)).not.toMatch(secrets);
  expect(await shownBy(world)).toContain("14085551234");
});
