import type { Draws } from "../../simulators/draws.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { AgentProcess } from "./agent-process.ts";
import type { Parts } from "./at-quiet.ts";
import type { Bridge } from "./bridge.ts";
import type { FaultKind, FaultSource } from "./faults.ts";
import { lieAbout } from "./lies.ts";
import type { RelayHost } from "./relay-host.ts";
import { faultsOf, type Surroundings } from "./surroundings.ts";

/** Later ones would bring deadlines of an hour into the time when all is to be quiet. */
const farJumpsUntilMs = 14 * 60_000;
/** What a bridge may refuse for a while, though nothing forbids it. */
const refusable = ["expel", "move", "cancel-dial", "close-room", "admit"] as const;

/** Lets everything that goes wrong by the minute go wrong in one domain. */
export function disturb(parts: Parts): void {
  const { around, edge, bridges, agents } = parts;
  const source = faultsOf(around, "edge");
  nowAndThen(around, source, "object evicted", () => source.draws.pick(edge.objects())?.die("evicted"));
  for (const relay of edge.relays) disturbRelay(relay, parts);
  for (const agent of agents) disturbAgent(agent, around);
  for (const bridge of bridges.all) disturbBridge(bridge, around);
  disturbServers(parts);
}

/** What goes wrong with all machines of the edge at once. */
export function disturbEdge(around: Surroundings): void {
  const { clock, edgeMachines } = around;
  const source = faultsOf(around, "machines of the edge");
  nowAndThen(around, source, "edge clock jumps", () =>
    jump(around, source.draws, (ms) => {
      edgeMachines.skewMs = ms;
      around.faults.hold();
    }),
  );
  nowAndThen(around, source, "edge disk full", () => {
    edgeMachines.isDiskFull = true;
    clock.after(source.draws.between(500, 20_000), () => {
      edgeMachines.isDiskFull = false;
    });
  });
}

function nowAndThen(around: Surroundings, source: FaultSource, kind: FaultKind, strike: () => void): void {
  const { clock, faults } = around;
  const pause = source.pause(kind);
  if (pause === null) return;
  clock.after(pause, () => {
    if (!faults.active) return;
    if (source.strikes(kind)) strike();
    nowAndThen(around, source, kind, strike);
  });
}

/** By a minute or so; or by an hour, until somebody notices: an agent whose clock is so wrong is refused. */
function jump({ clock }: Surroundings, draws: Draws, set: (ms: number) => void): void {
  const ms = draws.between(-90_000, 90_000);
  const isFar = ms < -60_000 && clock.now < farJumpsUntilMs;
  set(isFar ? 40 * ms : ms);
  if (isFar) clock.after(draws.between(30_000, 300_000), () => set(ms));
}

function disturbRelay(relay: RelayHost, { around, edge, bridges, meetings }: Parts): void {
  const source = faultsOf(around, relay.hosted.name);
  const { draws } = source;
  nowAndThen(around, source, "relay evicted", () => relay.die());
  nowAndThen(around, source, "relay asleep", () => relay.hosted.die("hibernates"));
  nowAndThen(around, source, "stranger knocks", () => void relay.knock(draws));
  const lieOf = (conference: ConfKey | undefined): boolean => {
    const { domain, bridge } = relay.place;
    const home = conference && bridges.of(conference);
    if (!home || home.name === bridge || !edge.conferences.has(conference)) return false;
    // Of a conference with which it never had to do, the relay says nothing.
    if (draws.chance(0.7)) {
      relay.hosted.deliver((relay) => void relay.sendCommands({ domain, bridge, conference, commands: [] }));
    }
    const lie = lieAbout(conference, draws, edge, home);
    if (lie) relay.lie(lie);
    return true;
  };
  nowAndThen(around, source, "agent lies", () => {
    if (draws.chance(0.3)) return void lieOf(draws.pick(meetings)?.key);
    // Just when commands are on their way, whose results could be made up.
    const { onCommands } = edge;
    edge.onCommands = (conference) => {
      if (lieOf(conference)) edge.onCommands = onCommands;
    };
  });
}

function disturbAgent(agent: AgentProcess, around: Surroundings): void {
  const { faults: source } = agent;
  const { draws } = source;
  nowAndThen(around, source, "agent link cut", () => agent.edgeWire?.cut(draws.chance(0.5)));
  nowAndThen(around, source, "agent link half-open", () => {
    if (agent.edgeWire) agent.edgeWire.silent = draws.pick(["near", "far", "both"] as const) ?? "both";
  });
  nowAndThen(around, source, "agent frozen", () => agent.freeze(draws.between(1_000, 40_000)));
  nowAndThen(around, source, "agent disk full", () => {
    agent.isDiskFull = true;
    around.clock.after(draws.between(1_000, 40_000), () => {
      agent.isDiskFull = false;
    });
  });
  nowAndThen(around, source, "agent clock jumps", () => {
    jump(around, draws, (ms) => {
      agent.skewMs = ms;
    });
  });
  nowAndThen(around, source, "bridge link cut", () => agent.bridgeWire?.cut(draws.chance(0.5)));
  nowAndThen(around, source, "bridge link half-open", () => {
    if (agent.bridgeWire) agent.bridgeWire.silent = draws.pick(["near", "far", "both"] as const) ?? "both";
  });
}

function disturbBridge(bridge: Bridge, around: Surroundings): void {
  const { clock } = around;
  const { faults: source } = bridge;
  const { draws } = source;
  nowAndThen(around, source, "bridge restarted", () => bridge.restart(draws.between(100, 20_000)));
  nowAndThen(around, source, "bridge slow", () => {
    bridge.slow(draws.between(200, 14_000));
    clock.after(draws.between(2_000, 30_000), () => bridge.slow(0));
  });
  // Longer than any driver waits for a result.
  nowAndThen(around, source, "bridge stuck", () => {
    bridge.slow(draws.between(25_000, 45_000));
    clock.after(draws.between(10_000, 60_000), () => bridge.slow(0));
  });
  nowAndThen(around, source, "bridge refuses", () => {
    bridge.refuse([draws.pick(refusable) ?? "move"]);
    clock.after(draws.between(1_000, 25_000), () => bridge.refuse([]));
  });
}

function disturbServers({ around, webex, meetings }: Parts): void {
  for (const server of webex.servers) {
    const { draws } = server.faults;
    const fail = (how: "down" | "hangs"): void => {
      if (webex.servers.filter(({ up, hangs }) => up && !hangs).length < 2) return;
      around.tell(() => `${server.host}: ${how}`);
      server.up = how !== "down";
      server.hangs = how === "hangs";
      for (const meeting of meetings) meeting.serverDown(server);
      around.clock.after(draws.between(30_000, 120_000), () => {
        server.up = true;
        server.hangs = false;
      });
    };
    nowAndThen(around, server.faults, "WebEx server down", () => fail("down"));
    nowAndThen(around, server.faults, "WebEx server hangs", () => fail("hangs"));
  }
}

/** From now on nothing goes wrong and nobody does anything. */
export function heal({ around, webex, bridges, agents, meetings }: Parts): void {
  around.faults.active = false;
  if (around.edgeMachines.skewMs !== 0) around.faults.hold();
  around.edgeMachines.skewMs = 0;
  around.edgeMachines.isDiskFull = false;
  for (const server of webex.servers) {
    server.up = true;
    server.hangs = false;
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
