import type { BridgeName, DomainName, WebexHost } from "../../foundation/ids.ts";
import { earliest } from "../../foundation/time/earliest.ts";
import { type Figure, type FigureSource, figuresOf, isSilent } from "../../operators/figures.ts";
import type { ConferenceTotals, DomainActivity, ServerLoad } from "../../rpc/directory.ts";
import type { BridgeHealth } from "../../rpc/relay.ts";
import type { Domain } from "../../settings/load.ts";
import type { EdgePorts } from "../edge-ports.ts";
import { answerOrNull, lacks } from "../objects-of-request.ts";

/** All stats of a domain. */
export async function figuresOfDomain(edge: EdgePorts, ofSettings: Domain): Promise<readonly Figure[]> {
  const { name: domain } = ofSettings;
  const [{ conferences, documents }, activity, bridges] = await Promise.all([
    totalsOf(edge, domain),
    answerOrNull(edge.objects.directory(domain).activity(), edge, { domain }),
    bridgesOf(edge, ofSettings),
  ]);
  noteSilent(edge, bridges);
  return figuresOf({ now: edge.now(), conferences, documents, minutes: activity?.minutes ?? null, bridges });
}

interface Totals extends Pick<FigureSource, "documents"> {
  readonly conferences: ConferenceTotals | null;
}

/** Conferences of a domain, and documents that are pending in them and in the mailbox. `null`: one of these did not answer. */
export async function totalsOf(edge: EdgePorts, domain: DomainName): Promise<Totals> {
  const [conferences, mail] = await Promise.all([
    answerOrNull(edge.objects.directory(domain).totals(), edge, { domain }),
    answerOrNull(edge.objects.mailbox(domain).waiting(), edge, { domain }),
  ]);
  if (!conferences || !mail) return { conferences, documents: null };
  const documents = conferences.documents + mail.documents;
  const oldestAt = earliest(conferences.oldestAt, mail.oldestAt);
  return { conferences, documents: { documents, oldestAt } };
}

/** Posts of the last hour, and what is pending for each server, in conferences and in the mailbox. */
export async function activityOf(edge: EdgePorts, { name: domain }: Domain): Promise<DomainActivity> {
  const { objects } = edge;
  const [activity, mail] = await Promise.all([
    objects.directory(domain).activity(),
    answerOrNull(objects.mailbox(domain).waiting(), edge, { domain }),
  ]);
  const loads = new Map(activity.hosts.map((load) => [load.host, load]));
  for (const { host: name, documents, oldestAt } of mail?.servers ?? []) {
    const host = name as WebexHost;
    const load: ServerLoad = loads.get(host) ?? { ...idle, host };
    const oldestDocumentAt = earliest(load.oldestDocumentAt, oldestAt);
    loads.set(host, { ...load, documents: load.documents + documents, oldestDocumentAt });
  }
  return { ...activity, hosts: [...loads.values()].sort((one, other) => other.documents - one.documents) };
}

const idle = { conferences: 0, documents: 0, oldestDocumentAt: null, failure: null, affected: [] };

interface BridgeFound {
  readonly bridge: string;
  readonly health: BridgeHealth | null;
}

/** The state of a domain's bridges from their relays. `names`: only these bridges. */
export function bridgesOf(
  edge: EdgePorts,
  { name: domain, settings }: Domain,
  names: readonly (string | null)[] = settings.bridges.map(({ name }) => name),
): Promise<readonly BridgeFound[]> {
  const asked = settings.bridges.filter(({ name }) => names.includes(name));
  const found = asked.map(async ({ name: bridge }) => {
    const health = edge.objects.relay(domain, bridge as BridgeName).health();
    return { bridge, health: await answerOrNull(health, edge, { domain, bridge }, "relay-unreachable") };
  });
  return Promise.all(found);
}

/** Notes bridges, or those with these names, whose agents report nothing now. Callers there may have left. */
export async function noteSilentBridges(
  edge: EdgePorts,
  domain: Domain,
  names?: readonly (string | null)[],
): Promise<void> {
  noteSilent(edge, await bridgesOf(edge, domain, names));
}

function noteSilent(edge: EdgePorts, found: readonly BridgeFound[]): void {
  for (const { bridge } of found.filter(isSilent))
    lacks(edge, `bridge ${bridge}`, "no agent reports its state: callers may have left");
}
