import { beforeEach, describe, expect, test } from "vitest";
import { control } from "../../simulators/bridge/control.ts";
import { Machine } from "../../simulators/bridge/machine.ts";
import type { BridgeCommand, CommandResult } from "../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { Clock } from "../simulation/clock.ts";

const key = "987654321" as ConfKey;
const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: null };

let time: Clock;
let events: BridgeEvent[];
let timesBackUp: number;
let machine: Machine;

beforeEach(() => {
  time = new Clock();
  events = [];
  timesBackUp = 0;
  machine = new Machine(
    "boot",
    time,
    (event) => events.push(event),
    () => {
      timesBackUp += 1;
    },
  );
});

function ask(method: string, path: string, body?: unknown) {
  return control(machine, method, path, body === undefined ? "" : JSON.stringify(body));
}
function execute(
  name: string,
  command: BridgeCommand,
  conference: ConfKey | null = key,
  owner = "local/simulated",
): CommandResult[] {
  const results: CommandResult[] = [];
  machine.execute(owner, name as CommandId, conference, command, (result) => results.push(result));
  return results;
}
function dialIn(keys = ""): CallId {
  return machine.dialIn("14085551234", keys);
}
function admit(call: CallId): BridgeCommand {
  return { type: "admit", call, muted: false, joinTone: true, attendeeId: "444" };
}
function dial(call: string, waitMs = 30_000): BridgeCommand {
  const number = { country: "1", area: "408", local: "5550002", extension: "12" };
  return { type: "dial", call: call as CallId, number, waitMs };
}
const ok = { status: 200, body: {} };

test("a bridge that is full is busy for callers, of whom agents hear nothing, and dials nobody, until a call is over", () => {
  machine.world.ports = 2;
  execute("k1", create);
  expect(execute("k2", dial("d1"))).toEqual([{ done: true }]);
  const first = dialIn();
  events.length = 0;

  const second = dialIn("9#");
  expect(machine.world.find(second)).toMatchObject({ stage: "ended", endReason: "busy" });
  expect(execute("k3", dial("d2"))).toEqual([{ done: false, reason: "capacity" }]);
  expect(events).toEqual([]);

  const call = machine.world.find(first);
  if (call) machine.hangUp(call);
  expect(execute("k4", dial("d3"))).toEqual([{ done: true }]);
});

describe("the control interface", () => {
  test("POST /calls: a caller dials in and keys", () => {
    const { status, body } = ask("POST", "/calls", { from: "14085551234", keys: "9#" });
    const [call] = [...machine.world.calls.keys()];
    expect({ status, body }).toEqual({ status: 201, body: { id: call } });
    expect(events).toEqual([
      { type: "prompted", call, number: "14085551234", dialled: "" },
      { type: "keys", call, keys: "9#" },
    ]);
    ask("POST", "/calls", { from: "", to: "18005551234" });
    expect(events.at(-1)).toMatchObject({ type: "prompted", dialled: "18005551234" });
  });

  test("POST /calls/{id}/keys, talking and hang-up concern that call", () => {
    const call = dialIn();
    execute("a", create);
    execute("b", admit(call));
    execute("c", { type: "report-speakers" });
    events = [];
    expect(ask("POST", `/calls/${call}/keys`, { keys: "*1555#" })).toEqual(ok);
    expect(ask("POST", `/calls/${call}/talking`, { talking: true })).toEqual(ok);
    expect(ask("POST", `/calls/${call}/hang-up`)).toEqual(ok);
    expect(events).toEqual([
      { type: "keys", call, keys: "*1555#" },
      { type: "talking", call, conference: key, talking: true },
      { type: "ended", call, conference: key, reason: "hung-up" },
    ]);
  });

  test("the phone of an ended call does nothing more", () => {
    const call = dialIn();
    ask("POST", `/calls/${call}/hang-up`);
    events = [];
    expect(ask("POST", `/calls/${call}/keys`, { keys: "1" })).toEqual(ok);
    expect(ask("POST", `/calls/${call}/talking`, { talking: true })).toEqual(ok);
    expect(ask("POST", `/calls/${call}/hang-up`)).toEqual(ok);
    expect(events).toEqual([]);
  });

  test.each(["acme/bridge-1", null])("PUT /conferences/{key}: a conference of another owner, %s", (owner) => {
    expect(ask("PUT", `/conferences/${key}`, { owner })).toEqual(ok);
    expect(ask("PUT", `/conferences/${key}`, { owner: "local/simulated" }).status).toBe(409);
    expect(machine.state().conferences).toMatchObject([{ conference: key, owner }]);
    expect(execute("a", create)).toEqual([{ done: false, reason: "refused" }]);
    expect(execute("b", { type: "end-conference" })).toEqual([{ done: false, reason: "no-such-conference" }]);
    expect(events).toEqual([]);
  });

  test("POST /conferences/{key}/lock and end: the host by telephone; a lock that changes nothing is no event", () => {
    execute("a", create);
    expect(ask("POST", `/conferences/${key}/lock`, { locked: true })).toEqual(ok);
    expect(ask("POST", `/conferences/${key}/lock`, { locked: true })).toEqual(ok);
    expect(ask("POST", `/conferences/${key}/end`)).toEqual(ok);
    expect(events).toEqual([
      { type: "lock-changed", conference: key, locked: true },
      { type: "conference-ended", conference: key },
    ]);
  });

  test("PUT /numbers/{digits}: the number answers after its time", () => {
    expect(ask("PUT", "/numbers/14085550002", { outcome: "answer", afterMs: 700 })).toEqual(ok);
    execute("a", create);
    execute("b", dial("leg"));
    time.advance(699);
    expect(events).toEqual([]);
    time.advance(1);
    expect(events).toEqual([{ type: "answered", call: "leg", conference: key }]);
  });

  test("a number without a plan answers after 50 ms", () => {
    execute("a", create);
    execute("b", dial("leg"));
    time.advance(49);
    expect(events).toEqual([]);
    time.advance(1);
    expect(events).toEqual([{ type: "answered", call: "leg", conference: key }]);
  });

  test.each([
    ["a number that never answers", { outcome: "no-answer" }],
    ["a number that would answer too late", { outcome: "answer", afterMs: 5_000 }],
  ])("%s is given up exactly when the waiting time is over", (_, plan) => {
    ask("PUT", "/numbers/14085550002", plan);
    execute("a", create);
    execute("b", dial("leg", 2_000));
    time.advance(1_999);
    expect(events).toEqual([]);
    time.advance(1);
    expect(events).toEqual([{ type: "ended", call: "leg", conference: key, reason: "no-answer" }]);
  });

  test("PUT /faults: each command is held up by itself, side by side", () => {
    expect(ask("PUT", "/faults", { delayMs: 100 })).toEqual(ok);
    const first = execute("a", create);
    time.advance(60);
    const second = execute("b", { type: "lock" });
    expect(machine.acts).toEqual([]);
    time.advance(40);
    expect([first, second]).toEqual([[{ done: true }], []]);
    time.advance(60);
    expect(second).toEqual([{ done: true }]);
  });

  test("PUT /faults: the commands named are refused, without effect, until the faults are replaced", () => {
    ask("PUT", "/faults", { refuse: ["create-conference"] });
    expect(execute("a", create)).toEqual([{ done: false, reason: "refused" }]);
    expect(machine.state().conferences).toEqual([]);
    ask("PUT", "/faults", {});
    expect(execute("b", create)).toEqual([{ done: true }]);
    expect(machine.acts.map(({ n, outcome }) => [n, outcome])).toEqual([
      [1, "refused"],
      [2, "done"],
    ]);
  });

  test("PUT /faults: agents begin anew when the bridge is no longer down", () => {
    ask("PUT", "/faults", { down: true });
    expect(timesBackUp).toBe(0);
    ask("PUT", "/faults", { down: false });
    expect(timesBackUp).toBe(1);
  });

  test("POST /reset: calls end and stay listed, everything else is deleted, commands under way are refused", () => {
    ask("PUT", "/numbers/14085550002", { outcome: "busy" });
    execute("a", create);
    const inside = dialIn();
    execute("b", admit(inside));
    const outside = dialIn();
    ask("PUT", "/faults", { delayMs: 100 });
    const held = execute("c", { type: "lock" });
    events = [];

    expect(ask("POST", "/reset")).toEqual(ok);

    expect(events).toEqual([
      { type: "conference-ended", conference: key },
      { type: "ended", call: outside, conference: null, reason: "hung-up" },
    ]);
    expect(held).toEqual([{ done: false, reason: "refused" }]);
    expect(ask("GET", "/acts").body).toEqual({ acts: [] });
    expect(ask("GET", "/state").body).toMatchObject({
      conferences: [],
      calls: [
        { id: inside, state: "ended", endReason: "conference-ended" },
        { id: outside, state: "ended", endReason: "hung-up" },
      ],
    });
    expect([machine.numbers.size, machine.faults.delayMs]).toEqual([0, 0]);
    time.advance(1_000);
    expect(machine.acts).toEqual([]);
  });

  test("GET /state: conferences with rooms and their calls, and every call", () => {
    execute("a", create);
    execute("b", { type: "create-room", room: "r7" as never, kind: "sub" });
    execute("c", dial("leg"));
    const call = dialIn();
    execute("d", admit(call));

    expect(ask("GET", "/state")).toEqual({
      status: 200,
      body: {
        conferences: [
          {
            key,
            locked: false,
            reportsSpeakers: false,
            rooms: [
              { id: "main", kind: "main", calls: [call] },
              { id: "r7", kind: "sub", calls: [] },
            ],
          },
        ],
        calls: [
          {
            id: "leg",
            direction: "out",
            number: "14085550002",
            extension: "12",
            conference: key,
            state: "ringing",
            room: null,
            muted: false,
            joinTone: false,
            talking: false,
            attendeeId: null,
            endReason: null,
          },
          {
            id: call,
            direction: "in",
            number: "14085551234",
            extension: null,
            conference: key,
            state: "in-conference",
            room: "main",
            muted: false,
            joinTone: true,
            talking: false,
            attendeeId: "444",
            endReason: null,
          },
        ],
      },
    });
  });

  test("GET /acts: one entry for each command that was carried out, repeats among them, in command", () => {
    execute("one", create);
    execute("one", create);
    execute("two", dial("leg"));
    execute("three", { type: "move", call: "nobody" as CallId, room: "r7" as never });
    expect(ask("GET", "/acts").body).toEqual({
      acts: [
        { n: 1, act: "create-conference", conference: key, room: null, call: null, commandId: "one", outcome: "done" },
        { n: 2, act: "create-conference", conference: key, room: null, call: null, commandId: "one", outcome: "done" },
        { n: 3, act: "dial", conference: key, room: null, call: "leg", commandId: "two", outcome: "done" },
        { n: 4, act: "move", conference: key, room: "r7", call: "nobody", commandId: "three", outcome: "refused" },
      ],
    });
  });

  test("the id of an ended call dials again", () => {
    execute("a", create);
    execute("b", dial("leg"));
    execute("c", { type: "cancel-dial", call: "leg" as CallId });
    execute("d", dial("leg"));
    time.advance(50);
    expect(events).toEqual([{ type: "answered", call: "leg", conference: key }]);
    expect(machine.state().calls).toHaveLength(1);
  });

  test("a muted call that talks is reported as silent, and as talking again when it is unmuted", () => {
    const call = dialIn();
    execute("a", create);
    execute("b", admit(call));
    execute("c", { type: "report-speakers" });
    events = [];
    ask("POST", `/calls/${call}/talking`, { talking: true });
    execute("d", { type: "mute", call });
    execute("e", { type: "unmute", call });
    expect(events.map((event) => event.type === "talking" && event.talking)).toEqual([true, false, true]);
  });

  test("the last 1,000 ended calls stay listed", () => {
    const calls = Array.from({ length: 1_002 }, () => dialIn());
    for (const call of calls) ask("POST", `/calls/${call}/hang-up`);
    expect(machine.state().calls.map(({ call }) => call)).toEqual(calls.slice(2));
  });
});

describe("what the control interface cannot do", () => {
  const notFound = { status: 404, body: { error: expect.any(String) } };
  const bad = { status: 400, body: { error: expect.any(String) } };

  test.each([
    ["POST", "/calls/nobody/keys", { keys: "1" }],
    ["POST", "/calls/nobody/talking", { talking: true }],
    ["POST", "/calls/nobody/hang-up", undefined],
    ["POST", "/conferences/1/lock", { locked: true }],
    ["POST", "/conferences/1/end", undefined],
    ["POST", "/calls/%E0%A4%A/hang-up", undefined],
    ["GET", "/nothing", undefined],
    ["DELETE", "/state", undefined],
  ])("%s %s is not found", (method, path, body) => {
    expect(ask(method, path, body)).toEqual(notFound);
  });

  test.each([
    ["POST", "/calls", {}],
    ["POST", "/calls", { from: 14085551234 }],
    ["POST", "/calls", { from: "1", keys: "A" }],
    ["POST", "/calls", []],
    ["POST", "/calls", { from: "1", to: "+1" }],
    ["PUT", "/conferences/1", {}],
    ["PUT", "/conferences/1", { owner: "" }],
    ["POST", "/calls/ID/keys", {}],
    ["POST", "/calls/ID/keys", { keys: "1 2" }],
    ["POST", "/calls/ID/talking", { talking: "yes" }],
    ["POST", "/conferences/987654321/lock", {}],
    ["PUT", "/numbers/12x", { outcome: "busy" }],
    ["PUT", "/numbers/12", { result: "maybe" }],
    ["PUT", "/numbers/12", { outcome: "busy", afterMs: -1 }],
    ["PUT", "/faults", { delayMs: "long" }],
    ["PUT", "/faults", { refuse: ["create-conferences"] }],
    ["PUT", "/faults", { down: 1 }],
    ["POST", "/calls", { from: "1", key: "9#" }],
    ["POST", "/calls/ID/keys", { keys: "1", key: "2" }],
    ["POST", "/calls/ID/talking", { talking: true, muted: true }],
    ["POST", "/conferences/987654321/lock", { locked: true, lock: true }],
    ["PUT", "/numbers/12", { outcome: "busy", after: 50 }],
    ["PUT", "/faults", undefined],
  ])("%s %s with %j is a bad body", (method, path, body) => {
    execute("a", create);
    expect(ask(method, path.replace("ID", dialIn()), body)).toEqual(bad);
  });

  test("a misspelt field of the faults is refused, and the faults stay", () => {
    ask("PUT", "/faults", { refuse: ["create-conference"] });
    const error = "donw is no field of this request";
    expect(ask("PUT", "/faults", { donw: true })).toEqual({ status: 400, body: { error } });
    expect(execute("a", create)).toEqual([{ done: false, reason: "refused" }]);
  });

  test.each([
    ["/faults", { delayMs: "long" }, 'delayMs must be a number (it is "long")'],
    ["/numbers/12", {}, "outcome is missing"],
    [
      "/numbers/12",
      { outcome: "maybe" },
      'outcome must be one of "answer", "busy", "reject", "invalid", "no-answer" (it is "maybe")',
    ],
    ["/faults", { refuse: {} }, "refuse must be a list (it is an object)"],
    ["/faults", 3, "the body must be an object (it is 3)"],
    ["/faults", [], "the body must be an object, not a list"],
  ])("PUT %s with %j says what would be right", (path, body, error) => {
    expect(ask("PUT", path, body)).toEqual({ status: 400, body: { error } });
  });

  test("a body that is not JSON is a bad body", () => {
    expect(control(machine, "POST", "/calls", "{")).toEqual(bad);
  });
});
