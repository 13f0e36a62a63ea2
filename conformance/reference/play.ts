import type { Clause } from "../clauses/clause.ts";
import type { Ports } from "../ports.ts";
import { MemoryPorts } from "../ports-memory.ts";
import { type ClauseResult, type RunOptions, run } from "../run.ts";
import { ControlledTelephones } from "../telephones/control.ts";
import type { Telephones } from "../telephones/telephones.ts";
import { ReferenceAdapter } from "./adapter.ts";
import type { Deviation } from "./defects.ts";

/** Plays clauses against the reference adapter, in memory and in no time. */
export async function playReference(
  clauses: readonly Clause[],
  deviations: readonly Deviation[] = [],
  more: Partial<RunOptions> = {},
  telephonesOf = (ports: Ports, bridge: string): Telephones => new ControlledTelephones(ports, bridge),
): Promise<ClauseResult[]> {
  const ports = new MemoryPorts();
  const adapter = new ReferenceAdapter(ports, deviations);
  const addresses = await adapter.start("adapter:80", "bridge:80");
  const telephones = telephonesOf(ports, `http://${addresses.bridge}`);
  const options = {
    adapterUrl: `http://${addresses.adapter}/`,
    listen: ["webex1:80", "webex2:80", "webex3:443"],
    https: { certificate: "", key: "" },
    globalNumbers: `http://${addresses.adapter}/numbers?code=%ParticipantCode%&toll=%TollNum%`,
    load: { perMinute: 30, minutes: 1 },
    atOnce: 8,
    patienceMs: 25_000,
    quietMs: 300,
    muteKeys: "*6",
    mergeKeys: "*1",
    // The first who dials in is the host.
    hostKeys: "{key}#{attendee}#",
    refused: ["1", "900", "5550123"] as const,
    ...more,
  };
  return ports.run(run(ports, telephones, clauses, options));
}
