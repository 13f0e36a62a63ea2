import type { BridgeName, DomainName, WebexHost } from "../../foundation/ids.ts";
import { earliest } from "../../foundation/time/earliest.ts";
import { within } from "../../foundation/time/timers.ts";
import { type FigureSource, type Figures, figuresOf, isSilent, type PortsOfBridge } from "../../operators/figures.ts";
import type { DomainActivity, ServerLoad } from "../../rpc/directory.ts";
import type { Domain } from "../../settings/load.ts";
import type { EdgePorts, FoundTotals } from "../edge-ports.ts";
import { answerOrNull, lacks } from "../objects-of-request.ts";

/** What has not answered by then does not hold up what the others say. */
const ANSWER_WITHIN_MS = 2_000;

/** What is known already of a domain, and is not asked for again. */
interface Known {
  readonly totals?: FoundTotals;
  readonly bridges?: readonly PortsOfBridge[] | undefined;
  readonly activity?: Pick<DomainActivity, "minutes"> | null;
}

/** All figures of a domain, as its objects have them now. What does not answer is not known. */
export async function figuresOfDomain(edge: EdgePorts, ofSettings: Domain, known: Known = {}): Promise<Figures> {
  const { objects, now } = edge;
  const { name: domain } = ofSettings;
  const [totals, activity, bridges] = await Promise.all([
    known.totals ?? askTotals(edge, domain),
    known.activity !== undefined
      ? known.activity
      : answerOrNull(objects.directory(domain).activity(), edge, { domain }),
    known.bridges ?? bridgesOf(edge, ofSettings),
  ]);
  const minutes = activity?.minutes ?? null;
  return figuresOf({ now: now(), conferences: totals.directory, documents: documentsOf(totals), minutes, bridges });
}

/** Posts of the last hour, and what waits for each server, in conferences and in the mailbox. */
export async function activityOf(edge: EdgePorts, { name: domain }: Domain): Promise<DomainActivity> {
  const { objects } = edge;
  const [activity, mail] = await Promise.all([
    objects.directory(domain).activity(),
    answerOrNull(within(edge, ANSWER_WITHIN_MS, "the mailbox", objects.mailbox(domain).waiting()), edge, { domain }),
  ]);
  if (mail === null) return activity;
  const loads = new Map(activity.hosts.map((load) => [load.host, load]));
  for (const { host: name, documents, oldestAt } of mail.servers) {
    const host = name as WebexHost;
    const load = loads.get(host) ?? { host, ...idle };
    const oldestDocumentAt = earliest(load.oldestDocumentAt, oldestAt);
    loads.set(host, { ...load, documents: load.documents + documents, oldestDocumentAt });
  }
  return { ...activity, hosts: [...loads.values()].sort((one, other) => other.documents - one.documents) };
}

const idle: Omit<ServerLoad, "host"> = {
  ...{ conferences: 0, documents: 0, oldestDocumentAt: null, failure: null, affected: [] },
};
const theMailbox = "the mailbox";

/** How full the bridges of a domain are, as their relays say. `names`: only the relays of these are asked. */
export function bridgesOf(
  edge: EdgePorts,
  { name: domain, settings }: Domain,
  names: readonly (string | null)[] = settings.bridges.map(({ name }) => name),
): Promise<readonly PortsOfBridge[]> {
  const found = settings.bridges
    .filter(({ name }) => names.includes(name))
    .map(async ({ name: bridge }) => {
      const health = edge.objects.relay(domain, bridge as BridgeName).health();
      const asked = within(edge, ANSWER_WITHIN_MS, "the relay", health);
      return { bridge, health: await answerOrNull(asked, edge, { domain, bridge }, "relay-unreachable") };
    });
  return Promise.all(found);
}

/** Notes the bridges, or those of these names, whose agents report nothing now: callers there may have left. */
export async function noteSilentBridges(
  edge: EdgePorts,
  domain: Domain,
  names?: readonly (string | null)[],
): Promise<void> {
  for (const found of await bridgesOf(edge, domain, names))
    if (isSilent(found)) lacks(edge, `bridge ${found.bridge}`, "no agent reports what it does: callers may have left");
}

async function askTotals(edge: EdgePorts, domain: DomainName): Promise<FoundTotals> {
  const [directory, mail] = await Promise.all([
    answerOrNull(edge.objects.directory(domain).totals(), edge, { domain }),
    answerOrNull(edge.objects.mailbox(domain).waiting(), edge, { domain }),
  ]);
  return { directory, mail };
}

function documentsOf({ directory, mail }: FoundTotals): FigureSource["documents"] {
  if (!directory || !mail) return directory && { ...directory, missing: [theMailbox] };
  const oldestAt = earliest(directory.oldestAt, mail.oldestAt);
  return { ...directory, documents: directory.documents + mail.documents, oldestAt };
}
