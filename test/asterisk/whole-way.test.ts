import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { AsteriskUnderTest } from "../../bench/kills/asterisk-under-test.ts";
import type { AgentStatus } from "../../bridge-agent/core/agent.ts";
import { OperatorClient } from "../../cli/operator/operator-client.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import type { Phone, Plan } from "../../simulators/telephones/phones.ts";
import type { Request } from "../../simulators/webex/client.ts";
import type { ExtCallId, ExtConfId, SubConfId } from "../../src/foundation/ids.ts";
import type { UpdateAction } from "../../src/tsp/protocol-table.ts";
import { eventually, kill, Meeting, startWebex, type World, worldOf } from "../whole/world.ts";
import { AsteriskBridge } from "./asterisk-bridge.ts";

/** Mixing and the way of the packets take a fraction of that. */
const SILENCE_IS_SURE_MS = 300;
/** What nobody on the telephone takes for an interruption; a busy machine loses some packets. */
const LONGEST_GAP_MS = 400;

// The oldest and the newest Asterisk differ in the driver alone, whose own tests run on both.
describe("telephones, Asterisk, agents, edge and WebEx", () => {
  let world: World<AsteriskBridge>;
  let bridge: AsteriskBridge;
  beforeAll(async () => {
    const run = await LocalRun.start({ bridge: "asterisk", twoAgents: true });
    bridge = await AsteriskBridge.start(run, inject("asterisks")[0]?.sipp ?? "");
    world = await worldOf(run, bridge);
  }, 60_000);
  afterAll(async () => {
    await bridge?.stop();
    await world?.stop();
  });

  /** Keys are slow: conference keys are short here. */
  let nextKey = 700;
  async function running(
    fields: { readonly anonymousId?: string; readonly maxCallers?: number; readonly hostAttendeeId?: string } = {},
  ): Promise<Meeting<AsteriskBridge>> {
    const meeting = new Meeting(world, String(nextKey++));
    const create = { ...meeting.createRequest(), ...fields };
    await meeting.ask(create);
    await meeting.answerTo(create.msgId, "ok");
    return meeting;
  }
  /** Two callers who hear each other. */
  async function talking(meeting: Meeting<AsteriskBridge>) {
    const alice = await meeting.callIn("1");
    const bob = await meeting.callIn("2");
    await Promise.all([alice.call.hearsNothing(), bob.call.hearsNothing()]);
    alice.call.talk();
    bob.call.talk();
    await Promise.all([alice.call.hears(bob.call), bob.call.hears(alice.call)]);
    return { alice, bob };
  }
  type Body = Request extends infer One
    ? One extends Request
      ? Omit<One, "msgId" | "extConfId" | "replyTo">
      : never
    : never;
  async function done(meeting: Meeting<AsteriskBridge>, body: Body): Promise<void> {
    const msgId = meeting.msgId();
    await meeting.ask({ ...body, msgId, ...meeting.handles } as Request);
    await meeting.answerTo(msgId, "ok");
  }
  const update = (meeting: Meeting<AsteriskBridge>, action: UpdateAction, extCallId?: ExtCallId) =>
    done(meeting, { type: "update-conference", action, ...(extCallId && { extCallId }) });
  const mute = (meeting: Meeting<AsteriskBridge>, extCallId: ExtCallId, muted: boolean) =>
    done(meeting, { type: "update-caller", extCallId, privilege: muted ? "listen" : "speak" });

  const firstAgent = async (): Promise<AgentStatus> => (await fetch(`${world.run.agentUrl}/status`)).json();

  let nextNumber = 5_551_000;
  function callOut(meeting: Meeting<AsteriskBridge>, plan: Plan | null) {
    const local = String(nextNumber++);
    if (plan) bridge.phones.plan(`1408${local}`, plan);
    return { number: `1408${local}`, request: meeting.callOutRequest(`o${local}`, local) };
  }

  // Each has a conference of its own, and waits most of the time.
  test.concurrent.each(["rfc4733", "info"] as const)(
    "keys by %s lead into the conference, and mute there",
    async (how) => {
      const meeting = await running();
      const other = await meeting.callIn("1");

      const phone = await bridge.callIn("14085550177", `${meeting.confKey}#7#`, how);
      await meeting.notified("caller-entered", { attendeeId: "7", did: "14085550177" });
      phone.talk();
      await other.call.hears(phone);
      await phone.press("*6", how);
      await meeting.notified("caller-changed", { status: "muted" });
      await other.call.hearsNoMore(phone);
      await phone.press("*6", how);
      await meeting.notified("caller-changed", { status: "unmuted" });
      await other.call.hears(phone);

      await meeting.close();
      await phone.until("ended");
    },
  );

  test.concurrent("who joins silently, dialling in or dialled, is not heard: neither a tone nor a word", async () => {
    const meeting = await running({ anonymousId: "99" });
    const { call: ear } = await meeting.callIn("1");
    const { call: other } = await meeting.callIn("2");
    await Promise.all([ear.hearsNothing(), other.hearsNothing()]);
    const since = performance.now();

    const dialling = await bridge.callIn("14085550188", `${meeting.confKey}#99#`);
    dialling.talk();
    await meeting.notified("caller-entered", { attendeeId: "99", participantType: "silent-monitor" });
    const { number, request } = callOut(meeting, { outcome: "answer", talks: true });
    await meeting.ask({ ...request, participantType: "silent-monitor", joinMode: "main" });
    await meeting.answerTo(request.msgId, "ok");
    const dialled = await bridge.phones.called(number);
    ear.talk();
    await Promise.all([dialling.hears(ear), dialled.hears(ear)]);
    await pause(SILENCE_IS_SURE_MS);

    await ear.heardNothingSince(since);
    other.talk();
    await ear.hears(other);
    await meeting.close();
  });

  test.concurrent("a call-out that is answered is in the conference, and hears and is heard", async () => {
    const meeting = await running();
    const inside = await meeting.callIn("1");
    inside.call.talk();

    const { number, request } = callOut(meeting, { ringMs: 100, outcome: "answer", talks: true });
    await meeting.ask(request);
    await meeting.answerTo(request.msgId, "ok");
    await meeting.notified("caller-entered", { extCallId: request.extCallId, did: number });
    const phone = await bridge.phones.called(number);

    await Promise.all([phone.hears(inside.call), inside.call.hears(phone)]);
    await phone.hangUp();
    await meeting.notified("caller-changed", { extCallId: request.extCallId, status: "left" });
    await meeting.close();
  });

  test.concurrent.each([
    [{ ringMs: 50, outcome: 486 }, "busy"],
    [{ ringMs: 50, outcome: 603 }, "rejected"],
    [{ outcome: "ring" }, "no-answer"],
    [null, "invalid-number"],
  ] as const)("a call-out that meets %j is answered with %s, and nobody enters", async (plan, result) => {
    const meeting = await running();
    const { request } = callOut(meeting, plan);

    await meeting.ask({ ...request, maxWaitingTime: 1 });

    await meeting.answerTo(request.msgId, result);
    await meeting.close();
    expect(meeting.messages().filter(({ type }) => type === "caller-entered")).toEqual([]);
  });

  test.concurrent("WebEx hears who talks, and who is silent again", async () => {
    const meeting = await running();
    const { call, extCallId } = await meeting.callIn("1");
    await meeting.callIn("2");
    await update(meeting, "report-speakers");

    call.talk();
    await speaks(meeting, extCallId, true);
    call.fallSilent();
    await speaks(meeting, extCallId, false);
    await meeting.close();
  });
  const speaks = ({ extConfId }: Meeting<AsteriskBridge>, extCallId: ExtCallId, speaking: boolean) =>
    world.webex.waitFor(
      `${extCallId} ${speaking ? "speaks" : "is silent"}`,
      (message) =>
        message.type === "speaking-changed" &&
        message.extConfId === extConfId &&
        message.speaking[message.extCallIds.indexOf(extCallId)] === speaking,
    );

  test.concurrent("a muted caller is heard by nobody, still hears, and is heard again once it is unmuted", async () => {
    const meeting = await running();
    const { alice, bob } = await talking(meeting);

    await mute(meeting, alice.extCallId, true);
    await bob.call.hearsNoMore(alice.call);
    await alice.call.hears(bob.call);
    await mute(meeting, alice.extCallId, false);
    await bob.call.hears(alice.call);
    await meeting.close();
  });

  test.concurrent("in a sub-conference callers hear each other alone; the way there and back keeps the mute", async () => {
    const meeting = await running();
    const carol = await meeting.callIn("3");
    const { alice, bob } = await talking(meeting);
    carol.call.talk();
    const subConfId = "s1" as SubConfId;
    await mute(meeting, alice.extCallId, true);
    await bob.call.hearsNoMore(alice.call);
    const since = performance.now();

    await done(meeting, { type: "create-sub-conference", subConfId });
    for (const { extCallId } of [alice, bob])
      await done(meeting, { type: "add-to-sub-conference", subConfId, extCallId });
    await alice.call.hears(bob.call);
    await Promise.all([bob.call.hearsNoMore(carol.call), carol.call.hearsNoMore(bob.call)]);
    await done(meeting, { type: "close-sub-conference", subConfId });
    await Promise.all([bob.call.hears(carol.call), carol.call.hears(bob.call)]);
    await pause(SILENCE_IS_SURE_MS);

    expect([bob, carol].map(({ call }) => call.packetsOf(alice.call, since))).toEqual([0, 0]);
    await mute(meeting, alice.extCallId, false);
    await carol.call.hears(alice.call);
    await meeting.close();
  });

  test.concurrent("in a private talk nobody else hears host and invitee; it ends in the main conference, or with the invitee's call", async () => {
    const meeting = await running({ hostAttendeeId: "1" });
    const { alice: host, bob: other } = await talking(meeting);
    const invite = async () => {
      const since = performance.now();
      const { number, request } = callOut(meeting, { outcome: "answer", talks: true });
      await meeting.ask({ ...request, joinMode: "private-talk" });
      await meeting.answerTo(request.msgId, "ok");
      await meeting.notified("caller-entered", { extCallId: request.extCallId, action: "private-talk" });
      const phone = await bridge.phones.called(number);
      await Promise.all([host.call.hears(phone), phone.hears(host.call)]);
      await Promise.all([other.call.hearsNoMore(host.call), host.call.hearsNoMore(other.call)]);
      expect(other.call.packetsOf(phone, since)).toBe(0);
      return { phone, extCallId: request.extCallId };
    };

    const guest = await invite();
    await update(meeting, "add-to-main", guest.extCallId);
    await allHear(host.call, other.call, guest.phone);

    const second = await invite();
    await second.phone.hangUp();
    await meeting.notified("caller-changed", { extCallId: second.extCallId, status: "left" });
    await allHear(host.call, other.call, guest.phone);
    await meeting.close();
  });
  const allHear = (...phones: Phone[]) =>
    Promise.all(phones.flatMap((one) => phones.filter((other) => other !== one).map((other) => one.hears(other))));

  test.concurrent("a caller keys its attendee ID later, and the others do not hear the keys", async () => {
    const meeting = await running();
    const { call: ear } = await meeting.callIn("1");
    const { call: other } = await meeting.callIn("2");
    const phone = await bridge.callIn("14085550166", `${meeting.confKey}##`);
    await meeting.notified("caller-entered", { did: "14085550166" });
    await ear.hearsNothing(); // The tone of the entry has ended.
    const since = performance.now();

    await phone.press("*1555#", "rfc4733");

    await meeting.notified("caller-changed", { attendeeId: "555", status: "unmuted" });
    await pause(SILENCE_IS_SURE_MS);
    await ear.heardNothingSince(since);
    other.talk();
    await ear.hears(other);
    await meeting.close();
  });

  const operatorNow = () => {
    const { edgeUrl: url } = world.run;
    return new OperatorClient({ url, urlFrom: "", token: world.run.operatorToken(), tokenFrom: "" });
  };
  /** What became of the one call of this number that was not led in. */
  const edgeSays = async (number: string, why: string) => {
    const domain = "local";
    const asked = () => operatorNow().ask("POST /domains/{domain}/prompt-calls", { domain }, { asks: { number } });
    await eventually(`the edge says ${why}`, async () => (await asked()).calls[0]?.end?.why === why);
    const { calls } = await asked();
    expect(calls).toHaveLength(1);
    return calls[0] ?? { steps: [] };
  };

  test.concurrent("who dials in while the conference is locked is told so and hung up on, and who is inside stays", async () => {
    const meeting = await running();
    const { alice, bob } = await talking(meeting);
    await update(meeting, "lock");

    const late = await bridge.callIn("14085550155", `${meeting.confKey}#`);
    await late.hearsSomething();
    await late.until("ended", 10_000);
    await edgeSays("14085550155", "locked");
    await alice.call.hears(bob.call);
    await update(meeting, "unlock");
    await meeting.callIn("6");

    expect(meeting.messages().filter((message) => message.type === "caller-entered")).toHaveLength(3);
    await meeting.close();
  });

  test.concurrent("who keys three conferences that are none is told so and hung up on", async () => {
    const phone = await bridge.callIn("14085550144", "1#1#1");
    await phone.press("#", "info");

    await phone.hearsSomething();
    await phone.until("ended", 10_000);
    expect(phone.endedBy).toBe("hung up there");
    const { steps } = await edgeSays("14085550144", "unknown-keys");
    expect(steps).toMatchObject(Array(3).fill({ type: "wrong-key", digits: 1 }));
  });

  test.concurrent("who dials in while the conference is full is told so and hung up on, until somebody leaves", async () => {
    const meeting = await running({ maxCallers: 2 });
    const { alice, bob } = await talking(meeting);

    const late = await bridge.callIn("14085550166", `${meeting.confKey}#`);
    await late.hearsSomething();
    await late.until("ended", 10_000);
    expect(late.endedBy).toBe("hung up there");
    await alice.call.hears(bob.call);
    await bob.call.hangUp();
    await meeting.notified("caller-changed", { status: "left" });
    await meeting.callIn("8");
    await meeting.close();
  });

  test.concurrent("another TSP server takes over: it is told who is there and commands them, and no word is lost", async () => {
    const meeting = await running();
    const { alice, bob } = await talking(meeting);
    const since = performance.now();

    const webex = await startWebex(world.run);
    const successor = new Meeting({ ...world, webex }, meeting.confKey);
    const create = { ...successor.createRequest(), extConfId: "E-successor" as ExtConfId };
    Object.assign(successor, { extConfId: create.extConfId });
    await successor.ask(create);
    await successor.answerTo(create.msgId, "ok");
    for (const { extCallId } of [alice, bob]) await successor.notified("caller-entered", { extCallId });
    expect(bob.call.longestGapMs(alice.call, since)).toBeLessThan(LONGEST_GAP_MS);

    await mute(successor, alice.extCallId, true);
    await bob.call.hearsNoMore(alice.call);
    await successor.close();
    await webex.stop();
  });

  test("what telephones hear is what the judge of prove:kills takes for muted, whatever the driver has written down", async () => {
    // A test that failed at first has left its callers talking, and all of the bridge is judged.
    await bridge.phones.hangUpAll();
    const meeting = await running();
    const { alice, bob } = await talking(meeting);
    for (const { call } of [alice, bob]) call.fallSilent();
    const judged = new AsteriskUnderTest(bridge, world.run);
    const mutedAtRest = async () =>
      (await judged.stateAtRest()).calls.flatMap(({ conference, number, muted }) =>
        conference === meeting.confKey ? [[number, muted]] : [],
      );
    const [channel] = (await judged.state()).calls.filter(
      ({ conference, number }) => conference === meeting.confKey && number === alice.call.number,
    );

    await bridge.ari("POST", `/channels/${channel?.id}/mute?direction=in`);

    expect((await mutedAtRest()).toSorted()).toEqual([
      [alice.call.number, true],
      [bob.call.number, false],
    ]);
    await meeting.close();
  });

  test("an agent hands over and back amid commands and keys: callers go on talking, and nothing acts twice", async () => {
    const meeting = await running();
    const { alice, bob } = await talking(meeting);
    const carol = await meeting.callIn("3");
    carol.call.talk();
    await bob.call.hears(carol.call);
    const operator = operatorNow();
    const simulated = { domain: "local", bridge: "simulated" };
    const agents = async () => (await operator.agents("local"))[0]?.agents ?? [];
    const roles = async () => Object.fromEntries((await agents()).map(({ agent, role }) => [role, agent]));
    const standbyIsThere = async () =>
      (await agents()).some(({ role, health }) => role === "standby" && health?.bridgeUp);
    const told = ({ extCallId }: { readonly extCallId: ExtCallId }) =>
      meeting
        .messages()
        .flatMap((message) =>
          message.type === "caller-changed" && message.extCallId === extCallId ? message.status : [],
        );
    const since = performance.now();

    for (const status of ["muted", "unmuted"] as const) {
      await eventually("a standby has the bridge", standbyIsThere);
      const { active: from = "", standby } = await roles();
      const request = meeting.muteRequest(alice.extCallId, status === "muted");
      const [{ acts }] = await Promise.all([
        operator.ask("POST /domains/{domain}/bridges/{bridge}/hand-over", simulated, { body: { from } }),
        meeting.ask(request),
        carol.call.press("*6", "info"),
      ]);
      await meeting.answerTo(request.msgId, "ok", 10_000);
      await eventually("the other one is back", standbyIsThere);
      expect([acts, await roles()]).toEqual([standby, { active: standby, standby: from }]);

      // A code that is keyed in this very moment may have no effect, and is keyed again; it has never two.
      if (told(carol).at(-1) !== status) await carol.call.press("*6", "info");
      for (const { extCallId, call } of [alice, carol]) {
        await meeting.notified("caller-changed", { extCallId, status });
        await (status === "muted" ? bob.call.hearsNoMore(call) : bob.call.hears(call));
      }
    }

    expect(alice.call.longestGapMs(bob.call, since)).toBeLessThan(LONGEST_GAP_MS);
    for (const caller of [alice, carol]) expect(told(caller)).toEqual(["muted", "unmuted"]);
    await meeting.close();
  });

  test("the agent that acts is killed: callers go on talking, and the other agent acts for them", async () => {
    const meeting = await running();
    const { alice, bob } = await talking(meeting);
    const since = performance.now();

    const { secondAgent } = world.run;
    const first = await firstAgent();
    process.kill(first.role === "active" ? world.run.pids().agent : (secondAgent?.pid ?? 0), "SIGKILL");
    const request = meeting.muteRequest(alice.extCallId, true);
    await meeting.ask(request);
    await meeting.answerTo(request.msgId, "ok", 3_000);

    await bob.call.hearsNoMore(alice.call);
    expect(alice.call.longestGapMs(bob.call, since)).toBeLessThan(LONGEST_GAP_MS);
    await bob.call.hangUp();
    await meeting.notified("caller-changed", { extCallId: bob.extCallId, status: "left" });
    await meeting.callIn("3");
    await meeting.close();
  });

  test("the edge is killed: callers go on talking, what they do meanwhile is told once it is back, and who dials in is told to wait", async () => {
    const meeting = await running();
    const { alice, bob } = await talking(meeting);
    const carol = await meeting.callIn("3");
    const since = performance.now();

    const back = kill(world, "edge");
    await eventually("the agent notices", async () => !(await firstAgent()).edgeUp);
    const dave = await bridge.callIn("14085550166", "");
    await Promise.all([carol.call.hangUp(), dave.hearsSomething()]);
    await back;

    await meeting.notified("caller-changed", { extCallId: carol.extCallId, status: "left" }, 15_000);
    expect(bob.call.longestGapMs(alice.call, since)).toBeLessThan(LONGEST_GAP_MS);
    await dave.press(`${meeting.confKey}#4#`, "info");
    await meeting.notified("caller-entered", { attendeeId: "4" });
    await dave.hears(alice.call);
    await mute(meeting, alice.extCallId, true);
    await bob.call.hearsNoMore(alice.call);
    expect(alice.call.longestGapMs(bob.call, since)).toBeLessThan(LONGEST_GAP_MS);
    await meeting.close();
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "Asterisk ends by %s: WebEx learns that everybody is gone, and the next conference works",
    async (signal) => {
      const meeting = await running();
      const { alice, bob } = await talking(meeting);

      const { asterisk = 0 } = world.run.pids();
      process.kill(asterisk, signal);

      // Neither lets calls go on; by SIGTERM the telephones are told.
      if (signal === "SIGTERM") await Promise.all([alice, bob].map(({ call }) => call.until("ended", 2_000)));
      await eventually("another one runs", async () => world.run.pids().asterisk !== asterisk);
      for (const { extCallId } of [alice, bob]) {
        await meeting.notified("caller-changed", { extCallId, status: "left" }, 15_000);
      }
      await meeting.notified("conference-changed", { status: "ended" }, 15_000);
      const next = await eventually("the next conference is made", () => running());
      await talking(next);
      await next.close();
    },
    40_000,
  );
});
