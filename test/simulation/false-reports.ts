import type { Draws } from "../../simulators/draws.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { ConfKey, StreamId } from "../../src/foundation/ids.ts";
import type { AgentToEdge } from "../../src/link/messages.ts";
import type { Bridge } from "./bridge.ts";
import type { Edge } from "./edge.ts";

type MessageOf = (epoch: number) => AgentToEdge;

/** What an agent could make up about a conference of another bridge, with the ids that are in use there. */
export function lieAbout(conference: ConfKey, draws: Draws, edge: Edge, runtime: Bridge): MessageOf | undefined {
  const stream = `lie-${draws.between(0, 1_000_000)}` as StreamId;
  const report = (report: Report): MessageOf => {
    return (epoch) => ({ type: "reports", epoch, conference, stream, reports: [{ number: 1, report }] });
  };
  const call = draws.pick(runtime.callsOf(conference))?.id;
  const ids = edge.pendingCommands(conference);
  const id = draws.pick(ids);
  const lies: MessageOf[] = [
    report({ type: "event", event: { type: "conference-ended" } }),
    report({ type: "event", event: { type: "snapshot", conference: null } }),
    (epoch) => ({ type: "digests", epoch, digests: [{ conference, digest: "made up" }] }),
  ];
  if (call) {
    lies.push(report({ type: "event", event: { type: "caller-left", call, reason: "hung-up" } }));
    lies.push(report({ type: "event", event: { type: "caller-muted", call, muted: draws.chance(0.5) } }));
  }
  if (id) {
    lies.push(report({ type: "result", id, result: { done: true } }));
    lies.push(report({ type: "result", id, result: { done: false, reason: "no-such-conference" } }));
    lies.push(() => ({ type: "commands-ack", conference, ids }));
  }
  return draws.pick(lies);
}
