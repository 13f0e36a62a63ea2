import { expect, test } from "vitest";
import { actionsOf, type Cause } from "../../src/conference/facts.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { Database } from "../simulation/database.ts";
import { ConferenceWorld, callerEntered, callerLeft, createConference, muteCaller } from "./conference-world.ts";

type Entry = [key: string, value: Record<string, unknown> | null];

/** What was new with facts goes: the journal is as version 0.1 left it. */
function downgrade(sql: Database): void {
  const old = ([key, value]: Entry): Entry => {
    const { life, history, end, by, ...rest } = value ?? {};
    const actions = actionsOf((by as Cause[] | undefined) ?? []);
    const [action] = actions;
    const asked = action && (key.startsWith("command/") ? { actions } : { action });
    return [key, value && !Array.isArray(value) ? { ...rest, ...asked } : value];
  };
  for (const { seq, changes, progress } of sql.exec("SELECT seq, changes, progress FROM journal")) {
    const { telling, ...others } = JSON.parse(String(progress));
    const before = telling && { life: 1, since: 0, from: 1, ...telling };
    sql.exec("UPDATE journal SET progress = ? WHERE seq = ?", JSON.stringify({ ...others, telling: before }), seq ?? 0);
    if (changes === null) continue;
    const entries = (JSON.parse(String(changes)) as Entry[]).map(old);
    sql.exec("UPDATE journal SET changes = ? WHERE seq = ?", JSON.stringify(entries), seq ?? 0);
  }
  for (const { key, value } of sql.exec("SELECT key, value FROM entry")) {
    const [, stripped] = old([String(key), JSON.parse(String(value))]);
    sql.exec("UPDATE entry SET value = ? WHERE key = ?", JSON.stringify(stripped), key ?? "");
  }
  sql.exec("ALTER TABLE journal DROP COLUMN facts");
}

async function meeting(isUpgraded: boolean): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  const { follow } = world;
  world.follow = () => Promise.reject(new Error("the directory is away"));
  await world.running(3);
  await world.during(world.receive("mute", muteCaller("1001")));
  await world.allDone();
  await world.time.pass(61_000);
  await world.during(world.report(callerLeft(1)));
  await world.during(
    world.receive("second", createConference({ msgId: "m2", extConfId: "7002", replyTo: "tsp2:80" } as never)),
  );
  await world.allDone();
  if (isUpgraded) {
    downgrade(world.sql);
    world.start();
  }
  world.follow = follow;
  await world.during(world.report(callerEntered(4)));
  await world.time.pass(61_000);
  await world.during(world.report(callerLeft(0)));
  await world.time.pass(10_000);
  await world.during(world.report({ type: "event", event: { type: "conference-ended" } }));
  await world.time.pass(10_000);
  return world;
}

function told(world: ConferenceWorld): readonly DirectoryRecord[] {
  return world.pages.flatMap(({ facts }) => facts.flatMap(({ fact }) => ("record" in fact ? [fact.record] : [])));
}

test("an upgrade in the middle of a meeting loses no record, and none of what it says", async () => {
  const [plain, upgraded] = [await meeting(false), await meeting(true)];

  expect(told(upgraded)).toEqual(told(plain));
  expect(told(plain).map(({ kind }) => kind)).toEqual(["call", "call", "call", "call", "conference"]);
});

test("what operators asked for in version 0.1 is still theirs: its stages are not known, and WebEx's answer says who wanted it", async () => {
  const world = new ConferenceWorld();
  await world.running(1);
  const number = { country: "1", area: "408", local: "5550123", extension: "" };
  const requests = [
    { type: "mute", call: "c0" },
    { type: "call-out", number },
  ];
  for (const [index, request] of requests.entries()) {
    const action = { id: `a${index}`, person: "Ann", request } as never;
    await world.during(world.conference.operate(action));
  }
  downgrade(world.sql);
  world.start();
  await world.allDone();
  const by = (person: string) => [{ type: "action", action: "a1", person }];

  const [callOut] = world.stored.state.callOuts.values();
  expect(callOut?.by).toEqual(by(""));
  expect(callOut).not.toHaveProperty("action");
  const queued = world.stored.facts(0).flatMap(({ facts }) => facts.filter(({ kind }) => kind === "post-queued"));
  expect(queued).toMatchObject([{ messages: [{ type: "caller-changed", status: "muted", actions: ["a0"] }] }]);
  expect(await world.conference.action("a0" as never)).toBeNull();
});
