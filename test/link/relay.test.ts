import { expect, test } from "vitest";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { NumberedReport } from "../../src/bridge/events.ts";
import type { CommandId, ConfKey, StreamId } from "../../src/foundation/ids.ts";
import type { AgentToEdge } from "../../src/link/messages.ts";
import {
  type ForConference,
  HEARTBEAT_MS,
  hasPorts,
  joinWaiting,
  PINGS_WITHIN_MS,
  type RelayInput,
  type RelayState,
  restore,
  SILENCE_MS,
  step,
} from "../../src/link/relay.ts";

const nobody: RelayState = { epoch: 0, lastActive: null, links: [] };
const keypad = { merge: "*1", mute: "*6" };
const conference = "555111222" as ConfKey;
const stream = "s1" as StreamId;
const commands: IssuedCommand[] = [{ id: "o1" as CommandId, command: { type: "lock" } }];
const report: NumberedReport = { number: 1, report: { type: "event", event: { type: "conference-ended" } } };

const none = { place: 0, by: "" };
const opened = (id: string, agent: string): RelayInput => {
  return { type: "opened", id, agent, alone: false, keypad, idLimit: none };
};
const says = (id: string, message: AgentToEdge): RelayInput => ({ type: "message", id, message, at: 1_000 });
const sent: RelayInput = { type: "commands", conference, commands };
const ping = { type: "ping" } as const;

/** Each effect as a line, so that a story reads as one. */
function story(...inputs: RelayInput[]): { readonly state: RelayState; readonly last: readonly string[] } {
  let state: RelayState = nobody;
  let last: readonly string[] = [];
  for (const input of inputs) {
    const next = step(state, input, 0);
    state = next.state;
    last = next.effects.map((effect) => {
      if (effect.type === "close") return `close ${effect.id}: ${effect.why}`;
      if (effect.type === "commands-ack") return `${effect.conference} hears: acks ${effect.ids.join()}`;
      if (effect.type === "digest") return `${effect.conference} hears: digest ${effect.digest}`;
      if (effect.type === "reports") return `${effect.conference} hears: ${effect.reports.length} of ${effect.stream}`;
      if (effect.type === "prompt-calls") return `the directory hears: ${effect.calls.length} calls at the prompt`;
      const { message } = effect;
      const epoch = "epoch" in message ? ` ${message.epoch}` : "";
      const role = "role" in message ? ` ${message.role}` : "";
      return `${effect.id} < ${message.type}${role}${epoch}`;
    });
  }
  return { state, last };
}

const two = [opened("a", "agent-1"), opened("b", "agent-2")];

test("an agent whose silence is noticed late has time for a ping, and less than a silence takes", () => {
  expect(PINGS_WITHIN_MS).toBeGreaterThan(HEARTBEAT_MS);
  expect(PINGS_WITHIN_MS).toBeLessThan(SILENCE_MS);
});

test("the first agent that proves itself is active, with an epoch that no other had", () => {
  const { state, effects } = step({ ...nobody, epoch: 4 }, opened("a", "agent-1"), 0);

  expect(state.epoch).toBe(5);
  expect(effects).toEqual([
    {
      type: "send",
      id: "a",
      message: {
        type: "welcome",
        role: "active",
        epoch: 5,
        activeSince: 5,
        heartbeatMs: HEARTBEAT_MS,
        alone: false,
        keypad,
      },
    },
  ]);
});

test("what a standby saw of callers at the prompt counts, too: it acted when it saw that", () => {
  const said = { type: "prompt-calls", upTo: 3, calls: [], at: 1 } as const;
  const { last } = story(...two, { type: "message", id: "b", message: said, at: 0 });
  expect(last).toEqual(["the directory hears: 0 calls at the prompt"]);
});

test("a second agent is standby under the same epoch", () => {
  expect(story(...two).last).toEqual(["b < welcome standby 1"]);
});

test("commands go to the active agent, under the epoch", () => {
  expect(story(...two, sent).last).toEqual(["a < commands 1"]);
  expect(story(sent).last).toEqual([]);
});

test("when the active agent goes, the standby takes over with a new epoch", () => {
  const { state, last } = story(...two, { type: "closed", id: "a" });

  expect(last).toEqual(["b < activate 2"]);
  expect(state.links).toMatchObject([{ id: "b", role: "active" }]);
});

test("when the standby goes, nothing changes", () => {
  expect(story(...two, { type: "closed", id: "b" })).toMatchObject({ last: [], state: { epoch: 1 } });
});

test("a silent agent is closed, and the other one takes over", () => {
  expect(story(...two, { type: "silent", ids: ["a"] }).last).toEqual(["close a: silent", "b < activate 2"]);
  expect(story(...two, { type: "silent", ids: ["a", "b"] })).toMatchObject({
    last: ["close a: silent", "close b: silent"],
    state: { links: [] },
  });
});

test("agents whose settings changed are closed, all of them before another one takes over", () => {
  expect(story(...two, { type: "settings-changed", agents: ["agent-1", "agent-9"] }).last).toEqual([
    "close a: settingsChanged",
    "b < activate 2",
  ]);
  expect(story(...two, { type: "settings-changed", agents: ["agent-1", "agent-2"] })).toMatchObject({
    last: ["close a: settingsChanged", "close b: settingsChanged"],
    state: { links: [], epoch: 1 },
  });
});

test("the link of an active agent whose socket was lost stays, and keeps others from acting", () => {
  const restored = restore({ ...nobody, epoch: 4 }, { id: "a", agent: "agent-1" });
  const { state, effects } = step(restored, opened("b", "agent-2"), 0);

  expect(state.links).toMatchObject([
    { id: "a", role: "active" },
    { id: "b", role: "standby" },
  ]);
  expect(effects).toMatchObject([{ message: { type: "welcome", role: "standby", epoch: 4 } }]);
});

test("an agent that connects again replaces its older socket", () => {
  const again = [opened("a", "agent-1"), opened("c", "agent-1")];

  expect(story(...again).last).toEqual(["close a: replaced", "c < welcome active 2"]);
  expect(story(...again, { type: "closed", id: "a" })).toMatchObject({ last: [], state: { epoch: 2 } });
});

test("an active agent that connects again stays active", () => {
  expect(story(...two, opened("c", "agent-1")).last).toEqual(["close a: replaced", "c < welcome active 2"]);
});

test("an active agent is told since when no other one was active", () => {
  const sinceOf = (...inputs: RelayInput[]) => story(...inputs).state.lastActive?.since;
  const gone: RelayInput = { type: "closed", id: "a" };
  expect(sinceOf(opened("a", "agent-1"))).toBe(1);
  expect(sinceOf(opened("a", "agent-1"), gone, opened("c", "agent-1"), opened("d", "agent-1"))).toBe(1);
  expect(sinceOf(...two, gone)).toBe(2);
  expect(sinceOf(...two, gone, opened("c", "agent-1"), { type: "closed", id: "b" })).toBe(3);
});

test("epochs go by the clock where it is ahead, and never twice: a relay that has lost its state is ahead of the one before", () => {
  const at = 1_800_000_000_000;
  const again = (state: RelayState, time: number) => step(state, opened("a", "agent-1"), time).state;
  const first = again(nobody, at);
  expect([first, again(first, at + 999), again(first, 0)].map(({ epoch }) => epoch)).toEqual([
    1_800_000_000, 1_800_000_001, 1_800_000_001,
  ]);
  expect(again(nobody, at + 2_000)).toMatchObject({ epoch: 1_800_000_002, lastActive: { since: 1_800_000_002 } });
});

test("an agent that is the only one of its bridge goes on where it was, also after the edge has lost its state", () => {
  const { state } = step(nobody, { ...opened("a", "agent-1"), alone: true } as RelayInput, 5_000);
  expect(state).toMatchObject({ epoch: 5, lastActive: { agent: "agent-1", since: 0 } });
});

test("an agent that has lost its bridge gives its place to one that has it, and to no other", () => {
  const health = (id: string, bridgeUp: boolean) =>
    says(id, { type: "health", bridgeUp, portsInUse: 0, ports: null, version: "1" });
  const away: RelayInput = { type: "bridge-away" };
  expect(story(...two, health("a", false), away).last).toEqual([]);
  expect(story(...two, health("a", false), health("b", false), away).last).toEqual([]);
  expect(story(...two, health("a", false), health("b", true), away).last).toEqual([
    "close a: bridgeAway",
    "b < activate 2",
  ]);
  const three = [...two, opened("c", "agent-3"), health("c", true)];
  expect(story(...three, { type: "closed", id: "a" }).last).toEqual(["c < activate 2"]);
});

test("asked for by an operator, the active agent gives its place to a standby that has the bridge, and to no other", () => {
  const health = (id: string, bridgeUp: boolean) =>
    says(id, { type: "health", bridgeUp, portsInUse: 0, ports: null, version: "1" });
  const handOver: RelayInput = { type: "hand-over" };
  expect(story(handOver).last).toEqual([]);
  expect(story(opened("a", "agent-1"), health("a", true), handOver).last).toEqual([]);
  expect(story(...two, health("b", false), handOver).last).toEqual([]);
  const handed = [...two, health("b", true), handOver];
  expect(story(...handed).last).toEqual(["close a: handedOver", "b < activate 2"]);
  expect(story(...handed, opened("c", "agent-1")).last).toEqual(["c < welcome standby 2"]);
  expect(story(...handed, sent).last).toEqual(["b < commands 2"]);
});

test("sends the bridge's missing abilities with the reports", () => {
  const health = { type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1" } as const;
  const reports = (id: string, epoch: number) =>
    says(id, { type: "reports", epoch, conference, stream: "s1" as StreamId, reports: [report] });
  const heardFrom = (state: RelayState, input: RelayInput) => {
    const [effect] = step(state, input, 0).effects;
    return effect?.type === "reports" ? effect.cannot : null;
  };

  const { state } = story(...two, says("a", { ...health, cannot: ["dial"] }), says("b", health));
  expect(heardFrom(state, reports("a", 1))).toEqual(["dial"]);
  const taken = step(state, { type: "closed", id: "a" }, 0);
  expect(heardFrom(taken.state, reports("b", 2))).toEqual([]);
});

test("the time without a bridge counts from the first word of it", () => {
  const says = (bridgeUp: boolean, at: number): RelayInput => {
    return {
      type: "message",
      id: "a",
      message: { type: "health", bridgeUp, portsInUse: 0, ports: null, version: "1" },
      at,
    };
  };
  const since = (...inputs: RelayInput[]) => story(...two, ...inputs).state.links[0]?.bridgeAwaySince;
  expect(since()).toBeNull();
  expect(since(says(false, 5), says(false, 6))).toBe(5);
  expect(since(says(false, 5), says(true, 6))).toBeNull();
});

test("an agent that sends what is no message is closed, and the other one takes over", () => {
  expect(story(...two, { type: "bad-message", id: "a", why: "badMessage" }).last).toEqual([
    "close a: badMessage",
    "b < activate 2",
  ]);
});

test("what comes by a socket that was closed changes nothing", () => {
  const { state } = story(...two);

  expect(story(...two, says("gone", ping))).toEqual({ last: [], state });
  expect(story(...two, { type: "bad-message", id: "gone", why: "badMessage" })).toEqual({ last: [], state });
});

test("an agent that connects 1,000 times, half of its links being half-open, has one session, and its reports come once", () => {
  let state: RelayState = nobody;
  const apply = (input: RelayInput) => {
    const next = step(state, input, 0);
    state = next.state;
    return next.effects;
  };
  const closed: string[] = [];
  const heard: string[] = [];
  for (let round = 1; round <= 1_000; round += 1) {
    const id = `n${round}`;
    for (const effect of apply(opened(id, "agent-1"))) if (effect.type === "close") closed.push(effect.id);
    const message = { type: "reports", epoch: state.epoch, conference, stream, reports: [report] } as const;
    for (let old = Math.max(1, round - 5); old <= round; old += 1) {
      for (const effect of apply(says(`n${old}`, message)))
        if (effect.type === "reports") heard.push(`${round}: ${effect.id}`);
    }
    expect(state.links).toMatchObject([{ id, role: "active" }]);
    // The relay never notices the end of every other link.
    if (round % 2 === 0) apply({ type: "closed", id });
  }

  expect(heard).toEqual(Array.from({ length: 1_000 }, (_, index) => `${index + 1}: n${index + 1}`));
  expect(new Set(closed).size).toBe(closed.length);
});

test("only what the active agent reports under its own epoch is passed on", () => {
  const reports = (epoch: number) => ({ type: "reports", epoch, conference, stream, reports: [report] }) as const;

  expect(story(...two, says("a", reports(1))).last).toEqual(["555111222 hears: 1 of s1"]);
  expect(story(...two, says("a", reports(0))).last).toEqual([]);
  expect(story(...two, says("b", reports(1))).last).toEqual([]);
});

test("each digest of the active agent goes to its conference", () => {
  const digests = [
    { conference, digest: "d1" },
    { conference: "555111333" as ConfKey, digest: "d2" },
  ];
  const digestsOf = (epoch: number) => ({ type: "digests", epoch, digests }) as const;

  expect(story(...two, says("a", digestsOf(1))).last).toEqual([
    "555111222 hears: digest d1",
    "555111333 hears: digest d2",
  ]);
  expect(story(...two, says("a", digestsOf(0))).last).toEqual([]);
  expect(story(...two, says("b", digestsOf(1))).last).toEqual([]);
});

test("only the acks of the active agent count", () => {
  const acked = { type: "commands-ack", conference, ids: ["o1" as CommandId] } as const;

  expect(story(...two, says("a", acked)).last).toEqual(["555111222 hears: acks o1"]);
  expect(story(...two, says("b", acked)).last).toEqual([]);
});

test("treats an ack without `waiting` as complete", () => {
  const { state } = story(...two);
  const acked = { type: "commands-ack", conference, ids: ["o1" as CommandId] } as const;

  expect(step(state, says("a", acked), 0).effects).toEqual([{ ...acked, waiting: [] }]);
});

const batch = (first: number, last = first, id = "a", ofStream = "s1"): ForConference => {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const reports = numbers.map((number) => ({ ...report, number }));
  return { type: "reports", id, conference, stream: ofStream as StreamId, cannot: [], reports };
};
const ack = (...ids: string[]): ForConference => ackOf(ids, []);
const ackOf = (ids: readonly string[], waiting: readonly string[]): ForConference => ({
  ...{ type: "commands-ack", conference, ids: ids as CommandId[], waiting: waiting as CommandId[] },
});
const digest = (value: string): ForConference => ({ type: "digest", id: "a", conference, digest: value });
const waiting = (...said: ForConference[]) => said.reduce<readonly ForConference[]>(joinWaiting, []);

test("acks wait together and first, the newest digest alone and last", () => {
  expect(waiting(digest("d1"), batch(1), ack("o1"), batch(2), digest("d2"), ack("o1", "o2"))).toEqual([
    ack("o1", "o2"),
    batch(1),
    batch(2),
    digest("d2"),
  ]);
});

test("an ack that waits says what the bridge was given as the newest ack does", () => {
  expect(waiting(ackOf(["o1", "o2", "o3"], ["o2", "o3"]), ackOf(["o2", "o4"], ["o4"]))).toEqual([
    ackOf(["o1", "o2", "o3", "o4"], ["o3", "o4"]),
  ]);
});

test("reports that follow one another all wait, but not without bound", () => {
  const all = Array.from({ length: 100 }, (_, index) => batch(index + 1));

  expect(waiting(...all)).toEqual(all.slice(0, 16));
});

test.each([
  ["another link", batch(3, 3, "b")],
  ["another stream", batch(3, 3, "a", "s2")],
  ["an earlier place", batch(1, 4)],
])("reports from %s take the place of those that wait", (_from, instead) => {
  expect(waiting(batch(2), instead)).toEqual([instead]);
});

test.each([
  ["silent", { type: "silent", ids: ["a"] }],
  ["closed", { type: "closed", id: "a" }],
  ["settingsChanged", { type: "settings-changed", agents: ["agent-1"] }],
  ["tooMuch", { type: "bad-message", id: "a", why: "tooMuch" }],
] as const)("the standby that takes over is told whose place it takes, and why: %s", (why, input) => {
  const before = two.reduce<RelayState>((state, one) => step(state, one, 0).state, nobody);

  expect(step(before, input, 0).effects.at(-1)).toEqual({
    type: "send",
    id: "b",
    message: { type: "activate", epoch: 2, replaces: { agent: "agent-1", why } },
  });
});

test("a relay that has lost no active link gets none back", () => {
  const { state } = story(...two);
  expect(restore(state, { id: "z", agent: "agent-9" })).toBe(state);
  expect(restore(nobody, null)).toBe(nobody);
});

test("the agent that takes over hears in whose place it is, and why", () => {
  const replaces = (input: RelayInput, state = story(...two, opened("c", "agent-3")).state) =>
    step(state, input, 0).effects.flatMap((effect) =>
      effect.type === "send" && effect.message.type === "activate" ? [effect.message.replaces] : [],
    );
  expect(replaces({ type: "silent", ids: ["b", "a"] })).toEqual([{ agent: "agent-1", why: "silent" }]);
  expect(replaces({ type: "closed", id: "a" })).toEqual([{ agent: "agent-1", why: "closed" }]);
  expect(replaces({ type: "silent", ids: ["b"] })).toEqual([]);
});

test("of another agent that acted before, a new one is told, also where it is alone by now", () => {
  const alone = (id: string, agent: string) => ({ ...opened(id, agent), alone: true }) as RelayInput;
  const sinceIn = (last: RelayInput, ...before: RelayInput[]) => {
    const [greeting] = step(story(...before).state, last, 0).effects;
    return greeting?.type === "send" && greeting.message.type === "welcome" ? greeting.message.activeSince : null;
  };
  const gone: RelayInput = { type: "closed", id: "a" };
  expect(sinceIn(alone("a", "agent-1"))).toBe(0);
  expect(sinceIn(alone("c", "agent-2"), opened("a", "agent-1"), gone)).toBe(2);
  expect(sinceIn(opened("c", "agent-1"), opened("a", "agent-1"), gone)).toBe(1);
});

test("an agent hears of a later epoch of the edge, where there is one", () => {
  const welcome = (more: object) => {
    const [greeting] = step(nobody, { ...opened("a", "agent-1"), ...more } as RelayInput, 0).effects;
    return greeting?.type === "send" ? greeting.message : null;
  };
  expect(welcome({ edgeEpoch: 7 })).toMatchObject({ edgeEpoch: 7 });
  expect(welcome({})).not.toHaveProperty("edgeEpoch");
});

test("resends the id limit at each hello until the agent has it", () => {
  const limit = { place: 7, by: "a life" };
  const keeping = (id: string, agent: string, place: number) =>
    ({ ...opened(id, agent), idLimit: { place, by: "a life" } }) as RelayInput;
  const handed = (state: RelayState, input: RelayInput) =>
    step(state, input, 0).effects.flatMap((effect) =>
      effect.type === "send" && effect.message.type === "id-limit" ? [[effect.id, effect.message.place]] : [],
    );
  const { state } = story(keeping("a", "agent-1", 0), keeping("b", "agent-2", 0));
  expect(handed(state, { type: "id-limit", limit })).toEqual([
    ["a", 7],
    ["b", 7],
  ]);
  const limited = step(state, { type: "id-limit", limit }, 0).state;
  expect(limited.idLimit).toEqual(limit);
  expect([6, 7, 8].map((place) => handed(limited, keeping("c", "agent-3", place)).length)).toEqual([1, 0, 0]);
  expect(handed(state, keeping("c", "agent-3", 0))).toEqual([]);

  const kept = step(limited, says("b", { type: "id-limit-kept", ...limit }), 0).state;
  expect(kept.links.map(({ idLimit }) => idLimit.place)).toEqual([0, 7]);
});

test("how far an agent's clock is ahead is said with its reports, where it says its time", () => {
  const said = (at: object): AgentToEdge => ({
    type: "reports",
    epoch: 1,
    conference,
    stream,
    reports: [report],
    ...at,
  });
  const aheadIn = (at: object) => {
    const [effect] = step(story(...two).state, says("a", said(at)), 0).effects;
    return effect?.type === "reports" ? effect.aheadMs : null;
  };
  expect([aheadIn({ at: 4_000 }), aheadIn({ at: 400 }), aheadIn({})]).toEqual([3_000, -600, undefined]);
});

const health = (id: string, at: number, more: object): RelayInput => {
  const message = { type: "health", bridgeUp: true, portsInUse: 5, ports: 10, version: "1", ...more } as AgentToEdge;
  return { type: "message", id, message, at };
};

test.each<[string, object, number | undefined]>([
  ["a port is free still", {}, 1_000],
  ["the last port is free", { portsInUse: 9 }, 1_000],
  ["no port is free", { portsInUse: 10 }, undefined],
  ["it is not known yet how many are in use", { portsUnread: true }, 1_000],
  ["the bridge is away", { bridgeUp: false }, undefined],
  ["the bridge has no limit", { ports: null }, undefined],
  ["the bridge has no ports", { ports: 0, portsInUse: 0 }, undefined],
])("since when a port is free counts from the first word of it: then %s", (_what, more, since) => {
  const { state } = story(...two, health("a", 1_000, {}), health("a", 2_000, more));
  expect(state.links.find(({ id }) => id === "a")?.freeSince).toBe(since);
});

test("what a standby says of ports counts once it acts", () => {
  const taken = (more: object) => {
    const { state } = story(...two, health("b", 1_000, more));
    expect(state.links.find(({ id }) => id === "b")).not.toHaveProperty("freeSince");
    return step(state, { type: "closed", id: "a" }, 9_000).state.links[0];
  };
  expect(taken({})?.freeSince).toBe(9_000);
  expect(taken({ portsInUse: 10 })).not.toHaveProperty("freeSince");
});

test("a sign of life changes nothing: of health, only what is said of it counts", () => {
  const { state } = story(...two, health("a", 1_000, {}));
  expect(step(state, says("a", ping), 2_000)).toEqual({ state, effects: [] });
});

test("a bridge that has no ports, or no limit of them, or does not say, is not full", () => {
  const isCounted = (more: object) => hasPorts({ bridgeUp: true, portsInUse: 0, ports: 10, version: "1", ...more });
  expect(
    [{}, { ports: 1 }, { ports: 0 }, { ports: null }, { portsUnread: true }, { bridgeUp: false }].map(isCounted),
  ).toEqual([...[true, true, false, false, false, false]]);
});

test("reports behind a gap find no place: the agent repeats what is missing", () => {
  const sent = (...numbers: readonly number[]): ForConference => ({
    ...{ type: "reports", id: "a", conference, stream, cannot: [] },
    reports: numbers.map((number) => ({ ...report, number })),
  });
  const numbersIn = (waiting: readonly ForConference[]) =>
    waiting.flatMap((one) => (one.type === "reports" ? one.reports.map(({ number }) => number) : []));
  expect(numbersIn(joinWaiting([sent(1)], sent(3)))).toEqual([1]);
  expect(numbersIn(joinWaiting([sent(1)], sent(2)))).toEqual([1, 2]);
  // Nothing in it is nothing new, and nothing to go on from.
  expect(joinWaiting([sent(1)], sent())).toHaveLength(2);
  expect(numbersIn(joinWaiting([sent()], sent(1)))).toEqual([1]);
});
