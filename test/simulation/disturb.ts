import type { Draws } from "../../simulators/draws.ts";
import type { Parts } from "./at-quiet.ts";
import type { FaultKind, FaultSource } from "./faults.ts";

/** Later ones would bring deadlines of an hour into the time when all is to be quiet. */
const farJumpsUntilMs = 14 * 60_000;
/** What a bridge may refuse for a while, though nothing forbids it. */
const refusable = ["expel", "move", "cancel-dial", "close-room", "admit"] as const;

/** Lets everything that goes wrong by the minute go wrong. */
export function disturb({ around, edge, webex, bridge, agents, meetings }: Parts): void {
  const { clock, faults } = around;
  const nowAndThen = (source: FaultSource, kind: FaultKind, strike: () => void): void => {
    const pause = source.pause(kind);
    if (pause === null) return;
    clock.after(pause, () => {
      if (!faults.active) return;
      if (source.strikes(kind)) strike();
      nowAndThen(source, kind, strike);
    });
  };
  const edgeFaults = faults.source("edge");
  const { draws } = edgeFaults;

  nowAndThen(edgeFaults, "object evicted", () => {
    draws.pick(edge.objects())?.die("evicted");
  });
  nowAndThen(edgeFaults, "relay evicted", () => edge.relay.die());
  nowAndThen(edgeFaults, "relay asleep", () => edge.relay.hosted.die("hibernates"));
  /** By a minute or so; or by an hour, until somebody notices: an agent whose clock is so wrong is refused. */
  const jump = (own: Draws, set: (ms: number) => void): void => {
    const ms = own.between(-90_000, 90_000);
    const isFar = ms < -60_000 && clock.now < farJumpsUntilMs;
    set(isFar ? 40 * ms : ms);
    if (isFar) clock.after(own.between(30_000, 300_000), () => set(ms));
  };
  nowAndThen(edgeFaults, "edge clock jumps", () =>
    jump(draws, (ms) => {
      edge.skewMs = ms;
    }),
  );

  for (const agent of agents) {
    const source = agent.faults;
    const { draws: own } = source;
    nowAndThen(source, "agent link cut", () => agent.edgeWire?.cut(own.chance(0.5)));
    nowAndThen(source, "agent link half-open", () => {
      if (agent.edgeWire) agent.edgeWire.silent = own.pick(["near", "far", "both"] as const) ?? "both";
    });
    nowAndThen(source, "agent frozen", () => agent.freeze(own.between(1_000, 40_000)));
    nowAndThen(source, "agent disk full", () => {
      agent.isDiskFull = true;
      clock.after(own.between(1_000, 40_000), () => {
        agent.isDiskFull = false;
      });
    });
    nowAndThen(source, "agent clock jumps", () => {
      jump(own, (ms) => {
        agent.skewMs = ms;
      });
    });
    nowAndThen(source, "bridge link cut", () => agent.bridgeWire?.cut(own.chance(0.5)));
    nowAndThen(source, "bridge link half-open", () => {
      if (agent.bridgeWire) agent.bridgeWire.silent = own.pick(["near", "far", "both"] as const) ?? "both";
    });
  }

  const bridgeFaults = bridge.faults;
  nowAndThen(bridgeFaults, "bridge restarted", () => bridge.restart(bridgeFaults.draws.between(100, 20_000)));
  nowAndThen(bridgeFaults, "bridge slow", () => {
    bridge.slow(bridgeFaults.draws.between(200, 14_000));
    clock.after(bridgeFaults.draws.between(2_000, 30_000), () => bridge.slow(0));
  });
  // Longer than any driver waits for a result.
  nowAndThen(bridgeFaults, "bridge stuck", () => {
    bridge.slow(bridgeFaults.draws.between(25_000, 45_000));
    clock.after(bridgeFaults.draws.between(10_000, 60_000), () => bridge.slow(0));
  });

  nowAndThen(bridgeFaults, "bridge refuses", () => {
    bridge.refuse([bridgeFaults.draws.pick(refusable) ?? "move"]);
    clock.after(bridgeFaults.draws.between(1_000, 25_000), () => bridge.refuse([]));
  });

  const serverFaults = faults.source("servers");
  nowAndThen(serverFaults, "WebEx server down", () => {
    const server = serverFaults.draws.pick(webex.servers.filter(({ up }) => up));
    if (!server || webex.servers.filter(({ up }) => up).length < 2) return;
    server.up = false;
    around.tell(() => `${server.host} is down`);
    for (const meeting of meetings) meeting.serverDown(server);
    clock.after(serverFaults.draws.between(30_000, 120_000), () => {
      server.up = true;
    });
  });
}

/** From now on nothing goes wrong and nobody does anything. */
export function heal({ around, edge, webex, bridge, agents, meetings }: Parts): void {
  around.tell(() => "== all faults are over");
  around.faults.active = false;
  for (const server of webex.servers) server.up = true;
  for (const agent of agents) {
    agent.thaw();
    agent.isDiskFull = false;
  }
  for (const meeting of meetings) meeting.quiet = true;
  bridge.slow(0);
  bridge.refuse([]);
  edge.skewMs = 0;
  for (const agent of agents) agent.skewMs = 0;
}
