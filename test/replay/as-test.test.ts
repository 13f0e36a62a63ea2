import { expect, test } from "vitest";
import { mayDial, wrongNumber } from "../../src/foundation/dial-rules.ts";
import { MadeUp } from "../../src/replay/test-rows.ts";
import { asTest } from "../../src/transcripts/as-test.ts";
import {
  ConferenceWorld,
  callerEntered,
  confKey,
  createConference,
  host,
  muteCaller,
} from "../durable-objects/conference-world.ts";
import { testDomain } from "../local-domain.ts";
import { play } from "../transcripts/hand-written.ts";
import { historyOf, testPages } from "./simulated-journals.ts";

async function saved(world: ConferenceWorld, from = 0): Promise<string> {
  const rows = [...historyOf(world.stored)].filter(({ seq }) => seq > from);
  return asTest(await testPages(rows, { confKey, domain: world.domain })) ?? "";
}

async function played(settings: object = {}): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  world.domain = testDomain(settings);
  await world.running(1);
  await world.received("t-mute", muteCaller("1001"));
  await world.allDone();
  return world;
}

test("a saved test has what happened and what followed, with made-up names, and plays as it is", async () => {
  const text = await saved(await played());
  expect(play(text)).toBe(text);
  expect(text.replace(/^later .*\n/gm, "")).toBe(
    [
      "# A conference as its journal has it, with made-up names and numbers: 7 rows.",
      "W→A W2A_CreateConference MsgID=1",
      "      A→B create-conference",
      "B→A done create-conference",
      "      A→W A2W_RspCreateConference MsgID=1 Result=0 (ok) ConfKey=KEY",
      "      A→W A2W_NotifyConferenceChange MsgID=n1 Status=0 (running)",
      "confirmed 1 2",
      "B→A caller-entered c1 number=14085550001",
      "      A→W A2W_NotifyUserEnter MsgID=n2 ExtCallID=null ParticipantType=2 (participant) DID=14085550001 ActionResult=0 (ok)",
      "confirmed 1",
      "W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=1",
      "W→A W2A_UpdateUser MsgID=2 ExtCallID=1 Privilege=1 (listen)",
      "      A→B mute c1",
      "B→A done mute c1",
      "      A→W A2W_RspUpdateUser MsgID=2 Result=0 (ok) ExtCallID=1",
      "      A→W A2W_NotifyUserChange MsgID=n3 ExtCallID=1 Status=1 (muted)",
      "",
    ].join("\n"),
  );
  expect(text).not.toContain("14085551234");
});

test("settings that decide go with it, without what names anybody", async () => {
  const settings = {
    createTimeoutMs: 9_000,
    passthroughUrl: "https://partner.test/secret",
    recording: { number: { country: "1", area: "408", local: "7654321" }, sequence: "P1D777#P0" },
    protocol: { silent: ["A2W_RspUpdateUser"], host: { attendeeIds: ["4711"] } },
    rateLimitPerMinute: 77,
  };
  const text = await saved(await played(settings));
  expect(play(text)).toBe(text);
  expect(text).toContain('"createTimeoutMs":9000');
  expect(text).not.toMatch(/secret|7654321|777|4711|rateLimit/);
  expect(text).not.toContain("A→W A2W_RspUpdateUser");
});

test("requests in shapes of the domain's own are saved, and answered, in these", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ protocol: { shapes: { mute: "W2A_UpdateUser Mute=1" } } });
  await world.running(1);
  const mute = { ...muteCaller("1001"), spelling: { shape: "mute", element: "W2A_UpdateCall" } } as never;
  await world.received("t-mute", mute);
  await world.allDone();
  const text = await saved(world);

  expect(play(text)).toBe(text);
  expect(text).toContain("W→A W2A_UpdateCall MsgID=2 ExtCallID=1 Mute=1\n");
  expect(text).toContain("A→W A2W_RspUpdateCall MsgID=2 Result=0 (ok) ExtCallID=1 Mute=1\n");
});

test("of a journal whose beginning is no longer kept, it begins with the next create", async () => {
  const world = await played();
  const close = { ...createConference(), type: "close-conference", msgId: "m-close" } as never;
  await world.received("t-close", close);
  await world.allDone();
  const endedAt = world.journalRows;
  await world.received("t-again", createConference({ msgId: "m-again" } as never));
  await world.allDone();
  await world.reported(callerEntered(5));
  const text = await saved(world, 3);
  expect(endedAt).toBeGreaterThan(3);
  expect(play(text)).toBe(text);
  expect(text.match(/W→A \S+|B→A \S+ \S+/g)).toEqual([
    "W→A W2A_CreateConference",
    "B→A done create-conference",
    "B→A caller-entered c1",
  ]);
});

test("a failover and what was given up are played by their places in the queue", async () => {
  const world = await played();
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(callerEntered(1));
  await world.time.pass(100_000);
  await world.reported(callerEntered(2));
  const next = { msgId: "m2", replyTo: "localhost:8802", extConfId: "7002" } as never;
  await world.received("t-create", createConference(next));
  const text = await saved(world);
  expect(play(text)).toBe(text);
  expect(text).toContain("\nlost 1\n");
  expect(text).toContain("notifications queued for tsp1 are dropped");
  expect(text).not.toContain(host);
});

test("what was given up and is sent again by an operator is played, and all that follows", async () => {
  const world = await played();
  const isConfirmed = world.answer;
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(callerEntered(1));
  await world.time.pass(30_000);
  await world.reported(callerEntered(2));
  world.answer = isConfirmed;
  const rows = [...historyOf(world.stored)].filter(({ input }) => input?.type === "undelivered").map(({ seq }) => seq);
  expect(rows).toHaveLength(3);
  await world.during(world.conference.actions.sendAgain(rows[1] ?? 0, "Ann"));
  await world.allDone();
  await world.reported(callerEntered(3));
  const text = await saved(world);
  expect(play(text)).toBe(text);
  const [, rest = ""] = text.split(/^operator /m);
  expect(rest.replace(/^later .*\n/gm, "").split("\n")).toEqual([
    "send-again 2",
    "      A→W A2W_NotifyUserEnter MsgID=n4 ExtCallID=null ParticipantType=2 (participant) DID=14085550001 ActionResult=0 (ok)",
    "confirmed 1",
    "reached",
    "      A→W A2W_NotifyUserEnter MsgID=n5 ExtCallID=null ParticipantType=2 (participant) DID=14085550001 ActionResult=0 (ok)",
    "confirmed 1",
    "B→A caller-entered c4 number=14085550001",
    "      A→W A2W_NotifyUserEnter MsgID=n6 ExtCallID=null ParticipantType=2 (participant) DID=14085550001 ActionResult=0 (ok)",
    "confirmed 1",
    "",
  ]);
});

test("the end of a conference whose bridge the settings lack is saved as that, and plays", async () => {
  const world = await played();
  const { settings } = world.domain;
  world.domain = { ...world.domain, settings: { ...settings, bridges: [] } };
  expect(await world.operate("a1", { type: "end" })).toBe("done");
  await world.time.pass(1_000);
  const text = await saved(world);
  expect(play(text)).toBe(text);
  expect(text).toContain("Status=3 (ended)");
});

test("a test ends where the journal has messages to one host in another order", async () => {
  const world = await played();
  const reversed = [...historyOf(world.stored)].map((row) => ({
    ...row,
    facts:
      row.facts?.map((fact) =>
        fact.kind === "post-queued" ? { ...fact, messages: fact.messages.toReversed() } : fact,
      ) ?? null,
  }));
  const text = asTest(await testPages(reversed, { confKey, domain: world.domain }));

  expect(text).toContain("# From row 2 on the journal says otherwise than what follows here: the rest is left out.");
});

test("an answer that joined an earlier one, past notifications, is saved, and what follows it", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ protocol: { together: false } });
  await world.running(2);
  await world.received("t-mute", muteCaller("1001"), muteCaller("1002"));
  await world.allDone();
  await world.reported(callerEntered(5));
  const text = await saved(world);

  expect(text).not.toContain("left out");
  expect(text.match(/A2W_RspUpdateUser|A2W_NotifyUserChange|caller-entered c3/g)).toEqual([
    ...["A2W_RspUpdateUser", "A2W_NotifyUserChange", "A2W_RspUpdateUser", "A2W_NotifyUserChange"],
    "caller-entered c3",
  ]);
});

test("a made-up number is allowed where the true one is, and is none that anybody has", () => {
  const policy = { allow: ["+44", "+49"], deny: ["+49900", "+4420794"] };
  const madeUp = new MadeUp(policy);
  const phone = (country: string, local: string) => ({ country, area: "", local, extension: "" });
  for (const one of [
    phone("44", "2079460100"),
    phone("44", "1619460100"),
    phone("49", "9001234567"),
    phone("49", "301234567"),
    phone("1", "4085551234"),
  ]) {
    const { country, local } = madeUp.phone(one);
    expect(mayDial(policy, phone(country, local))).toBe(mayDial(policy, one));
    expect(local).not.toBe(one.local);
    expect(local.length).toBe(one.local.length);
  }
  for (const one of [phone("49", "03012345678901"), phone("49", "301234567x"), phone("44", "2079460100123456")]) {
    const { country, local } = new MadeUp(undefined).phone(one);
    expect(wrongNumber(phone(country, local)) === null).toBe(wrongNumber(one) === null);
    expect(local).not.toBe(one.local);
  }
  const again = madeUp.phone(phone("44", "2079460100"));
  expect(madeUp.phone(phone("44", "2079460100"))).toEqual(again);
});

test("no two numbers become one, whether dialled or calling in", () => {
  const madeUp = new MadeUp(undefined);
  const one = { country: "1", area: "408", extension: "" };
  const called = madeUp.person("14085510001");
  const { country, area, local } = madeUp.phone({ ...one, local: "5510002" });
  const made = [called, `${country}${area}${local}`, madeUp.person("14085510003")];
  expect(new Set(made).size).toBe(3);
  expect(madeUp.person("14085510002")).toBe(made[1]);
});
