import type { Clause } from "../clauses/clause.ts";
import { MemoryPorts } from "../ports-memory.ts";
import { type ClauseResult, run } from "../run.ts";
import { ControlledTelephones } from "../telephones/control.ts";
import { ReferenceAdapter } from "./adapter.ts";
import type { DefectName } from "./defects.ts";

/** Plays clauses against the reference adapter, in memory and in no time. */
export async function playReference(
  clauses: readonly Clause[],
  defects: readonly DefectName[] = [],
): Promise<ClauseResult[]> {
  const ports = new MemoryPorts();
  const adapter = new ReferenceAdapter(ports, defects);
  const addresses = await adapter.start("adapter:80", "bridge:80");
  const telephones = new ControlledTelephones(ports, `http://${addresses.bridge}`);
  const options = {
    adapterUrl: `http://${addresses.adapter}/`,
    listen: ["webex1:80", "webex2:80"],
    atOnce: 8,
    patienceMs: 25_000,
    quietMs: 300,
    muteKeys: "*6",
    mergeKeys: "*1",
  };
  return ports.run(run(ports, telephones, clauses, options));
}
