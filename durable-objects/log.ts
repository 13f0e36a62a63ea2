import { type DomainName, masked, maskedQuotation } from "../src/foundation/ids.ts";
import { loadDomains } from "../src/settings/load.ts";

/** One line for one outcome, with its ids. `event` is what a dashboard counts. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [detail: string]: unknown;
}

export type Log = (line: LogLine) => void;

/** The edge's log: what is personal is masked, unless the settings of the line's domain say otherwise. */
export function logOf(env: { readonly DOMAINS: string }): Log {
  return (line) => {
    const domains = loadDomains(env.DOMAINS);
    const shown = domains.ok && domains.value.get(line.domain as DomainName)?.settings.logs.personal === true;
    console[line.level](JSON.stringify(shown ? line : withoutPersonal(line)));
  };
}

/** A conference's key is what callers key in to enter; details of a fault quote what stood in a message. */
function withoutPersonal(line: LogLine): LogLine {
  const safe = { ...line };
  for (const field of ["confKey", "conference"]) if (typeof safe[field] === "string") safe[field] = masked(safe[field]);
  for (const field of ["detail", "problem"]) {
    if (typeof safe[field] === "string") safe[field] = maskedQuotation(safe[field]);
  }
  const { confKey } = line;
  // Ids of calls that we dialled begin with the key.
  if (typeof safe.note === "string" && typeof confKey === "string")
    safe.note = safe.note.replaceAll(confKey, masked(confKey));
  return safe;
}
