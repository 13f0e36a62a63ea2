import { beforeEach, describe, expect, test } from "vitest";
import {
  dialExtension,
  dialFound,
  limitRinging,
  settleDial,
} from "../../bridge-agent/drivers/asterisk/acts/dialling.ts";
import { Executor } from "../../bridge-agent/drivers/asterisk/acts/executor.ts";
import { type ExecutorContext, KeyedMutex } from "../../bridge-agent/drivers/asterisk/acts/executor-context.ts";
import { type Ari, AriFailure } from "../../bridge-agent/drivers/asterisk/ari.ts";
import { awaitKeys } from "../../bridge-agent/drivers/asterisk/mirror/calls.ts";
import { Mirror, type MirroredConference, newCall } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import type { AsteriskSettings } from "../../bridge-agent/drivers/asterisk/settings.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { Clock } from "../simulation/clock.ts";
import { caller, dialled, entered, key, leg, owner, side } from "./asterisk-messages.ts";

/* Commands against an Asterisk that answers at once, whatever it is told to. */

type Parameters = Readonly<Record<string, unknown>>;
type Answer = number | { readonly status: number; readonly body: unknown };

let mirror: Mirror;
let conference: MirroredConference;
/** What Asterisk was asked, in order. */
let asked: [string, Parameters][];
/** By the operation: what is not here succeeds. */
let answers: Record<string, Answer | ((parameters: Parameters) => Answer)>;
let notices: string[];
let executor: Executor;
let ari: Ari;

beforeEach(() => {
  mirror = new Mirror({ owner, dialIn: ["18005551234"] });
  conference = mirror.addConference(key, "bridge-1");
  asked = [];
  answers = { getChannel: 404, listBridges: { status: 200, body: [] } };
  notices = [];
  const ask = async (name: string, parameters: Parameters) => {
    asked.push([name, parameters]);
    const known = answers[name] ?? 204;
    const answer = typeof known === "function" ? known(parameters) : known;
    return typeof answer === "number" ? { status: answer, body: {} } : answer;
  };
  ari = {
    ask,
    untilReady: (again: () => Promise<unknown>) => again(),
    pause: async () => {},
    globalVar: async () => "",
  } as never;
  executor = new Executor({
    ...{ ari, mirror, owner, timers: new Clock() },
    settings: {
      ...{ type: "asterisk", url: "", user: "", application: "bridgehead", endpoint: "PJSIP/{number}@trunk" },
      ...{ ports: 24, talking: { silenceMs: 1, level: 1 } },
    } satisfies AsteriskSettings,
    report: () => {},
    notice: (what) => notices.push(what),
    turnedAway: () => {},
    failed: () => {},
  });
});

const done = { done: true };
const refused = (reason: string) => ({ done: false, reason });
const names = () => asked.map(([name]) => name);
const execute = (command: BridgeCommand, where: ConfKey | null = key) =>
  executor.execute("o1" as CommandId, where, command);
const admit = (call: CallId, more: object = {}): BridgeCommand => ({
  ...{ type: "admit", call, muted: false, joinTone: true },
  ...more,
});
const prompted = (id: CallId) => mirror.addCall(newCall(id, "in", { number: "14085550001" }));
/** A dialled call that has been answered. */
const answered = (more: object = {}) => Object.assign(dialled(mirror, conference, leg), { stage: "answered", ...more });
/** What was last written about a call. */
const written = () => {
  const [, { value }] = asked.findLast(([name]) => name === "setChannelVar") ?? expect.unreachable();
  return JSON.parse(String(value));
};

describe("a caller at the prompt", () => {
  test("finds a conference full also while others are on their way in, and has the place of one who did not get in", async () => {
    conference.maxCallers = 1;
    const other = "c2" as CallId;
    for (const id of [caller, other]) prompted(id);
    expect(await Promise.all([execute(admit(caller)), execute(admit(other))])).toEqual([done, refused("capacity")]);

    mirror.removeCall(mirror.calls.get(caller) ?? expect.unreachable());
    answers.addChannel = 404;
    expect(await execute(admit(other))).toEqual(refused("no-such-room"));
    answers.addChannel = 204;
    prompted(caller);
    expect(await execute(admit(caller))).toEqual(done);
    expect(await execute(admit(other))).toEqual(refused("capacity"));
  });

  test("is kept out by a lock, and a call that was dialled is not", async () => {
    conference.locked = true;
    prompted(caller);
    answered();
    expect(await execute(admit(caller))).toEqual(refused("locked"));
    expect(await execute(admit(leg))).toEqual(done);
  });

  test("is moved nowhere", async () => {
    prompted(caller);
    expect(await execute({ type: "move", call: caller, room: MAIN_ROOM })).toEqual(refused("no-such-call"));
  });

  test("hangs up on the way in: it is not inside", async () => {
    const call = prompted(caller);
    answers.addChannel = () => {
      mirror.end(call, "hung-up");
      return 204;
    };
    expect(await execute(admit(caller))).toEqual(refused("no-such-call"));
    expect(mirror.inside(key)).toEqual([]);
  });

  test("is hung up on without a conference, and nobody else, by nothing else", async () => {
    prompted(caller);
    entered(mirror, conference, leg);
    expect(await execute({ type: "expel", call: leg }, null)).toEqual(refused("no-such-call"));
    expect(await execute({ type: "mute", call: caller }, null)).toEqual(refused("no-such-conference"));
    expect(names()).toEqual([]);
    expect(await execute({ type: "expel", call: caller }, null)).toEqual(done);
  });
});

describe("who enters", () => {
  test("neither rings, nor is being ended, nor belongs to another conference", async () => {
    const ringing = dialled(mirror, conference, leg);
    const ending = entered(mirror, conference, "c2" as CallId);
    ending.ending = { reason: "expelled", isReported: false };
    const elsewhere = entered(mirror, mirror.addConference("111" as ConfKey, "bridge-9"), "c3" as CallId);
    for (const { id } of [ringing, ending, elsewhere])
      expect(await execute(admit(id))).toEqual(refused("no-such-call"));
    expect(names()).toEqual([]);
  });

  test("muted is muted before, whatever was noted while it rang, and one who is not to be muted is not", async () => {
    answered({ muted: true });
    expect(await execute(admit(leg, { muted: true }))).toEqual(done);
    expect(names().indexOf("mute")).toBeLessThan(names().indexOf("addChannel"));
    expect(names()).toContain("mute");

    mirror.removeCall(mirror.calls.get(leg) ?? expect.unreachable());
    answered({ muted: true });
    asked.length = 0;
    expect(await execute(admit(leg))).toEqual(done);
    expect(names()).toContain("unmute");
    expect(mirror.calls.get(leg)?.muted).toBe(false);
  });

  test("keeps its attendee ID where the admission says none, and its keys go to nobody", async () => {
    answered({ attendeeId: "444" });
    expect(await execute(admit(leg))).toEqual(done);
    expect(mirror.calls.get(leg)?.attendeeId).toBe("444");
    expect(asked).toContainEqual(["addChannel", { bridgeId: "bridge-1", channel: leg, absorbDTMF: true }]);
  });
});

test("a # that was kept back waits anew where another one was since", async () => {
  const call = Object.assign(prompted(caller), { keptHash: 1 });
  const reports: unknown[] = [];
  const pause = async () => void Object.assign(call, { keptHash: 2 });
  const context = { ari: { pause }, mirror, report: (more: unknown[]) => reports.push(...more), begin: () => {} };
  await awaitKeys(context as unknown as ExecutorContext, caller);
  expect([reports, call.keptHash]).toEqual([[], 2]);
});

test("no snapshot changes a call or a conference while Asterisk is asked to", async () => {
  const call = entered(mirror, conference);
  const held: number[] = [];
  for (const name of ["mute", "createBridge"])
    answers[name] = () => {
      held.push(call.requests, conference.requests);
      return 200;
    };
  await execute({ type: "mute", call: caller });
  await execute({ type: "create-room", room: side, kind: "sub" });
  expect([held, call.requests, conference.requests]).toEqual([[1, 0, 0, 1], 0, 0]);
});

test("who is moved out of a room while it is closed is moved once", async () => {
  conference.rooms.set(side, { bridge: "bridge-2", kind: "sub" });
  entered(mirror, conference).room = side;
  const moved = execute({ type: "move", call: caller, room: MAIN_ROOM });
  expect(await Promise.all([moved, execute({ type: "close-room", room: side })])).toEqual([done, done]);
  expect(names().filter((name) => name === "addChannel")).toHaveLength(1);
});

describe("a mute", () => {
  test("is written down, and one that Asterisk refuses is none", async () => {
    const call = entered(mirror, conference);
    expect(await execute({ type: "mute", call: caller })).toEqual(done);
    expect(written()).toMatchObject({ muted: true });
    answers.unmute = 412;
    expect(await execute({ type: "unmute", call: caller })).toEqual(refused("refused"));
    answers.unmute = 404;
    expect(await execute({ type: "unmute", call: caller })).toEqual(refused("no-such-call"));
    expect(call.muted).toBe(true);
  });
});

describe("an end by command", () => {
  const elsewhere = "111" as ConfKey;
  test("is of a call of its conference alone", async () => {
    entered(mirror, mirror.addConference(elsewhere, "bridge-9"));
    for (const type of ["expel", "mute", "cancel-dial"] as const)
      expect(await execute({ type, call: caller })).toEqual(refused("no-such-call"));
    expect(names()).toEqual([]);
  });

  test("of a dial ends nobody who dialled in, nor who has entered", async () => {
    const call = Object.assign(entered(mirror, conference), { stage: "answered" });
    expect(await execute({ type: "cancel-dial", call: caller })).toEqual(refused("no-such-call"));
    entered(mirror, conference, leg);
    Object.assign(mirror.calls.get(leg) ?? expect.unreachable(), { direction: "out" });
    expect(await execute({ type: "cancel-dial", call: leg })).toEqual(refused("no-such-call"));
    expect([names(), mirror.calls.get(caller)]).toEqual([[], call]);
  });

  test("of a call that is gone is done, and one that Asterisk refuses leaves the call to end by itself", async () => {
    const call = entered(mirror, conference);
    answers.hangUp = 500;
    expect(await execute({ type: "expel", call: caller })).toEqual(refused("refused"));
    expect(call.ending).toBeNull();
    answers.hangUp = 404;
    expect(await execute({ type: "expel", call: caller })).toEqual(done);
    expect(mirror.state().calls).toMatchObject([{ call: caller, stage: "ended", reason: "expelled" }]);
  });
});

describe("a conference", () => {
  const create = { type: "create-conference", maxCallers: 5, anonymousId: "0444" } as const;
  const other = "111" as ConfKey;

  test("is not made to renew one that is gone, nor where Asterisk takes no calls, nor where nothing can be noted", async () => {
    expect(await execute({ ...create, renews: true }, other)).toEqual(refused("no-such-conference"));
    answers.createChannel = 503;
    expect(await execute(create, other)).toEqual(refused("capacity"));
    expect(notices).toEqual([expect.stringContaining("about to end")]);
    answers.createChannel = 200;
    answers.setGlobalVar = 500;
    expect(await execute(create, other)).toEqual(refused("refused"));
    expect(names()).not.toContain("createBridge");
    // What was made to see whether Asterisk takes calls is gone.
    expect(names().slice(-3)).toEqual(["createChannel", "hangUp", "setGlobalVar"]);
    expect(mirror.conferences.has(other)).toBe(false);
  });

  test("is no bridge of its id that has another name", async () => {
    answers.createBridge = 409;
    answers.getBridge = { status: 200, body: { id: "bridgehead-o1", name: "other", channels: [] } };
    expect(await execute(create, other)).toEqual(refused("refused"));
  });

  test("that ends is noted no more, and its bridges go, the main one last", async () => {
    conference.rooms.set(side, { bridge: "bridge-2", kind: "sub" });
    entered(mirror, conference);
    answers.hangUp = 404;
    expect(await execute({ type: "end-conference" })).toEqual(done);
    expect(asked.slice(1)).toEqual([
      ["destroyBridge", { bridgeId: "bridge-2" }],
      ["destroyBridge", { bridgeId: "bridge-1" }],
      ["setGlobalVar", { variable: "BRIDGEHEAD_CONFERENCE_bridge-1" }],
    ]);
  });

  test("ends also where one of its calls is being ended by another command", async () => {
    entered(mirror, conference);
    const results = [execute({ type: "expel", call: caller }), execute({ type: "end-conference" })];
    expect(await Promise.all(results)).toEqual([done, done]);
    expect(mirror.conferences.size).toBe(0);
  });

  test("that somebody else has ended does not come back by a bridge that is about to go", async () => {
    executor.begin([{ type: "destroy-bridge", bridge: "bridge-9" }]);
    expect(mirror.goneBridges.has("bridge-9")).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(names()).toEqual(["destroyBridge", "setGlobalVar"]);
  });

  test("has one room of a name, and its main room is neither made nor closed", async () => {
    const room = { type: "create-room", room: side, kind: "sub" } as const;
    expect([await execute(room), await execute(room)]).toEqual([done, done]);
    expect(names().filter((name) => name === "createBridge")).toHaveLength(1);
    expect(await execute({ ...room, room: MAIN_ROOM })).toEqual(refused("refused"));
    expect(await execute({ type: "close-room", room: MAIN_ROOM })).toEqual(refused("no-such-room"));
    expect(await execute({ type: "close-room", room: side })).toEqual(done);
    expect(asked.filter(([name]) => name === "destroyBridge")).toEqual([
      ["destroyBridge", { bridgeId: "bridgehead-o1" }],
    ]);
  });
});

describe("a dial", () => {
  const number = { country: "1", area: "408", local: "5551234", extension: "" };
  const dial = (more: object = {}): BridgeCommand => ({
    ...{ type: "dial", call: leg, number, waitMs: 30_000 },
    ...more,
  });

  test("of an id that is or was a call's, or may have been dialled, is refused", async () => {
    const uses = [
      () => dialled(mirror, conference, leg),
      () => mirror.end(mirror.calls.get(leg) ?? expect.unreachable(), "busy"),
      () => {
        mirror.endedCalls.clear();
        mirror.noteDialled(conference, newCall(leg, "out"));
      },
    ];
    for (const use of uses) {
      use();
      expect(await execute(dial())).toEqual(refused("refused"));
    }
    expect(names()).toEqual([]);
  });

  test("is noted before it is begun, and as dialled behind", async () => {
    expect(await execute(dial())).toEqual(done);
    const noted = asked.findIndex(([name, { value }]) => name === "setGlobalVar" && String(value).includes(leg));
    expect(noted).toBeGreaterThan(-1);
    expect(noted).toBeLessThan(names().indexOf("dial"));
    expect(written()).toMatchObject({ isDialled: true, number: "14085551234" });
    expect(mirror.calls.get(leg)?.isDialled).toBe(true);
  });

  test("that comes to nothing leaves no call behind", async () => {
    answers.createChannel = ({ channelId }) => (channelId === leg ? 500 : 200);
    expect(await execute(dial())).toEqual(refused("refused"));
    answers.createChannel = () => {
      throw new AriFailure("it does not answer");
    };
    await expect(execute(dial())).rejects.toThrow(AriFailure);
    expect(mirror.calls.size).toBe(0);
  });

  test("to a telephone that is not there is done: its end is reported; any other refusal of Asterisk is one", async () => {
    answers.dial = 404;
    expect(await execute(dial())).toEqual(done);
    answers.dial = 500;
    expect(await execute(dial({ call: "leg-2" }))).toEqual(refused("refused"));
  });

  test("that is answered in time, or is over, is not hung up on for nobody answered", async () => {
    const context = { ari, mirror } as ExecutorContext;
    const call = dialled(mirror, conference, leg);
    await limitRinging(context, leg);
    expect(asked).toEqual([["hangUp", { channelId: leg, reason: "no_answer" }]]);

    asked.length = 0;
    Object.assign(call, { ending: null, stage: "answered" });
    await limitRinging(context, leg);
    Object.assign(call, { stage: "ringing" });
    const limited = limitRinging(context, leg);
    mirror.end(call, "busy");
    await limited;
    expect(asked).toEqual([]);
  });

  test("that was found, and that nobody waits for any more, is given up, and its end is reported", async () => {
    const call = dialled(mirror, conference, leg);
    await dialFound({ ari, mirror } as ExecutorContext, leg);
    expect(names().slice(-1)).toEqual(["hangUp"]);
    expect(call.ending).toEqual({ reason: "refused", isReported: true });
  });

  test("that is being ended is neither begun by the next agent nor settled", async () => {
    const call = dialled(mirror, conference, leg);
    call.ending = { reason: "cancelled", isReported: false };
    const context = { ari, mirror, mutex: new KeyedMutex() } as unknown as ExecutorContext;
    await Promise.all([dialFound(context, leg), settleDial(context, leg)]);
    expect([asked, call.ending]).toEqual([[], { reason: "cancelled", isReported: false }]);
  });

  test("has its extension dialled once: it is noted as done before", async () => {
    answered({ extension: "12" });
    const context = { ari, mirror, voice: { free: async () => {} } } as unknown as ExecutorContext;
    await dialExtension(context, leg);
    expect(names()).toEqual(["setChannelVar", "sendDtmf"]);
    expect(written()).toMatchObject({ extension: "" });
    expect(mirror.calls.get(leg)?.extension).toBe("");
  });
});
