import { describe, expect, test, vi } from "vitest";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { type Attachment, Relay } from "../../durable-objects/relay/relay.ts";
import type { BridgeCommand, CommandResult, IssuedCommand } from "../../src/bridge/commands.ts";
import type { Comparison } from "../../src/conference/reconcile.ts";
import type { BridgeName, CallId, CommandId, ConfKey, DomainName, StreamId } from "../../src/foundation/ids.ts";
import { err, ok } from "../../src/foundation/result.ts";
import { LINK_PROTOCOL_VERSION } from "../../src/link/hello.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import type { AgentEvent } from "../../src/rpc/directory.ts";
import type { DomainSettingsInput } from "../../src/settings/domain-settings.ts";
import { agentWithoutKey, testDomain } from "../local-domain.ts";
import { Clock } from "../simulation/clock.ts";
import { Database } from "../simulation/database.ts";
import { measuredText } from "./fakes.ts";

const domain = "local" as DomainName;
const bridge = "simulated" as BridgeName;
const [own, foreign] = ["555111222" as ConfKey, "555999999" as ConfKey];
const stream = "s1" as StreamId;
const commands = [{ id: "o1" as CommandId, command: { type: "lock" as const } }];
const dayMs = 86_400_000;

const reports = (conference: ConfKey, number = 1): AgentToEdge => {
  const report = { type: "event", event: { type: "conference-ended" } } as const;
  return { type: "reports", epoch: 1, conference, stream, reports: [{ number, report }] };
};
const digests = (...keys: ConfKey[]): AgentToEdge => {
  return { type: "digests", epoch: 1, digests: keys.map((conference) => ({ conference, digest: "d" })) };
};

/** A relay with one connected agent; `asked` has what the conferences were asked, `sent` what the agent was sent. */
class RelayWorld {
  readonly sql = new Database();
  readonly timers = new Clock();
  readonly asked: string[] = [];
  readonly sent: EdgeToAgent[] = [];
  readonly lines: LogLine[] = [];
  readonly measures = new Measures();
  readonly closed: string[] = [];
  /** What receivers of webhooks are to hear. */
  readonly told: AgentEvent[] = [];
  directoryFails = false;
  webhooks: DomainSettingsInput["webhooks"] = [];
  /** Results of commands that conferences were told. */
  readonly reported: { readonly id: CommandId; readonly result: CommandResult }[] = [];
  readonly sockets = new Map<string, { attachment: Attachment | null; lastSeen: number }>();
  alarmAt: number | null = null;
  now = Date.UTC(2026, 0, 1, 12);
  hangs = false;
  /** By comparing a digest. */
  found: Comparison = "same";
  relay = this.#restart();
  #links = 0;

  static async begin(): Promise<RelayWorld> {
    const world = new RelayWorld();
    world.connect();
    await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
    world.sent.length = 0;
    return world;
  }

  connect(agent = "agent-1", key = agentWithoutKey(agent).publicKey): string {
    const id = `link-${++this.#links}`;
    const hello = { version: LINK_PROTOCOL_VERSION, agent, domain, bridge, at: this.now, key, signature: "s" };
    const challenge = this.relay.refusalOf({ ...hello, challenge: "" })?.["bridgehead-refusal"].slice(5) ?? "";
    if (this.relay.refusalOf({ ...hello, challenge })) throw new Error("refused");
    this.sockets.set(id, { attachment: null, lastSeen: 0 });
    this.relay.opened(id, { ...hello, challenge });
    return id;
  }

  /** Sockets whose close the agent has not answered, among others. */
  socketsOfAgent = 0;

  /** The platform answers the ping by itself. */
  pings(id: string): void {
    Object.assign(this.sockets.get(id) ?? {}, { lastSeen: this.now });
  }

  /** The agent's newest link says this. */
  says(message: AgentToEdge, length = 100): void {
    this.relay.received(`link-${this.#links}`, length, () => ok(message));
  }

  /** The relay sleeps, and wakes with what its sockets and its disk say. */
  sleep(): void {
    this.relay = this.#restart();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }

  #restart(): Relay {
    const { settings } = testDomain({ webhooks: this.webhooks }, ["agent-1", "agent-2"].map(agentWithoutKey));
    const ask = async (line: string): Promise<void> => {
      this.asked.push(line);
      if (this.hangs) await new Promise(() => {});
    };
    return new Relay({
      sql: this.sql,
      after: (ms, run) => this.timers.after(ms, run),
      sockets: {
        attachments: () => [...this.sockets.values()].flatMap(({ attachment }) => attachment ?? []),
        lastSeen: (id) => this.sockets.get(id)?.lastSeen ?? null,
        seen: (id, at) => Object.assign(this.sockets.get(id) ?? {}, { lastSeen: at }),
        countOf: () => this.socketsOfAgent,
        keep: (id, attachment) => Object.assign(this.sockets.get(id) ?? {}, { attachment }),
        send: (id, message) => this.sockets.has(id) && void this.sent.push(message),
        close: (id, code, reason) => {
          this.sockets.delete(id);
          this.closed.push(`${id}: ${code} ${reason}`);
        },
      },
      log: (line) => this.lines.push(line),
      measures: this.measures,
      now: () => this.now,
      newId: () => "challenge",
      setAlarm: async (at) => {
        this.alarmAt = at;
      },
      getAlarm: async () => this.alarmAt,
      settings: () => settings,
      conference: (_, key) => ({
        ackCommands: (from, ids) => ask(`${key} acks ${ids.join()} of ${from}`),
        report: ({ reports, bridge: from, cannot = [] }) => {
          for (const { report } of reports)
            if (report.type === "result") this.reported.push({ id: report.id, result: report.result });
          return ask(`${key} report ${[reports[0]?.number, ...cannot].join(" without ")} of ${from}`).then(() => 1);
        },
        compareDigest: (from) => ask(`${key} digest of ${from}`).then(() => this.found),
      }),
      sweep: (domain) => ask(`${domain} sweeps`),
      tellOfAgents: async (_, events) => {
        if (this.directoryFails) throw new Error("it does not answer");
        this.told.push(...events);
      },
    });
  }
}

test("what an agent says about a conference of the edge reaches the conference, with its bridge", async () => {
  const world = await RelayWorld.begin();
  world.says({ type: "commands-ack", conference: own, ids: ["o1" as CommandId] });
  world.says(reports(own));
  world.says(digests(own));
  await world.settle();

  expect(world.asked).toEqual([
    `${own} acks o1 of ${bridge}`,
    `${own} report 1 of ${bridge}`,
    `${own} digest of ${bridge}`,
  ]);
  expect(world.sent).toEqual([
    { type: "reports-ack", conference: own, stream, upTo: 1 },
    { type: "digest-confirmed", conference: own, digest: "d" },
  ]);
});

test("a conference hears with a report what the bridge cannot do, also from a relay that has slept", async () => {
  const world = await RelayWorld.begin();
  world.says({ type: "health", bridgeUp: true, portsInUse: 0, ports: null, cannot: ["lock"] });
  world.sleep();
  world.says(reports(own));
  await world.settle();

  expect(world.asked).toEqual([`${own} report 1 without lock of ${bridge}`]);
});

test.each([
  ["differs", [{ type: "snapshot-wanted", conference: own }]],
  ["undecided", []],
] as const)("of a digest that is %s, nothing is confirmed", async (found, sent) => {
  const world = await RelayWorld.begin();
  world.found = found;
  world.says(digests(own));
  await world.settle();

  expect(world.sent).toEqual(sent);
});

test("the active agent is asked for a snapshot with the digest that makes it needless", async () => {
  const world = await RelayWorld.begin();
  world.connect("agent-2");
  world.sent.length = 0;
  await world.relay.askForSnapshot(own, "d");
  expect(world.sent).toEqual([{ type: "snapshot-wanted", conference: own, unless: "d" }]);
});

test("what it says about a foreign conference wakes no object, and its reports are acknowledged", async () => {
  const world = await RelayWorld.begin();
  world.says({ type: "commands-ack", conference: foreign, ids: ["o1" as CommandId] });
  world.says(reports(foreign, 7));
  world.says(digests(foreign));
  await world.settle();

  expect(world.asked).toEqual([]);
  expect(world.sent).toEqual([
    { type: "reports-ack", conference: foreign, stream, upTo: 7 },
    { type: "digest-confirmed", conference: foreign, digest: "d" },
  ]);
  expect(world.lines.at(-1)).toMatchObject({ event: "foreign-conference", conference: foreign, agent: "agent-1" });
});

test("an agent's reports about foreign conferences are counted, and no others", async () => {
  const world = await RelayWorld.begin();
  world.says(reports(own));
  world.says(digests(foreign));
  world.says(reports(foreign, 1));
  world.says(reports(foreign, 2));
  expect(measuredText(world.measures, [], 0)).toContain(
    `bridgehead_foreign_reports_total{domain="${domain}",bridge="${bridge}"} 2\n`,
  );
});

test("a conference that asked for a snapshot, or that got commands while no agent was there, is known, also after a sleep", async () => {
  const world = new RelayWorld();
  const asking = "555111333" as ConfKey;
  await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  await world.relay.askForSnapshot(asking, "d");
  world.sleep();
  world.connect();
  world.says(digests(own, asking, foreign));
  await world.settle();

  expect(world.asked).toEqual([`${own} digest of ${bridge}`, `${asking} digest of ${bridge}`]);
});

test("a conference is a row, written once a day, and gone 30 days after the last word about it", async () => {
  const world = await RelayWorld.begin();
  const rows = () => world.sql.exec("SELECT key FROM conference").map(({ key }) => key);
  const before = world.sql.rowsWritten;
  for (let count = 0; count < 10; count += 1) world.says(reports(own, count + 1));
  expect(world.sql.rowsWritten).toBe(before);

  const other = "555111333" as ConfKey;
  await world.relay.sendCommands({ domain, bridge, conference: other, commands, activeSince: null });
  world.now += 20 * dayMs;
  world.connect();
  world.says({ ...digests(other), epoch: 2 } as AgentToEdge);
  world.now += 11 * dayMs;
  await world.relay.sendCommands({ domain, bridge, conference: "555111444" as ConfKey, commands, activeSince: null });
  expect(rows()).toEqual([own, "555111333", "555111444"]);
  world.now += dayMs;
  await world.relay.sendCommands({ domain, bridge, conference: "555111444" as ConfKey, commands, activeSince: null });
  expect(rows()).toEqual(["555111333", "555111444"]);

  world.connect();
  world.says({ ...digests(own, other), epoch: 3 } as AgentToEdge);
  await world.settle();
  expect(world.asked.filter((line) => line.includes("digest"))).toEqual([
    `${other} digest of ${bridge}`,
    `${other} digest of ${bridge}`,
  ]);
});

test("a clock that is far ahead for a moment makes the relay forget nothing", async () => {
  const world = await RelayWorld.begin();
  world.now += 32 * dayMs;
  world.pings("link-1");
  const conference = "555111444" as ConfKey;
  await world.relay.sendCommands({ domain, bridge, conference, commands, activeSince: null });
  world.now -= 32 * dayMs;
  world.says(reports(own));
  await world.settle();
  expect(world.asked).toEqual([`${own} report 1 of ${bridge}`]);
});

test("a foreign conference of which digests come is looked up once", async () => {
  const world = await RelayWorld.begin();
  world.says(digests(foreign));
  const exec = vi.spyOn(world.sql, "exec");
  world.says(digests(foreign));

  expect(exec).not.toHaveBeenCalled();
  await world.relay.sendCommands({ domain, bridge, conference: foreign, commands, activeSince: null });
  world.says(digests(foreign));
  await world.settle();
  expect(world.asked).toEqual([`${foreign} digest of ${bridge}`]);
});

test("12,000 digests in one message close the agent's socket, and wake nothing", async () => {
  const world = await RelayWorld.begin();
  world.says(digests(...Array.from({ length: 12_000 }, (_, index) => String(600_000_000 + index) as ConfKey)));
  await world.settle();

  expect(world.closed).toEqual(["link-1: 4429 tooMuch"]);
  expect(world.asked).toEqual([]);
});

test("reports and digests beyond an agent's allowance are ignored, and their agent stays", async () => {
  const world = await RelayWorld.begin();
  for (let number = 1; number <= 20; number += 1) world.says(reports(own, number), 4_000_000);
  await world.settle();
  expect(world.asked).toHaveLength(8);

  world.now += 1_000;
  world.says(reports(own, 9), 4_000_000);
  await world.settle();
  expect(world.asked.at(-1)).toBe(`${own} report 9 of ${bridge}`);

  const many = digests(...Array.from({ length: 500 }, () => own));
  for (let count = 0; count < 30; count += 1) world.says(many);
  expect(world.closed).toEqual([]);
  expect(world.lines.map(({ event }) => event)).toContain("agent-message-ignored");
});

const health = { type: "health", bridgeUp: true, portsInUse: 3, ports: null } as const;

test("operators are shown the agent's version and what waits there, and strangers who ask for the bridge's health are not", async () => {
  const world = await RelayWorld.begin();
  const ofAgent = { version: "1.4.0", waiting: { commands: 2, reports: 0 } };
  world.says({ ...health, ...ofAgent });

  expect(await world.relay.agents()).toMatchObject([{ health: ofAgent }]);
  expect(await world.relay.health()).toEqual({ agentConnected: true, bridgeUp: true, portsInUse: 3, ports: null });
});

test("a flood of messages is cut off, nothing of it is decoded after that, and a new socket brings no new allowance", async () => {
  const world = await RelayWorld.begin();
  let decoded = 0;
  const flood = (id: string) => {
    for (let count = 0; count < 20_000; count += 1) {
      world.relay.received(id, 30, () => {
        decoded += 1;
        return ok(health);
      });
    }
  };
  flood("link-1");
  flood(world.connect());
  expect(decoded).toBe(10_000);
  expect(world.closed).toEqual(["link-1: 4429 tooMuch", "link-2: 4429 tooMuch"]);

  world.now += 1_000;
  world.connect();
  world.says(health);
  expect(await world.relay.health()).toMatchObject({ portsInUse: 3 });
});

test("one agent's flood leaves the other agent its allowance", async () => {
  const world = await RelayWorld.begin();
  const other = world.connect("agent-2");
  for (let count = 0; count < 10_001; count += 1) world.relay.received("link-1", 30, () => ok(health));
  expect(world.closed).toEqual(["link-1: 4429 tooMuch"]);

  world.relay.received(other, 30, () => ok({ ...health, portsInUse: 7 }));
  expect(await world.relay.health()).toMatchObject({ portsInUse: 7 });
});

test.each([
  ["agent-3", agentWithoutKey("agent-3").publicKey],
  ["agent-1", "B".repeat(43)],
])("%s is closed if the settings lost it, or its key, while it connected", (agent, key) => {
  const world = new RelayWorld();
  world.connect(agent, key);

  expect(world.closed).toEqual(["link-1: 4401 wrongKey"]);
  expect(world.sent).toEqual([]);
});

test("an agent that connects again and again is refused; repeats of its old requests cost it nothing", () => {
  const world = new RelayWorld();
  const old = {
    version: LINK_PROTOCOL_VERSION,
    agent: "agent-1",
    domain,
    bridge,
    at: world.now,
    key: "k",
    signature: "s",
  };
  for (let count = 0; count < 1_000; count += 1) world.relay.refusalOf({ ...old, challenge: "old" });

  for (let count = 0; count < 200; count += 1) world.connect();
  expect(() => world.connect()).toThrow("refused");
  expect(world.sockets.size).toBe(1);

  world.now += 1_000;
  world.connect();
});

test("a conference that hangs holds up what is for it by ten seconds, and nothing else", async () => {
  const world = await RelayWorld.begin();
  const other = "555111333" as ConfKey;
  await world.relay.sendCommands({ domain, bridge, conference: other, commands, activeSince: null });
  world.hangs = true;
  world.says(reports(own, 1));
  await world.settle();
  world.says(reports(own, 2));
  world.says(reports(other, 1));
  await world.settle();
  expect(world.asked).toEqual([`${own} report 1 of ${bridge}`, `${other} report 1 of ${bridge}`]);

  world.timers.advance(10_000);
  await world.settle();
  expect(world.asked.at(-1)).toBe(`${own} report 2 of ${bridge}`);
  expect(world.lines.at(-1)).toMatchObject({ event: "conference-not-reached" });
});

test("an agent that sends what is no message, over ever new sockets, fills no log", async () => {
  const world = await RelayWorld.begin();
  const offend = () => {
    const id = world.connect();
    world.relay.received(id, 5, () => err({ kind: "not-json" }));
  };
  for (let count = 0; count < 100; count += 1) offend();
  const refused = () => world.lines.filter(({ event }) => event === "agent-message-refused");
  expect(refused()).toHaveLength(20);

  world.now += 10_000;
  offend();
  expect(refused().slice(20)).toEqual([
    {
      level: "warn",
      event: "agent-message-refused",
      domain,
      bridge,
      agent: "agent-1",
      droppedBefore: 80,
      kind: "not-json",
    },
  ]);
});

test("a message that is too long is too much, and one that is none a bad message", async () => {
  const world = await RelayWorld.begin();
  world.relay.received("link-1", 10, () => err({ kind: "too-long", length: 5_000_000 }));
  world.connect();
  world.relay.received("link-2", 10, () => err({ kind: "not-json" }));

  expect(world.closed).toEqual(["link-1: 4429 tooMuch", "link-2: 4400 badMessage"]);
});

test("what is dropped since too many conferences wait leaves a line in the log", async () => {
  const world = await RelayWorld.begin();
  world.hangs = true;
  const keys = Array.from({ length: 10_001 }, (_, index) => String(600_000_000 + index) as ConfKey);
  for (const conference of keys) await world.relay.askForSnapshot(conference, "d");
  for (let first = 0; first < keys.length; first += 500) {
    world.says(digests(...keys.slice(first, first + 500)));
    world.now += 1_000;
  }
  await world.settle();

  expect(world.asked).toHaveLength(10_000);
  expect(world.lines).toContainEqual(
    expect.objectContaining({ event: "too-many-conferences-wait", conference: keys.at(-1) }),
  );
});

test("an agent that answers no close gets no more sockets, so that it cannot use up the edge's descriptors", () => {
  const world = new RelayWorld();
  world.socketsOfAgent = 99;
  world.connect();
  world.socketsOfAgent = 100;

  expect(() => world.connect()).toThrow("refused");
});

/** An active agent on `link-1` and a standby on `link-2`, which pings each three seconds up to now. */
async function twoAgents(): Promise<RelayWorld> {
  const world = await RelayWorld.begin();
  world.connect("agent-2");
  for (let count = 0; count < 3; count += 1) {
    world.now += 3_000;
    world.pings("link-2");
  }
  return world;
}

test("a command finds the active agent silent after ten seconds, and goes to the other one at once", async () => {
  const world = await twoAgents();
  const send = () => world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  world.now += 999;
  await send();
  expect(world.closed).toEqual([]);

  world.now += 1;
  world.sent.length = 0;
  await send();
  expect(world.closed).toEqual(["link-1: 4408 silent"]);
  expect(world.sent).toMatchObject([
    { type: "activate", epoch: 2 },
    { type: "commands", epoch: 2 },
  ]);
});

test("any message is a sign of life, also before a sleep", async () => {
  const world = await twoAgents();
  world.relay.received("link-1", 30, () => ok(health));
  world.sleep();
  world.now += 9_999;
  expect(await world.relay.health()).toMatchObject({ agentConnected: true, portsInUse: 3 });

  world.now += 1;
  expect(await world.relay.health()).toMatchObject({ agentConnected: false });
});

test("the alarm comes when the next agent would be silent for too long", async () => {
  const world = await twoAgents();
  const silentAt = world.now + 1_000;
  expect(world.alarmAt).toBe(silentAt);

  world.now = silentAt;
  world.relay.alarm();
  expect(world.closed).toEqual(["link-1: 4408 silent"]);
  expect(world.alarmAt).toBe(silentAt); // Nobody is left who could take the place of the other one.
});

test("an agent that falls silent after the clock was set back is replaced in time all the same", async () => {
  const world = await twoAgents();
  world.now -= 3_600_000;
  await world.relay.health();
  world.now += 9_999;
  world.pings("link-2");
  await world.relay.health();
  expect(world.closed).toEqual([]);

  world.now += 1;
  await world.relay.health();
  expect(world.closed).toEqual(["link-1: 4408 silent"]);
});

test("an active agent whose socket got lost in a sleep is waited for as long as one that is silent", async () => {
  const world = await RelayWorld.begin();
  world.sockets.clear();
  world.now += 60_000;
  world.sleep();
  world.connect("agent-2");
  world.now += 5_000;
  world.sleep();
  world.now += 4_999;
  world.pings("link-2");
  await world.relay.health();
  expect(world.sent.at(-1)).toMatchObject({ type: "welcome", role: "standby" });

  world.now += 1;
  await world.relay.health();
  expect(world.sent.at(-1)).toMatchObject({ type: "activate", epoch: 2 });
});

test("an agent that has lost its bridge gives its place after two seconds to one that has it, also over a sleep", async () => {
  const world = await twoAgents();
  const health = (id: string, bridgeUp: boolean) =>
    world.relay.received(id, 100, () => ok({ type: "health", bridgeUp, portsInUse: 0, ports: null }));
  health("link-2", true);
  health("link-1", false);
  expect(world.alarmAt).toBeLessThanOrEqual(world.now + 2_000);
  world.now += 1_900;
  world.sleep();
  await world.relay.health();
  expect(world.closed).toEqual([]);
  world.now += 100;
  await world.relay.alarm();
  expect(world.closed).toEqual(["link-1: 4411 bridgeAway"]);
  expect(world.sent.at(-1)).toMatchObject({ type: "activate", epoch: 2 });
});

describe("an operator has an agent hand over", () => {
  const withStandby = async () => {
    const world = await twoAgents();
    world.relay.received("link-2", 100, () => ok(health));
    world.sent.length = 0;
    return world;
  };

  test("the standby acts at once, commands go to it from then on, and asked again nothing happens", async () => {
    const world = await withStandby();
    expect(await world.relay.handOver("agent-1")).toEqual({ acts: "agent-2" });
    expect(world.closed).toEqual(["link-1: 4413 handedOver"]);
    const replaces = { agent: "agent-1", why: "handedOver" };
    expect(world.sent).toEqual([{ type: "activate", epoch: 2, replaces }]);

    world.connect("agent-1");
    world.says(health);
    expect(await world.relay.handOver("agent-1")).toEqual({ acts: "agent-2" });
    expect(world.closed).toHaveLength(1);
    const sent = { domain, bridge, conference: own, commands, activeSince: 1 };
    expect(await world.relay.sendCommands(sent)).toBe(2);
    await world.relay.sendCommands({ ...sent, activeSince: 2 });
    expect(world.sent.at(-1)).toEqual({ type: "commands", epoch: 2, conference: own, commands });
  });

  test("it stays where no standby has the bridge, where nobody acts, and where its socket got lost", async () => {
    const alone = await RelayWorld.begin();
    expect(await alone.relay.handOver("agent-1")).toBe("no-standby");
    expect(await new RelayWorld().relay.handOver("agent-1")).toBe("no-agent");

    const world = await withStandby();
    world.sockets.delete("link-1");
    world.sleep();
    expect(await world.relay.handOver("agent-1")).toBe("no-agent");
    expect([...alone.closed, ...world.closed]).toEqual([]);
  });
});

describe("where receivers of webhooks want to hear of agents", () => {
  const receiver = { url: "https://voice.example.com/", secretFrom: "WEBHOOK_SECRET_ACME" };
  const watched = async (...connected: string[]) => {
    const world = new RelayWorld();
    world.webhooks = [receiver];
    world.sleep();
    for (const agent of connected) world.connect(agent);
    await world.settle();
    return world;
  };
  const passes = async (world: RelayWorld, ms: number, ...alive: string[]) => {
    const end = world.now + ms;
    while (world.alarmAt !== null && world.alarmAt <= end) {
      world.now = Math.max(world.now, world.alarmAt);
      world.alarmAt = null;
      for (const id of alive) world.pings(id);
      await world.relay.alarm();
      await world.settle();
    }
    world.now = end;
    for (const id of alive) world.pings(id);
  };
  const told = (world: RelayWorld) => world.told.map(({ type, agent, why, acts }) => `${type} ${agent} ${why} ${acts}`);

  test("an agent that goes is told after ten seconds, with who acts now, and its return", async () => {
    const world = await watched("agent-1", "agent-2");
    world.sockets.delete("link-1");
    world.relay.closed("link-1");
    await passes(world, 9_900, "link-2");
    expect(told(world)).toEqual([]);
    await passes(world, 200, "link-2");
    expect(told(world)).toEqual(["agent.away agent-1 link agent-2"]);
    await passes(world, 600_000, "link-2");
    world.connect("agent-1");
    await world.settle();
    expect(told(world).slice(1)).toEqual(["agent.back agent-1 link agent-2"]);
  });

  test("one that is alone and falls silent is told by itself, though the relay slept; where nobody wants to hear of it, nothing wakes the relay", async () => {
    const world = await watched("agent-1");
    await passes(world, 1_000, "link-1");
    world.sleep();
    await passes(world, 30_500);
    expect(told(world)).toEqual(["agent.away agent-2 link agent-1", "agent.away agent-1 link null"]);

    const unwatched = new RelayWorld();
    unwatched.connect("agent-1");
    expect(unwatched.alarmAt).toBeNull();
    expect([...unwatched.sql.exec("SELECT key FROM entry WHERE key = 'absences'")]).toEqual([]);
  });

  test("what the directory did not take is told again, also by a relay that woke without any socket", async () => {
    const world = await watched("agent-1");
    world.sockets.clear();
    world.relay.closed("link-1");
    world.sleep();
    world.directoryFails = true;
    await passes(world, 11_000);
    expect(told(world)).toEqual([]);
    expect(world.lines.map(({ event }) => event)).toContain("agents-not-told");
    world.directoryFails = false;
    await passes(world, 10_000);
    expect(told(world)).toEqual(["agent.away agent-1 link null", "agent.away agent-2 link null"]);
  });

  test("one that has lost its bridge is told, and once", async () => {
    const world = await watched("agent-1", "agent-2");
    world.relay.received("link-1", 100, () => ok({ ...health, bridgeUp: false }));
    await passes(world, 15_000, "link-1", "link-2");
    expect(told(world)).toEqual(["agent.away agent-1 bridge agent-1"]);
    await passes(world, 60_000, "link-1", "link-2");
    expect(world.told).toHaveLength(1);
  });
});

describe("a bridge that is drained", () => {
  const create = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
  const [mute, again] = [{ type: "mute", call: "c1" as CallId } as const, { again: true } as const];
  const named = (id: string, command: BridgeCommand, more = {}) => ({ id: id as CommandId, command, ...more });
  const send = (world: RelayWorld, conference: ConfKey, ...sent: IssuedCommand[]) =>
    world.relay.sendCommands({ domain, bridge, conference, commands: sent, activeSince: null });

  test("refuses new conferences at once, with and without an agent, and over a sleep; what runs there goes on", async () => {
    const world = await RelayWorld.begin();
    expect(await world.relay.drain(domain, bridge, true)).toBe(world.now);
    await send(world, foreign, named("o2", create));
    await world.settle();
    expect(world.sent).toEqual([]);
    expect(world.reported).toEqual([{ id: "o2", result: { done: false, reason: "capacity" } }]);

    await send(world, own, named("o3", mute), named("o4", { ...create, renews: true }));
    await send(world, own, named("o5", create, again));
    expect(world.sent.flatMap((one) => (one.type === "commands" ? one.commands.map(({ id }) => id) : []))).toEqual([
      ...["o3", "o4", "o5"],
    ]);

    world.sockets.clear();
    world.sleep();
    world.relay.closed("link-1");
    await send(world, foreign, named("o6", create));
    await world.settle();
    expect(world.reported.map(({ id }) => id)).toEqual(["o2", "o6"]);
  });

  test("refuses a new conference again where that was lost, and not one that may have begun before", async () => {
    const world = await RelayWorld.begin();
    const { createTimeoutMs } = testDomain().settings;
    await world.relay.drain(domain, bridge, true);
    world.now += 5_000;
    world.pings("link-1");
    await send(world, own, named("o2", create, { ...again, withinMs: createTimeoutMs - 5_001 }));
    await send(world, foreign, named("o3", create, { ...again, withinMs: createTimeoutMs - 4_999 }));
    await send(world, own, named("o4", create, { ...again, withinMs: 0 }));
    await world.settle();

    expect(world.sent.flatMap((one) => (one.type === "commands" ? one.commands.map(({ id }) => id) : []))).toEqual([
      ...["o2", "o4"],
    ]);
    expect(world.reported).toEqual([{ id: "o3", result: { done: false, reason: "capacity" } }]);
  });

  test("says since when, however often it is asked for, until that is taken back", async () => {
    const world = await RelayWorld.begin();
    const since = await world.relay.drain(domain, bridge, true);
    world.now += 60_000;
    world.pings("link-1");
    world.sleep();
    expect(await world.relay.drain(domain, bridge, true)).toBe(since);
    expect(await world.relay.health()).toMatchObject({ drainedSince: since });
    expect(await world.relay.drain(domain, bridge, false)).toBeNull();
    world.sleep();
    expect(await world.relay.health()).not.toHaveProperty("drainedSince");
    await send(world, foreign, named("o2", create));
    expect(world.sent).toMatchObject([{ commands: [{ id: "o2" }] }]);
    expect(world.lines.map(({ event }) => event).filter((event) => event.includes("drained"))).toEqual([
      "bridge-drained",
      "bridge-undrained",
    ]);
  });
});

test("an agent keeps its place when the bridge is back in time, or when no other agent has it", async () => {
  const world = await twoAgents();
  const health = (id: string, bridgeUp: boolean) =>
    world.relay.received(id, 100, () => ok({ type: "health", bridgeUp, portsInUse: 0, ports: null }));
  health("link-1", false);
  health("link-2", false);
  world.now += 5_000;
  await world.relay.health();
  health("link-1", true);
  health("link-2", true);
  await world.relay.health();
  expect(world.closed).toEqual([]);
});

test("an agent whose welcome got lost learns that no other one was active meanwhile, also after a sleep", async () => {
  const world = await RelayWorld.begin();
  for (const id of ["link-1", "link-2"]) {
    world.sockets.delete(id);
    world.relay.closed(id);
    world.sleep();
    world.connect();
  }
  expect(world.sent.at(-1)).toMatchObject({ type: "welcome", role: "active", epoch: 3, activeSince: 1 });
});

test("an alarm that restores the relay while nothing can be written does not fail", async () => {
  const world = await twoAgents();
  world.sockets.delete("link-1");
  const { exec } = world.sql;
  world.sql.exec = (query, ...bindings) => {
    if (/^(INSERT|UPDATE|DELETE)/.test(query)) throw new Error("database or disk is full");
    return exec.call(world.sql, query, ...bindings);
  };
  world.now += 10_000;
  world.pings("link-2");
  world.sleep();
  await world.relay.alarm();
  expect(world.alarmAt).toBe(world.now + 2_000);

  world.sql.exec = exec;
  world.sent.length = 0;
  await world.relay.alarm();
  world.now += 10_000;
  world.pings("link-2");
  await world.relay.alarm();
  expect(world.sent).toMatchObject([{ type: "activate", epoch: 2 }]);
});

test("an agent whose socket closes is logged as disconnected, and not as silent; the other one takes its place", async () => {
  const world = await twoAgents();
  world.now += 60_000;
  for (const id of ["link-1", "link-2"]) world.pings(id);
  world.lines.length = 0;
  world.sent.length = 0;
  world.sockets.delete("link-1");
  world.relay.closed("link-1");

  expect(world.lines).toMatchObject([
    { event: "agent-disconnected", agent: "agent-1", role: "active" },
    { event: "agent-takeover", agent: "agent-2", from: "agent-1", why: "closed", nobodyActedMs: 0, epoch: 2 },
  ]);
  expect(world.sent).toMatchObject([{ type: "activate", epoch: 2 }]);
});

test("a takeover says who, from whom, why, and for how long nobody acted, and is counted", async () => {
  const world = await twoAgents();
  const counted = () =>
    Number(/^bridgehead_takeovers_total\{.*\} (\d+)$/m.exec(measuredText(world.measures, [], 0))?.[1] ?? 0);
  expect(counted()).toBe(0);
  for (const id of ["link-1", "link-2"]) world.pings(id);
  world.now += 10_000;
  world.pings("link-2");
  world.lines.length = 0;
  await world.relay.alarm();
  expect(world.lines).toMatchObject([
    { event: "agent-closed", agent: "agent-1", why: "silent" },
    { level: "warn", event: "agent-takeover", agent: "agent-2", from: "agent-1", why: "silent", nobodyActedMs: 10_000 },
  ]);
  expect(counted()).toBe(1);

  world.sockets.delete("link-2");
  world.relay.closed("link-2");
  expect(world.lines.at(-1)).toMatchObject({
    level: "warn",
    event: "no-agent-active",
    agent: "agent-2",
    why: "closed",
  });
  expect(counted()).toBe(1);
  world.sleep();
  world.now += 4_000;
  world.connect("agent-1");
  expect(world.lines.at(-1)).toMatchObject({ event: "agent-takeover", from: "agent-2", nobodyActedMs: 4_000 });
  expect(counted()).toBe(2);
});

test("two processes that connect under one name are told so at the fourth time in a minute", async () => {
  const world = await RelayWorld.begin();
  for (let times = 0; times < 4; times += 1) {
    world.now += 5_000;
    world.connect();
  }
  const replaced = world.lines.filter(({ event }) => event === "agent-closed");
  const note = "it seems that two processes connect under this name, with one key: stop one";
  expect(replaced.map(({ why, note }) => [why, note])).toEqual([
    ...Array.from({ length: 3 }, () => ["replaced", undefined]),
    ["replaced", note],
  ]);

  world.now += 60_000;
  world.connect();
  expect(world.lines.filter(({ event }) => event === "agent-closed").at(-1)?.note).toBeUndefined();
});

test("the log spells each reason in one way, whether an agent was closed or another one became active", async () => {
  const world = await twoAgents();
  world.lines.length = 0;
  await world.relay.closeAgents(["agent-1"]);
  expect(world.lines).toMatchObject([
    { event: "agent-closed", why: "settings-changed" },
    { event: "agent-takeover", why: "settings-changed" },
  ]);
  // The wire keeps its own words.
  expect(world.closed).toEqual(["link-1: 4412 settingsChanged"]);
});

test("for how long nobody acted is left out where the socket was lost with the edge", async () => {
  const about = ({ event, why, nobodyActedMs }: LogLine) => ({ event, why, nobodyActedMs });
  const back = await RelayWorld.begin();
  back.sockets.clear();
  back.now += 13_000;
  back.sleep();
  back.connect();
  expect(about(back.lines.at(-1) as LogLine)).toEqual({ event: "agent-active", why: "opened" });

  const away = await RelayWorld.begin();
  away.sockets.clear();
  away.now += 13_000;
  away.sleep();
  away.connect("agent-2");
  away.now += 10_000;
  away.pings("link-2");
  await away.relay.alarm();
  expect(about(away.lines.at(-1) as LogLine)).toEqual({ event: "agent-takeover", why: "silent" });

  // Also where it was lost while nobody was there to take the place.
  const none = await RelayWorld.begin();
  none.sockets.clear();
  none.sleep();
  none.now += 13_000;
  await none.relay.health();
  none.now += 1_000;
  none.connect();
  expect(about(none.lines.at(-1) as LogLine)).toEqual({ event: "agent-active", why: "silent" });
});

test("an alarm that finds a silent agent while nothing can be written does not fail, and comes again", async () => {
  const world = await twoAgents();
  world.now += 10_000;
  world.pings("link-2");
  const { exec } = world.sql;
  world.sql.exec = () => {
    throw new Error("database or disk is full");
  };
  await world.relay.alarm();
  expect(world.alarmAt).toBe(world.now + 2_000);
  expect(world.lines.at(-1)).toMatchObject({ level: "error", event: "alarm-broke", domain, bridge });

  world.sql.exec = exec;
  world.sent.length = 0;
  await world.relay.alarm();
  expect(world.sent).toMatchObject([{ type: "activate", epoch: 2 }]);
});

test("commands for an agent are not sent to its successor, which knows nothing of the commands before", async () => {
  const world = await twoAgents();
  const send = (activeSince: number | null) => {
    world.sent.length = 0;
    return world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince });
  };
  expect(await send(1)).toBe(1);
  expect(world.sent).toHaveLength(1);
  world.sockets.delete("link-1");
  world.relay.closed("link-1");
  expect(await send(1)).toBe(2);
  expect(world.sent).toEqual([]);
  expect(await send(2)).toBe(2);
  expect(world.sent).toHaveLength(1);
  world.sockets.delete("link-2");
  world.relay.closed("link-2");
  expect(await send(2)).toBe(2); // Nobody is there.
});

test("after a restart of the bridge all conferences compare themselves with it, whichever agent acts then", async () => {
  const world = await RelayWorld.begin();
  const swept = async (): Promise<number> => {
    await world.settle();
    return world.asked.splice(0).filter((line) => line === "local sweeps").length;
  };
  const saysBoot = (bootId: string) =>
    world.says({ type: "health", bridgeUp: true, bootId, portsInUse: 0, ports: null });
  saysBoot("first");
  saysBoot("first");
  expect(await swept()).toBe(0);

  // What a standby says counts as soon as it acts.
  world.connect("agent-2");
  saysBoot("second");
  expect(await swept()).toBe(0);
  world.sockets.delete("link-1");
  world.relay.closed("link-1");
  expect(await swept()).toBe(1);

  world.sleep();
  saysBoot("second");
  expect(await swept()).toBe(0);
  saysBoot("third");
  expect(await swept()).toBe(1);
});

test("a relay says since when its bridge has no agent, or its agent no bridge, also after a sleep", async () => {
  const world = await RelayWorld.begin();
  const awaySince = async () => (await world.relay.health()).awaySince;
  world.says({ ...health, bridgeUp: true });
  expect(await awaySince()).toBeUndefined();
  const bridgeAt = world.now;
  world.says({ ...health, bridgeUp: false });
  world.now += 5_000;
  world.says({ ...health, bridgeUp: false });
  expect(await awaySince()).toBe(bridgeAt);

  const agentAt = world.now;
  world.sockets.delete("link-1");
  world.relay.closed("link-1");
  world.now += 60_000;
  world.sleep();
  expect(await world.relay.health()).toMatchObject({ agentConnected: false, awaySince: agentAt });
});
