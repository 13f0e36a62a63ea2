import { expect, test, vi } from "vitest";
import { objectKinds } from "../../durable-objects/platform/object-kinds.ts";
import { type ObjectPlace, type OwnPlace, placeOf } from "../../durable-objects/platform/object-place.ts";
import { nextLookAt } from "../../durable-objects/platform/platform.ts";
import type { BridgeName, ConfKey, DomainName, ExtConfId, TransId } from "../../src/foundation/ids.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import type { AllObjects } from "../../src/rpc/objects.ts";
import { testDomain } from "../local-domain.ts";
import { Clock } from "../simulation/clock.ts";
import { Database } from "../simulation/database.ts";
import { fakePlatform } from "./fakes.ts";

const now = 10 * dayMs;
const local = "local" as DomainName;

/** Where an object of the domain `local` runs, and what it has there. */
function place(more: object) {
  const time = new Clock(now);
  const sql = new Database();
  const alarms: number[] = [];
  const own = { ...fakePlatform(time), sql, setAlarm: async (at: number) => void alarms.push(at) };
  const domain = (name: DomainName) => (name === local ? testDomain({ journalRetentionDays: 3 }) : null);
  return { time, sql, alarms, place: { ...own, domain, ...more } as object as ObjectPlace };
}

test("each nonce is another number of 64 random bits, and the draws are few", () => {
  const drawn = vi.spyOn(crypto, "getRandomValues");
  const { nonce } = placeOf({} as OwnPlace, {} as AllObjects, {} as never);
  const nonces = Array.from({ length: 300 }, nonce);
  expect(new Set(nonces).size).toBe(300);
  expect(nonces.filter((one) => !/^\d{10,20}$/.test(one))).toEqual([]);
  expect(drawn.mock.calls.length).toBeLessThanOrEqual(3);
  drawn.mockRestore();
});

test("while the time is in doubt, an object looks once a day whether its deletion is due, and else at that time", () => {
  const ports = (doubtMs: number) => ({ now: () => now, doubtMs: () => doubtMs });
  const looks = (doubtMs: number) => [hourMs, 3 * dayMs].map((ms) => nextLookAt(ports(doubtMs), now + ms) - now);
  expect([looks(0), looks(1)]).toEqual([
    [hourMs, 3 * dayMs],
    [hourMs, dayMs],
  ]);
});

const claim = { confKey: "5" as ConfKey, extConfId: "7" as ExtConfId };
const create = { domain: local, transId: "1" as TransId, claims: [claim], handles: [] };

test("a handle is asked about, and then released, shortly before its conference is deleted by the domain's settings", async () => {
  const asked: ExtConfId[] = [];
  const conference = () => ({ hasHandle: async (id: ExtConfId) => asked.push(id) === 0 });
  const one = place({ conference });
  const handles = await objectKinds.handles(one.place);
  await handles.resolve(create);
  one.time.now += 3 * dayMs - 6 * hourMs - 1;
  await handles.alarm?.();
  expect([asked, await handles.hasConference(claim.confKey)]).toEqual([[], true]);
  one.time.now += 1;
  await handles.alarm?.();
  expect([asked, await handles.hasConference(claim.confKey)]).toEqual([[claim.extConfId], false]);
});

test("whoever claims the handle of a conference that does not answer hears which object that is", async () => {
  const hasHandle = async () => {
    throw new Error("it is away");
  };
  for (const [id, why] of [
    ["c0ffee", "conference object c0ffee: Error: it is away"],
    [undefined, "Error: it is away"],
  ]) {
    const one = place({ conference: () => ({ id, hasHandle }) });
    const handles = await objectKinds.handles(one.place);
    await handles.resolve(create);
    one.time.now += hourMs;
    const other = { ...create, transId: "2" as TransId, claims: [{ ...claim, confKey: "6" as ConfKey }] };
    await expect(handles.resolve(other)).rejects.toThrow(new Error(why));
  }
});

test("a relay whose domain the settings have no more still answers a conference that ends", async () => {
  const { place: own } = place({ sockets: { all: () => [] }, newId: () => "1" });
  const relay = await objectKinds.relay(own);
  const sent = { domain: "gone" as DomainName, bridge: "b" as BridgeName, conference: claim.confKey, commands: [] };
  expect(await relay.sendCommands({ ...sent, activeSince: null })).toBeNull();
});
