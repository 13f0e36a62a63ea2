import type { BridgeName, DomainName } from "../../foundation/ids.ts";
import { earliest } from "../../foundation/time/earliest.ts";
import { type Figures, figuresOf, type PortsOfBridge } from "../../operators/figures.ts";
import type { ConferenceTotals, DomainActivity } from "../../rpc/directory.ts";
import type { MailboxRpc } from "../../rpc/mailbox.ts";
import type { EdgeObjects } from "../../rpc/objects.ts";
import type { Domain } from "../../settings/load.ts";
import type { DomainTotals, EdgePorts } from "../edge-ports.ts";
import { answerOrNull } from "../objects-of-request.ts";

/** Of a domain's conferences, and of what waits in its mailbox. */
export async function totalsOf(
  objects: EdgeObjects,
  domain: DomainName,
  mail: ReturnType<MailboxRpc["waiting"]> = objects.mailbox(domain).waiting(),
): Promise<DomainTotals> {
  const [said, { documents, oldestAt }] = await Promise.all([objects.directory(domain).totals(), mail]);
  const totals = withConferences(said);
  return { ...totals, documents: totals.documents + documents, oldestAt: earliest(totals.oldestAt, oldestAt) };
}

function withConferences({ conferences, ...totals }: ConferenceTotals): DomainTotals {
  if (conferences !== undefined) return { ...totals, conferences };
  const all = totals.creating + totals.running;
  return { ...totals, conferences: all, callers: all > 0 && totals.unknown === all ? null : totals.callers };
}

/** What is known already of a domain, and is not asked for again. */
interface Known {
  readonly totals?: DomainTotals | null;
  readonly bridges?: readonly PortsOfBridge[] | undefined;
  readonly activity?: Pick<DomainActivity, "minutes"> | null;
}

/** All figures of a domain, as its objects have them now. What does not answer is not known. */
export async function figuresOfDomain(
  edge: EdgePorts,
  { name: domain, settings }: Domain,
  known: Known = {},
): Promise<Figures> {
  const { objects, now } = edge;
  const healthOf = (bridge: string) =>
    answerOrNull(objects.relay(domain, bridge as BridgeName).health(), edge, { domain, bridge }, "relay-unreachable");
  const [totals, activity, bridges] = await Promise.all([
    known.totals !== undefined ? known.totals : answerOrNull(totalsOf(objects, domain), edge, { domain }),
    known.activity !== undefined
      ? known.activity
      : answerOrNull(objects.directory(domain).activity(), edge, { domain }),
    known.bridges ??
      Promise.all(settings.bridges.map(async ({ name: bridge }) => ({ bridge, health: await healthOf(bridge) }))),
  ]);
  const minutes = activity?.minutes ?? null;
  return figuresOf({ now: now(), conferences: totals, documents: totals, minutes, bridges });
}
