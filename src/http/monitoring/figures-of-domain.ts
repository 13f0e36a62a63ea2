import type { BridgeName, DomainName, WebexHost } from "../../foundation/ids.ts";
import { earliest } from "../../foundation/time/earliest.ts";
import { type Figure, type FigureSource, figuresOf, isSilent } from "../../operators/figures.ts";
import type { DomainActivity, DomainStats, ServerLoad } from "../../rpc/directory.ts";
import type { BridgeHealth } from "../../rpc/relay.ts";
import type { Domain } from "../../settings/load.ts";
import type { EdgePorts } from "../edge-ports.ts";
import { answerOrNull, lacks } from "../objects-of-request.ts";

/** All stats of a domain. */
export async function figuresOfDomain(edge: EdgePorts, ofSettings: Domain): Promise<readonly Figure[]> {
  const { name: domain } = ofSettings;
  const [{ stats, documents }, bridges] = await Promise.all([statsOf(edge, domain), bridgesOf(edge, ofSettings)]);
  noteSilent(edge, bridges);
  return figuresOf({ now: edge.now(), conferences: stats, documents, minutes: stats?.minutes ?? null, bridges });
}

interface Stats extends Pick<FigureSource, "documents"> {
  readonly stats: DomainStats | null;
}

/** Stats of a domain's directory, and documents that are pending in them and in the mailbox. `null`: one of these did not answer. */
export async function statsOf(edge: EdgePorts, domain: DomainName): Promise<Stats> {
  const [stats, mail] = await Promise.all([
    answerOrNull(edge.objects.directory(domain).stats(), edge, { domain }),
    answerOrNull(edge.objects.mailbox(domain).waiting(), edge, { domain }),
  ]);
  if (!stats || !mail) return { stats, documents: null };
  const documents = stats.documents + mail.documents;
  const oldestAt = earliest(stats.oldestAt, mail.oldestAt);
  return { stats, documents: { documents, oldestAt } };
}

/** Posts of the last hour, and what is pending for each server, in conferences and in the mailbox. */
export async function activityOf(edge: EdgePorts, { name: domain }: Domain): Promise<DomainActivity> {
  const { objects } = edge;
  const [{ minutes, hosts }, mail] = await Promise.all([
    objects.directory(domain).stats(),
    answerOrNull(objects.mailbox(domain).waiting(), edge, { domain }),
  ]);
  const loads = new Map(hosts.map((load) => [load.host, load]));
  for (const { host: name, documents, oldestAt } of mail?.servers ?? []) {
    const host = name as WebexHost;
    const load: ServerLoad = loads.get(host) ?? { ...idle, host };
    const oldestDocumentAt = earliest(load.oldestDocumentAt, oldestAt);
    loads.set(host, { ...load, documents: load.documents + documents, oldestDocumentAt });
  }
  return { minutes, hosts: [...loads.values()].sort((one, other) => other.documents - one.documents) };
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
