import type { Draws } from "../../simulators/draws.ts";
import type { CommandType } from "../../src/bridge/commands.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { AgentProcess } from "./agent-process.ts";
import type { Bridge } from "./bridge.ts";
import { faultsOf, type WorldContext } from "./context.ts";
import type { EdgeMachine } from "./edge-machine.ts";
import { lieAbout } from "./false-reports.ts";
import type { FaultKind, FaultSource } from "./faults.ts";
import type { NodeRuntime } from "./node-runtime.ts";
import type { RelayHost } from "./relay-host.ts";
import type { Parts } from "./rest-checks.ts";
import { outages } from "./webex.ts";

/** Later ones would bring deadlines of an hour into the time when all is to be quiet. */
const farJumpsUntilMs = 10 * 60_000;
/** What a bridge may refuse for a while, though nothing forbids it. */
const refusable: readonly CommandType[] = ["expel", "move", "cancel-dial", "close-room", "admit"];

/** Lets everything that goes wrong by the minute go wrong in one domain. */
export function disturb(parts: Parts): void {
  const { context, edge, bridges, agents } = parts;
  const source = faultsOf(context, "edge");
  nowAndThen(context, source, "object evicted", () => {
    const object = source.draws.pick(edge.objects());
    if (!object) return;
    object.die("evicted");
    context.faults.hold(object.faults);
  });
  for (const relay of edge.relays) disturbRelay(relay, parts);
  for (const agent of agents) disturbAgent(agent, context);
  for (const bridge of bridges.all) {
    disturbBridge(bridge, parts);
    nowAndThen(context, bridge.faults, "bridge and journal lost", () => loseMachine(bridge, parts));
  }
  disturbServers(parts);
}

/** What goes wrong with all machines of the edge at once. */
export function disturbEdge(context: WorldContext, runtime: NodeRuntime | null): void {
  const { clock, edgeMachines } = context;
  const source = faultsOf(context, "machines of the edge");
  nowAndThen(context, source, "edge clock jumps", () =>
    jump(context, source.draws, 600_000, "back", (ms) => {
      edgeMachines.skewMs = ms;
      edgeMachines.clockSetAt = clock.now;
      context.faults.hold(null);
    }),
  );
  if (runtime) disturbMachine(runtime.machine, context);
  nowAndThen(context, source, "edge disk full", () => {
    edgeMachines.isDiskFull = true;
    clock.after(source.draws.between(500, 20_000), () => {
      edgeMachines.isDiskFull = false;
    });
  });
}

function disturbMachine(machine: EdgeMachine, context: WorldContext): void {
  const { faults: source } = machine;
  const { draws } = source;
  nowAndThen(context, source, "process killed", () => machine.kill("killed"));
  nowAndThen(context, source, "edge machine's clock jumps", () =>
    jump(context, draws, 900_000, "bothWays", (ms) => {
      machine.skewMs = ms;
    }),
  );
}

/** From now on nothing goes wrong with the edge. */
export function healEdge({ faults, edgeMachines, clock }: WorldContext, runtime: NodeRuntime | null): void {
  if (edgeMachines.skewMs !== 0) {
    faults.hold(null);
    edgeMachines.clockSetAt = clock.now;
  }
  edgeMachines.skewMs = 0;
  edgeMachines.isDiskFull = false;
  if (runtime) runtime.machine.skewMs = 0;
}

function nowAndThen(context: WorldContext, source: FaultSource, kind: FaultKind, strike: () => void): void {
  const { clock, faults } = context;
  const pause = source.pause(kind);
  if (pause === null) return;
  clock.after(pause, () => {
    if (!faults.active) return;
    if (source.strikes(kind)) strike();
    nowAndThen(context, source, kind, strike);
  });
}

/** By a minute or so; or by one of these for each second of it, until somebody notices. */
const far = {
  /** By an hour. To be set right is a step forward for who began meanwhile, and on workerd all that is due by then is due. */
  back: [60],
  /** By minutes to a year. */
  bothWays: [10, 1_000, 400_000],
} as const;

function jump(
  { clock }: WorldContext,
  draws: Draws,
  noticedMs: number,
  where: keyof typeof far,
  set: (ms: number) => void,
): void {
  const ms = draws.between(-90_000, 90_000);
  const isFar = (where === "back" ? ms < -30_000 : Math.abs(ms) > 30_000) && clock.now < farJumpsUntilMs;
  set(isFar ? ms * (draws.pick<number>(far[where]) ?? 1) : ms);
  if (isFar) clock.after(draws.between(30_000, noticedMs), () => set(ms));
}

function disturbRelay(relay: RelayHost, { context, edge, bridges, meetings }: Parts): void {
  const source = faultsOf(context, relay.hosted.name);
  const { draws } = source;
  nowAndThen(context, source, "relay evicted", () => relay.die());
  nowAndThen(context, source, "relay asleep", () => relay.hosted.die("hibernates"));
  nowAndThen(context, source, "stranger knocks", () => void relay.knock(draws));
  const lieOf = (conference: ConfKey | undefined): boolean => {
    const { domain, bridge } = relay.place;
    const runtime = conference && bridges.of(conference);
    if (!runtime || runtime.name === bridge) return false;
    const chosen = edge.bridgeOf(conference);
    if (!chosen || chosen === bridge) return false;
    // Of a conference with which it never had to do, the relay says nothing.
    if (draws.chance(0.7)) {
      relay.hosted.deliver((relay) => {
        const sent = relay.sendCommands({ domain, bridge, conference, commands: [], activeSince: null });
        Promise.resolve(sent).catch(() => {}); // Its write may fail.
      });
    }
    const lie = lieAbout(conference, draws, edge, runtime);
    if (lie) relay.lie(lie);
    return true;
  };
  nowAndThen(context, source, "agent lies", () => {
    if (draws.chance(0.3)) return void lieOf(draws.pick(meetings)?.key);
    // Just when commands are on their way, whose results could be made up.
    const { onCommands } = edge;
    edge.onCommands = (conference) => {
      if (lieOf(conference)) edge.onCommands = onCommands;
    };
  });
}

function disturbAgent(agent: AgentProcess, context: WorldContext): void {
  const { faults: source } = agent;
  const { draws } = source;
  nowAndThen(context, source, "agent link cut", () => {
    agent.edgeWire?.cut(draws.chance(0.5), draws.chance(0.4) ? "near" : null);
  });
  nowAndThen(context, source, "agent link half-open", () => {
    if (agent.edgeWire) agent.edgeWire.silent = draws.pick(["near", "far", "both"] as const) ?? "both";
  });
  nowAndThen(context, source, "agent frozen", () => {
    const ms = draws.between(1_000, draws.chance(0.5) ? 7_000 : 40_000);
    const stops = draws.weighted({ nothing: 4, clock: 3, timers: 3 });
    if (draws.chance(0.7)) return agent.freeze(ms, stops);
    // The answer to its ping comes through, and waits; then whatever stands between forgets the connection of a machine that sleeps.
    agent.onPing = () => {
      agent.freeze(ms, stops);
      const wire = agent.edgeWire;
      context.clock.after(draws.between(60, 2_000), () => {
        if (wire) wire.silent = "both";
      });
    };
  });
  nowAndThen(context, source, "agent disk full", () => {
    agent.isDiskFull = true;
    context.clock.after(draws.between(1_000, 40_000), () => {
      agent.isDiskFull = false;
    });
  });
  nowAndThen(context, source, "agent clock jumps", () => {
    jump(context, draws, 300_000, "bothWays", (ms) => {
      agent.skewMs = ms;
    });
  });
  nowAndThen(context, source, "bridge link cut", () => agent.bridgeWire?.cut(draws.chance(0.5)));
  nowAndThen(context, source, "bridge out of reach", () => {
    agent.isBridgeAway = true;
    agent.bridgeWire?.cut(false);
    context.clock.after(draws.between(1_000, 60_000), () => {
      agent.isBridgeAway = false;
    });
  });
  nowAndThen(context, source, "agent without network", () => {
    // The edge learns of it at once, and the agent and its bridge each by their pings.
    const strike = () => {
      agent.edgeWire?.cut(false, "near");
      const wire = agent.bridgeWire;
      if (!wire) return;
      wire.silent = "both";
      context.clock.after(draws.between(500, 5_000), () => wire.cut(false));
    };
    if (draws.chance(0.3)) return strike();
    // While commands wait behind one that takes long; the other agent finds the bridge fast.
    agent.bridge.slow(8_000);
    context.clock.after(20_000, () => agent.bridge.slow(0));
    agent.onCommand = () =>
      context.clock.after(draws.between(500, 5_000), () => {
        agent.bridge.slow(0);
        strike();
      });
  });
  nowAndThen(context, source, "bridge link half-open", () => {
    if (agent.bridgeWire) agent.bridgeWire.silent = draws.pick(["near", "far", "both"] as const) ?? "both";
  });
}

function disturbBridge(bridge: Bridge, { context, meetings, switches }: Parts): void {
  const { clock } = context;
  const { faults: source } = bridge;
  const { draws } = source;
  nowAndThen(context, source, "bridge restarted", () => bridge.restart(draws.between(100, 20_000)));
  const slow = (commandMs: number, ms: number) => {
    bridge.slow(commandMs);
    clock.after(ms, () => bridge.slow(0));
    context.faults.slowUntil = Math.max(context.faults.slowUntil, clock.now + ms + commandMs);
  };
  nowAndThen(context, source, "bridge slow", () => slow(draws.between(200, 14_000), draws.between(2_000, 30_000)));
  // Longer than any driver waits for a result.
  nowAndThen(context, source, "bridge stuck", () => slow(draws.between(25_000, 45_000), draws.between(10_000, 60_000)));
  nowAndThen(context, source, "bridge event lost", () => {
    const meeting = draws.pick(meetings);
    if (!meeting) return;
    const callers = bridge
      .callsOf(meeting.key)
      .filter(({ stage, joinTone }) => stage === "entered" && joinTone !== false);
    const call = draws.pick(callers);
    if (call) meeting.phones.muteByConsole(call);
  });
  const types = switches.changesCreates ? [...refusable, "create-conference" as const] : refusable;
  nowAndThen(context, source, "bridge refuses", () => {
    bridge.refuse([draws.pick(types) ?? "move"]);
    clock.after(draws.between(1_000, 25_000), () => bridge.refuse([]));
  });
}

/** The machine with the bridge and its agent is replaced. What was under way would be done again, and no trace shows that. */
function loseMachine(bridge: Bridge, { edge, agents, meetings }: Parts): void {
  const own = agents.filter((agent) => agent.bridge === bridge);
  if (meetings.some(({ key }) => edge.pendingCommands(key).length > 0)) return;
  if (own.some(({ running }) => !running || running.status.running + running.status.unacknowledged > 0)) return;
  bridge.restart(bridge.faults.draws.between(100, 20_000));
  for (const agent of own) agent.loseJournal();
}

function disturbServers({ context, webex, meetings }: Parts): void {
  for (const server of webex.servers) {
    const { draws } = server.faults;
    const fail = (how: "down" | "hangs"): void => {
      if (webex.servers.filter(({ up, hangs }) => up && !hangs).length < 2) return;
      context.tell(() => `${server.host}: ${how}`);
      server.up = how !== "down";
      server.hangs = how === "hangs";
      for (const meeting of meetings) meeting.serverDown(server);
      context.clock.after(draws.between(30_000, 120_000), () => {
        server.up = true;
        server.hangs = false;
      });
    };
    nowAndThen(context, server.faults, "WebEx server down", () => fail("down"));
    nowAndThen(context, server.faults, "WebEx server hangs", () => fail("hangs"));
    const outs = faultsOf(context, `outages of ${server.host}`);
    nowAndThen(context, outs, "WebEx server out", () => {
      const outage = outs.draws.pick(outages) ?? "hangs";
      webex.interrupt(server, outage, outs.draws.between(1_000, 20_000));
    });
  }
}

/** From now on nothing goes wrong and nobody does anything. */
export function heal({ context, webex, bridges, agents, meetings }: Parts): void {
  context.faults.active = false;
  for (const server of webex.servers) {
    server.up = true;
    server.hangs = false;
    server.outage = null;
  }
  for (const agent of agents) {
    agent.thaw();
    agent.isDiskFull = false;
    agent.skewMs = 0;
  }
  for (const meeting of meetings) meeting.quiet = true;
  for (const bridge of bridges.all) {
    bridge.slow(0);
    bridge.refuse([]);
  }
}
