import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import { LOOK_AT_SOUND_EVERY_MS } from "../../bridge-agent/drivers/asterisk/mirror/calls.ts";
import type { AsteriskSettings } from "../../bridge-agent/drivers/asterisk/settings.ts";
import type { DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import { doctor } from "../../bridge-agent/service/doctor.ts";
import { type Phone, Phones, type Plan } from "../../simulators/telephones/phones.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { act } from "./acting-driver.ts";
import { AsteriskOnTest } from "./asterisk-on-test.ts";

const side = "side-room" as RoomId;

describe.each(inject("asterisks"))("an agent of $version with telephones", (home) => {
  const ours = "18005551234";
  /** The dialplan has it, and `dialIn` does not. */
  const strange = "18005558888";
  const silenceMs = 200;
  let asterisk: AsteriskOnTest;
  let phones: Phones;
  let settings: AsteriskSettings;
  let driver: AsteriskDriver;
  let reports: DriverReport[];
  let conference: ConfKey;
  let commands = 0;
  let numbers = 1000;

  beforeAll(async () => {
    asterisk = await AsteriskOnTest.start(home, { dialIn: { [ours]: "bridgehead", [strange]: "bridgehead" } });
    phones = await Phones.start(home.sipp, asterisk.ports);
    settings = {
      type: "asterisk",
      url: asterisk.url,
      user: asterisk.user,
      password: asterisk.password,
      application: "bridgehead",
      endpoint: "PJSIP/{number}@trunk",
      callerId: ours,
      talking: { silenceMs, level: 256 },
    };
    await startAgent();
  });
  afterAll(async () => {
    await driver?.stop();
    await phones?.stop();
    await asterisk?.stop();
  });
  beforeEach(async () => {
    commands += 1;
    conference = `98765${commands}` as ConfKey;
    await done({ type: "create-conference", maxCallers: null, anonymousId: null });
    reports.length = 0;
  });
  afterEach(async ({ task }) => {
    await done({ type: "end-conference" });
    if (task.result?.state === "fail") console.log(asterisk.log.slice(-4_000), reports);
  });

  async function startAgent(): Promise<void> {
    await driver?.stop();
    driver = new AsteriskDriver(settings, driverPorts, { agent: "agent-1", owner: "local/asterisk", dialIn: [ours] });
    ({ reports } = await act(driver, 1));
  }
  async function done(...list: BridgeCommand[]): Promise<void> {
    for (const command of list) {
      commands += 1;
      const result = await driver.execute(`command-${commands}` as CommandId, conference, command);
      expect(result, command.type).toEqual({ done: true });
    }
  }
  function reported<Type extends DriverReport["type"]>(
    type: Type,
    isIt: (report: Extract<DriverReport, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<DriverReport, { type: Type }>> {
    return vi.waitFor(() => {
      const found = reports.find(
        (report): report is Extract<DriverReport, { type: Type }> =>
          report.type === type && isIt(report as Extract<DriverReport, { type: Type }>),
      );
      if (!found) throw new Error(`no ${type} among ${JSON.stringify(reports)}`);
      return found;
    });
  }
  const newNumber = () => `1408555${numbers++}`;
  /** A telephone at the prompt. */
  async function prompted(): Promise<{ readonly phone: Phone; readonly call: CallId }> {
    const number = newNumber();
    const phone = await phones.dialIn(ours, number);
    const { call, dialled } = await reported("prompted", (report) => report.number === number);
    expect(dialled).toBe(ours);
    return { phone, call };
  }
  async function entered(how: { readonly muted?: boolean; readonly joinTone?: boolean } = {}) {
    const { phone, call } = await prompted();
    await done({ type: "admit", call, muted: false, joinTone: false, ...how });
    return { phone, call };
  }
  async function dial(plan: Plan | null, waitMs = 5_000, extension = "") {
    const number = newNumber();
    if (plan) phones.plan(number, plan);
    const call = `leg-${number}` as CallId;
    const parts = { country: number.slice(0, 1), area: number.slice(1, 4), local: number.slice(4), extension };
    await done({ type: "dial", call, number: parts, waitMs });
    return { number, call };
  }

  test("silences a caller on hold at its telephone, also after an unmute", async () => {
    const a = await entered({ muted: true });
    const b = await entered();
    a.phone.talk();
    await a.phone.hold(true);
    await reported("held", ({ call, on }) => call === a.call && on);
    await done({ type: "unmute", call: a.call });
    await b.phone.hearsNoMore(a.phone);
    await a.phone.hold(false);
    await b.phone.hears(a.phone);
    await a.phone.hold(true);
    await b.phone.hearsNoMore(a.phone);
    await startAgent();
    await done({ type: "mute", call: a.call }, { type: "unmute", call: a.call });
    await b.phone.hearsNoMore(a.phone);
    await done({ type: "mute", call: a.call });
    await a.phone.hold(false);
    await reported("held", ({ call, on }) => call === a.call && !on);
    await b.phone.hearsNoMore(a.phone);
  });

  test.each([
    [";npdi=yes", "anna2024", ""],
    [";rn=+18005550000;npdi", "1408,in,18005551234", ""],
    [";phone-context=+1", "+1-(408)-555.0110", "14085550110"],
    ["", "4085550100;cpc=payphone", "4085550100"],
  ])("a call with %j from %s reaches the prompt as %j", async (behind, from, number) => {
    const phone = await phones.dialIn(`${ours}${behind}`, from);
    expect(await reported("prompted")).toMatchObject({ number, dialled: ours });
    await phone.hangUp();
  });

  test.each(["rfc4733", "info"] as const)(
    "keys come by %s, at the prompt and inside, and no other caller hears them",
    async (how) => {
      const { phone, call } = await prompted();
      const other = await entered();
      const third = await entered();
      await phone.press("987#", how);
      await vi.waitFor(() => expect(keysOf(call)).toBe("987#"));
      await done({ type: "admit", call, muted: false, joinTone: false });
      const since = performance.now();
      await phone.press("*6", how);
      await vi.waitFor(() => expect(keysOf(call)).toBe("987#*6"));
      await other.phone.heardNothingSince(since);
      third.phone.talk();
      await other.phone.hears(third.phone);
    },
  );

  test("doctor counts the calls that are up", async () => {
    await entered();
    await prompted();
    const place = { edge: "ws://127.0.0.1:1", domain: "local", bridge: "asterisk", agent: "agent-1", state: "none" };
    const rest = { listen: { port: 0 }, logs: { personal: false }, policy: { allow: [], deny: [] } };
    // A call of the test before may be about to end.
    await vi.waitFor(async () => {
      const lines: string[] = [];
      const up = phones.up.length;
      await doctor({ ...place, ...rest, driver: settings, dialIn: [ours] }, (line) => lines.push(line), "");
      expect(lines.find((line) => line.includes(" bridge: "))).toMatch(new RegExp(`; ${up} calls up$`));
    });
  });

  test("keys that come quickly, alike or not, come once each", async () => {
    const quick = "11223344556677889900123123";
    const { phone, call } = await prompted();
    phone.sound.keyMs = 60;
    await phone.press(quick);
    await vi.waitFor(() => expect(keysOf(call).length).toBeGreaterThanOrEqual(quick.length));
    expect(keysOf(call)).toBe(quick);
  });

  test("quick keys by SIP INFO come once each, also while a sentence is played", async () => {
    const { phone, call } = await prompted();
    driver.announce(call, "welcome");
    await phone.hearsSomething();
    phone.infoApartMs = 0;
    await phone.press("77001100#", "info");
    await vi.waitFor(() => expect(keysOf(call)).toBe("77001100#"));
  });

  test("a key by SIP INFO comes when the one before is over, as long as its telephone says", async () => {
    const { phone, call } = await prompted();
    phone.infoMs = 400;
    phone.infoApartMs = 0;
    const since = performance.now();
    await phone.press("7123#", "info");
    await vi.waitFor(() => expect(keysOf(call)).toBe("7123#"));
    expect(performance.now() - since).toBeGreaterThanOrEqual(4 * phone.infoMs);
  });

  test("keys that a network holds back, which Asterisk tells twice, are in doubt; after a pause they count", async () => {
    const { phone, call } = await prompted();
    phone.sound.bunchedMs = 1_000;
    await phone.press("7123#");
    await vi.waitFor(() => expect(keysOf(call)).toMatch(/#\??$/));
    expect(keysOf(call)).toMatch(/^[^#]+\?/);
    phone.sound.bunchedMs = 0;
    await pause(3_000);
    await phone.press("7123#");
    await vi.waitFor(() => expect(keysOf(call)).toMatch(/#\??7123#$/));
  });
  const keysOf = (call: CallId) =>
    reports
      .flatMap((report) => (report.type === "keys" && report.call === call ? report : []))
      .map(({ keys, inDoubt }) => (inDoubt ? `${keys}?` : keys))
      .join("");

  test.each([
    [{ outcome: 486 }, "busy"],
    [{ ringMs: 50, outcome: 603 }, "rejected"],
    [{ outcome: 480 }, "no-answer"],
    [{ outcome: 503 }, "refused"],
    [null, "invalid-number"],
    [{ outcome: "ring" }, "no-answer"],
  ] as const)("a number that is taken as %j ends with the reason %s", async (plan, reason) => {
    const { call } = await dial(plan, plan?.outcome === "ring" ? 500 : 5_000);

    expect((await reported("ended", (report) => report.call === call)).reason).toBe(reason);
  });

  test("a telephone that answers is dialled its extension, and heard once it has entered; a call-out that is cancelled rings no more", async () => {
    const inside = await entered();
    inside.phone.talk();
    const { number, call } = await dial({ ringMs: 50, outcome: "answer" }, 5_000, "12");
    const phone = await phones.called(number);
    await reported("answered");
    await vi.waitFor(() => expect(phone.sound.keysHeard).toBe("12"));
    await pause(200);
    expect(phone.packetsOf(inside.phone)).toBe(0);

    await done({ type: "admit", call, muted: false, joinTone: true });
    await phone.hears(inside.phone);
    phone.talk();
    await inside.phone.hears(phone);

    const rings = await dial({ outcome: "ring" });
    const other = await phones.called(rings.number);
    await other.until("ringing");
    await done({ type: "cancel-dial", call: rings.call });
    await other.until("ended");
  });

  test("who enters muted is never heard, nor while it moves, until it is unmuted", async () => {
    const inside = await entered();
    const { phone, call } = await prompted();
    phone.talk();
    await done({ type: "create-room", room: side, kind: "sub" });

    await done({ type: "admit", call, muted: true, joinTone: false });
    await pause(200);
    await done({ type: "move", call, room: side }, { type: "move", call: inside.call, room: side });
    await pause(200);
    await done({ type: "close-room", room: side });
    await pause(200);

    expect(inside.phone.packetsOf(phone)).toBe(0);
    await done({ type: "unmute", call });
    await inside.phone.hears(phone);
    await done({ type: "mute", call });
    await inside.phone.hearsNoMore(phone);
  });

  test("who is in another room is not heard, and is heard again after the way back", async () => {
    const one = await entered();
    const other = await entered();
    one.phone.talk();
    await other.phone.hears(one.phone);
    await done({ type: "create-room", room: side, kind: "private" }, { type: "move", call: one.call, room: side });

    await other.phone.hearsNoMore(one.phone);
    await done({ type: "move", call: one.call, room: MAIN_ROOM });
    await other.phone.hears(one.phone);
  });

  test("those inside hear who comes and who leaves, unless it comes without a tone", async () => {
    const inside = await entered();
    const other = await entered();
    const silent = performance.now();
    const monitor = await entered({ muted: true });
    await monitor.phone.hangUp();
    await reported("ended");
    await pause(200);
    await inside.phone.heardNothingSince(silent);
    other.phone.talk();
    await inside.phone.hears(other.phone);
    other.phone.fallSilent();
    await inside.phone.hearsEndOf(other.phone);

    const { phone } = await entered({ joinTone: true });
    await inside.phone.hearsSomething();
    await pause(1_000);
    await phone.hangUp();
    await inside.phone.hearsSomething();
  });

  test("who talks is reported, and a mute ends that at once", async () => {
    const { phone, call } = await entered();
    await done({ type: "report-speakers" });
    phone.talk();
    await reported("talking", (report) => report.talking);
    phone.fallSilent();
    await reported("talking", (report) => !report.talking);
    reports.length = 0;
    phone.talk();
    await reported("talking", (report) => report.talking);
    await done({ type: "mute", call });
    await reported("talking", (report) => !report.talking);
  });

  test.each([
    ["vanishes", (phone: Phone) => phone.vanish()],
    ["sends comfort noise alone", (phone: Phone) => phone.sendComfortNoise()],
  ])("who %s does not talk any more, and talks again when its sound is back", async (_, stopTalking) => {
    const { phone } = await entered();
    await done({ type: "report-speakers" });
    phone.talk();
    await reported("talking", (report) => report.talking);
    stopTalking(phone);
    await reported("talking", (report) => !report.talking);
    reports.length = 0;
    await pause(2 * LOOK_AT_SOUND_EVERY_MS);
    expect(reports).toEqual([]);
    phone.talk();
    await reported("talking", (report) => report.talking);
  });

  test("who dials a number that the dialplan alone has is told that there is no such number", async () => {
    await expect(phones.dialIn(strange, newNumber())).rejects.toThrow(/404/);
    expect((await reported("notice")).text).toContain(`hands calls to ${strange} to the application bridgehead`);
  });

  test("an expelled caller and the callers of an ended conference are hung up on", async () => {
    const one = await entered();
    const other = await entered();
    await done({ type: "expel", call: one.call });
    await one.phone.until("ended");
    expect(other.phone.state).toBe("up");
    await done({ type: "end-conference" }, { type: "create-conference", maxCallers: null, anonymousId: null });
    await other.phone.until("ended");
    expect(reports.filter(({ type }) => type === "ended")).toEqual([]);
  });

  describe("announcements", () => {
    /** So long a telephone is silent after the end of a sentence. */
    const silenceMs = 300;
    test("a caller at the prompt hears what it is told, and its first key stops that; nobody else hears it", async () => {
      const { phone, call } = await prompted();
      const other = await entered();
      const third = await entered();
      const since = performance.now();

      driver.announce(call, "key-again"); // Takes 3.9 s.
      await phone.hearsSomething();
      await phone.press("9");
      const pressed = performance.now();
      await phone.hearsNothing(silenceMs);

      expect(performance.now() - pressed).toBeLessThan(1_500);
      await other.phone.heardNothingSince(since);
      third.phone.talk();
      await other.phone.hears(third.phone);
    });

    test("a caller among others hears them meanwhile, and they hear it, and not what it is told", async () => {
      const { phone, call } = await entered();
      const other = await entered();
      await entered(); // To two alone Asterisk passes on what comes: nothing, while a key is down.
      phone.talk();
      await other.phone.hears(phone);
      const since = performance.now();

      driver.announce(call, "joined"); // 2.4 s.
      await phone.hearsSomething();
      other.phone.talk();
      await phone.hears(other.phone);
      other.phone.fallSilent();
      const gap = other.phone.longestGapMs(phone, since);
      phone.fallSilent();
      await other.phone.hearsEndOf(phone);
      const silent = performance.now();
      driver.announce(call, "alone"); // In place of the other one; 3.2 s.
      await phone.hearsSomething();
      await phone.press("9");
      const pressed = performance.now();
      await phone.hearsNothing(silenceMs);

      expect(gap).toBeLessThan(200);
      expect(performance.now() - pressed).toBeLessThan(1_500);
      await other.phone.heardNothingSince(silent);
      phone.talk();
      await other.phone.hears(phone);
    });

    test("who has just been muted is told so, and no packet of it is heard any more", async () => {
      const { phone, call } = await entered();
      const other = await entered();
      phone.talk();
      await other.phone.hears(phone);
      await done({ type: "mute", call });
      await other.phone.hearsNoMore(phone);
      const since = performance.now();

      driver.announce(call, "muted"); // 1.4 s.
      await phone.hearsSomething();
      await phone.hearsNothing(silenceMs);
      await pause(silenceMs);

      expect(other.phone.packetsOf(phone, since)).toBe(0);
    });

    test("who is told that it is alone goes where it is to go at once, and hears at once who comes", async () => {
      const { phone, call } = await entered({ muted: true });
      phone.talk();
      await done({ type: "create-room", room: side, kind: "sub" });
      driver.announce(call, "alone");
      await phone.hearsSomething();
      const since = performance.now();
      await done({ type: "mute", call }, { type: "move", call, room: side });
      expect(performance.now() - since).toBeLessThan(1_500);

      driver.announce(call, "alone");
      await phone.hearsSomething();
      const other = await entered();
      other.phone.talk();
      await done({ type: "move", call: other.call, room: side });
      await phone.hears(other.phone, 1_500);
      await pause(silenceMs);
      expect(other.phone.packetsOf(phone)).toBe(0);
    });

    test("a caller at the prompt is hung up on at the end of its last words, or at its first key; at once, where it is only asked", async () => {
      const [one, two, asked] = [await prompted(), await prompted(), await prompted()];
      const expel = (call: CallId) =>
        driver.execute(`command-${++commands}` as CommandId, null, { type: "expel", call });
      const since = performance.now();
      driver.announce(one.call, "unknown-conference");
      driver.announce(two.call, "unknown-conference");
      driver.announce(asked.call, "key-again"); // Takes 3.9 s.
      const expelled = expel(one.call);
      void expel(two.call);
      expect(await expel(asked.call)).toEqual({ done: true });
      await two.phone.hearsSomething();
      await two.phone.press("9");
      await two.phone.until("ended");
      expect(one.phone.state).toBe("up");

      expect(await expelled).toEqual({ done: true });
      expect(performance.now() - since).toBeGreaterThan(1_500);
      await one.phone.until("ended");
    });

    test("a conference that ends does not wait for what its callers are told, and nothing of that is left", async () => {
      const [one, two] = [await entered(), await entered()];
      driver.announce(one.call, "joined");
      await one.phone.hearsSomething();
      expect(await driver.state()).toMatchObject({ callsOfOthers: 0 });
      const since = performance.now();

      await done({ type: "end-conference" }, { type: "create-conference", maxCallers: null, anonymousId: null });
      await Promise.all([one.phone.until("ended"), two.phone.until("ended")]);

      expect(performance.now() - since).toBeLessThan(1_000);
      const whisperers = async () => {
        const channels: { name: string }[] = await (await asterisk.ari("GET", "/channels")).json();
        return channels.filter(({ name }) => name.startsWith("Snoop/"));
      };
      await vi.waitFor(async () => expect(await whisperers()).toEqual([]));
    });
  });
});
