import type { BridgeName, ConfKey } from "../foundation/ids.ts";
import { hourMs } from "../foundation/timers.ts";
import type { ConferenceView } from "../rpc.ts";
import type { Domain } from "../settings/load.ts";
import type { Edge } from "./app.ts";
import { problem } from "./body.ts";
import { failureOf } from "./objects-of-request.ts";

/** How far back a list goes at least. All that run are among these: the sweep has ids allocated to them every few hours. */
const DEFAULT_HOURS = 6;
/** Id blocks are kept for a week. */
const MOST_HOURS = 7 * 24;
/** Conferences asked side by side; all of an edge may share one thread. */
const ASKED_AT_ONCE = 20;
/** After this time no more conferences are asked, and `next` says where to go on: those that have begun may take some seconds more. */
const LIST_WITHIN_MS = 5_000;

/** `GET /api/v1/domains`: the domains and their bridges. */
export function listDomains({ domains }: Edge): Response {
  const list = Array.from(domains.values(), ({ name, settings }) => ({
    name,
    bridges: settings.bridges.map(({ name: bridge }) => bridge),
  }));
  return Response.json({ domains: list });
}

/** `GET …/agents`: the connected agents of each bridge; `agents` is `null` for a bridge whose relay does not answer. */
export async function listAgents(_: Request, { name, settings }: Domain, { views, log }: Edge): Promise<Response> {
  const bridges = settings.bridges.map(async ({ name: bridge }) => ({
    bridge,
    agents: await views.agents(name, bridge as BridgeName).catch((error: unknown) => {
      const { object, error: why } = failureOf(error);
      log("relay-unreachable", { domain: name, bridge, object, error: why }, "error");
      return null;
    }),
  }));
  return Response.json({ bridges: await Promise.all(bridges) });
}

/**
 * `GET …/conferences?all=1&hours=6&before=…`: the conferences that are not over, and with `all` those that were in these hours, too; the
 * latest first. `next` is the `before` of the next page, `null` on the last one: this page's last place and the first page's first one,
 * so that a conference that is allocated ids meanwhile keeps its place. `unreachable` counts those that did not answer.
 */
export async function listConferences(request: Request, domain: Domain, edge: Edge): Promise<Response> {
  const begunAt = edge.now();
  const query = new URL(request.url).searchParams;
  const hours = Number(query.get("hours") ?? DEFAULT_HOURS);
  const before = query.get("before");
  if (!(hours > 0 && hours <= MOST_HOURS)) {
    return problem(
      400,
      "bad query",
      `hours is ${JSON.stringify(query.get("hours"))}; it must be above 0 and at most ${MOST_HOURS}.`,
    );
  }
  const [, place, top] = /^(\d{1,15})-(\d{1,15})$/.exec(before ?? "") ?? [];
  if (before !== null && top === undefined) {
    return problem(
      400,
      "bad query",
      `before is ${JSON.stringify(before)}; it must be the \`next\` of the page before.`,
    );
  }
  const { holders, next } = await edge.views.conferencesOf(
    domain.name,
    Math.max(hours, DEFAULT_HOURS) * hourMs,
    before === null ? null : Number(place),
    before === null ? null : Number(top),
  );
  const topics = topicsOf(
    domain,
    holders.map(({ key }) => key),
    edge,
  );
  const found: (ConferenceView | null | "unreachable")[] = [];
  let asked = 0;
  const askOneByOne = async () => {
    for (;;) {
      const isLate = asked >= ASKED_AT_ONCE && edge.now() - begunAt >= LIST_WITHIN_MS;
      const holder = isLate ? undefined : holders[asked];
      if (!holder) return;
      const index = asked++;
      found[index] = await viewOf(domain, holder.key, edge).catch((error: unknown) => {
        const { object, objectId, error: why } = failureOf(error);
        const facts = { domain: domain.name, conference: holder.key, object, objectId, error: why };
        edge.log("view-failed", facts, "warn");
        return "unreachable" as const;
      });
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOneByOne));
  const endedSince = query.has("all") ? begunAt - hours * hourMs : Number.POSITIVE_INFINITY;
  const known = await topics;
  const left = asked < holders.length ? holders[asked - 1]?.place : next;
  return Response.json({
    conferences: found
      .filter((view) => view !== null && view !== "unreachable")
      .filter(({ phase, lastAt }) => phase !== "ended" || lastAt >= endedSince)
      .map((view) => withTopic(view, known)),
    next: typeof left === "number" ? `${left}-${top ?? holders[0]?.place}` : null,
    unreachable: found.filter((view) => view === "unreachable").length,
  });
}

/** `GET …/conferences/{ConfKey}`: one conference as it is now. */
export async function showConference(_: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  const [view, topics] = await Promise.all([
    viewOf(domain, confKey, edge),
    topicsOf(domain, [confKey as ConfKey], edge),
  ]);
  return view ? Response.json(withTopic(view, topics)) : unknown(domain, confKey);
}

/** `GET …/conferences/{ConfKey}/story`: what its journal still holds, the oldest line first. */
export async function tellStory(_: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  if (!(await isKnown(domain, confKey, edge))) return unknown(domain, confKey);
  return Response.json({ lines: await edge.views.conference(domain.name, confKey as ConfKey).story() });
}

/** What the WebEx site called these conferences, as far as that is cached: the site is not asked, and nothing waits for it. */
async function topicsOf(
  { name, settings }: Domain,
  keys: readonly ConfKey[],
  { views, log }: Edge,
): Promise<ReadonlyMap<ConfKey, string>> {
  if (!settings.webexSite || keys.length === 0) return new Map();
  return views
    .webexSite(name)
    .topics(name, keys)
    .catch((error: unknown) => {
      const { object, objectId, error: why } = failureOf(error);
      log("view-failed", { domain: name, object, objectId, error: why }, "warn");
      return new Map();
    });
}

function withTopic(view: ConferenceView, topics: ReadonlyMap<ConfKey, string>): ConferenceView & { topic?: string } {
  const topic = topics.get(view.key);
  return topic === undefined ? view : { ...view, topic };
}

export async function viewOf(domain: Domain, confKey: string, edge: Edge): Promise<ConferenceView | null> {
  if (!(await isKnown(domain, confKey, edge))) return null;
  return edge.views.conference(domain.name, confKey as ConfKey).view();
}

/** A conference object that never was would be made by the question, and stay. */
export function isKnown({ name }: Domain, confKey: string, { objects }: Edge): Promise<boolean> {
  return objects.handles(name).hasConference(confKey as ConfKey);
}

export function unknown({ name }: Domain, confKey: string): Response {
  return problem(404, "no such conference", `Nothing is kept of a conference with the key ${confKey} in ${name}.`);
}
