import type { DomainName } from "../../foundation/ids.ts";
import type { ConferenceTotals } from "../../rpc/directory.ts";
import type { EdgePorts } from "../edge-ports.ts";

export interface TotalsPorts extends Pick<EdgePorts, "objects"> {
  /** Of a domain, where this process has all objects, without waking one; `null`: it does not. */
  ownTotals(domain: DomainName): ConferenceTotals | null;
}

/** Of a domain's conferences, and of what waits in its mailbox. */
export async function totalsOf({ objects, ownTotals }: TotalsPorts, domain: DomainName): Promise<ConferenceTotals> {
  const own = ownTotals(domain);
  if (own) return own;
  const [totals, { documents, oldestAt }] = await Promise.all([
    objects.directory(domain).totals(),
    objects.mailbox(domain).waiting(),
  ]);
  const since = [totals.oldestAt, oldestAt].filter((at) => at !== null);
  const oldest = since.length > 0 ? Math.min(...since) : null;
  return { ...totals, documents: totals.documents + documents, oldestAt: oldest };
}
