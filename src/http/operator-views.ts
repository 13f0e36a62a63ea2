import type { BridgeName, ConfKey } from "../foundation/ids.ts";
import { hourMs } from "../foundation/timers.ts";
import type { ConferenceView } from "../rpc.ts";
import type { Domain } from "../settings/load.ts";
import type { Edge } from "./app.ts";
import { problem } from "./body.ts";

/** How far back a list goes unless `hours` says otherwise: the sweep knows these conferences, too. */
const DEFAULT_HOURS = 6;
/** Id blocks are kept for a week. */
const MOST_HOURS = 7 * 24;
/** Conferences asked side by side; all of an edge may share one thread. */
const ASKED_AT_ONCE = 20;

/** `GET /api/v1/domains`: the domains and their bridges. */
export function listDomains({ domains }: Edge): Response {
  const list = Array.from(domains.values(), ({ name, settings }) => ({
    name,
    bridges: settings.bridges.map(({ name: bridge }) => bridge),
  }));
  return Response.json({ domains: list });
}

/** `GET …/agents`: the connected agents of each bridge; `agents` is `null` for a bridge whose relay does not answer. */
export async function listAgents(_: Request, { name, settings }: Domain, { views }: Edge): Promise<Response> {
  const bridges = settings.bridges.map(async ({ name: bridge }) => ({
    bridge,
    agents: await views.agents(name, bridge as BridgeName).catch(() => null),
  }));
  return Response.json({ bridges: await Promise.all(bridges) });
}

/**
 * `GET …/conferences?hours=6&all=1&before=…`: the conferences that were allocated ids in these hours, the latest first; without `all`
 * those alone that are not over. `next` is the `before` of the next page, `null` on the last one; `unreachable` counts those that did not answer.
 */
export async function listConferences(request: Request, domain: Domain, edge: Edge): Promise<Response> {
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
  if (before !== null && !/^\d{1,15}$/.test(before)) {
    return problem(
      400,
      "bad query",
      `before is ${JSON.stringify(before)}; it must be the \`next\` of the page before.`,
    );
  }
  const { holders, next } = await edge.views.conferencesOf(
    domain.name,
    hours * hourMs,
    before === null ? null : Number(before),
  );
  const found: (ConferenceView | null | "unreachable")[] = [];
  const rest = holders.entries();
  const askOneByOne = async () => {
    for (const [index, key] of rest) {
      found[index] = await viewOf(domain, key, edge).catch(() => "unreachable" as const);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOneByOne));
  const conferences = found.filter((view) => view !== null && view !== "unreachable");
  const shown = query.has("all") ? conferences : conferences.filter(({ phase }) => phase !== "ended");
  const unreachable = found.filter((view) => view === "unreachable").length;
  return Response.json({ conferences: shown, next, unreachable });
}

/** `GET …/conferences/{ConfKey}`: one conference as it is now. */
export async function showConference(_: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  const view = await viewOf(domain, confKey, edge);
  return view ? Response.json(view) : unknown(domain, confKey);
}

/** `GET …/conferences/{ConfKey}/story`: what its journal still holds, the oldest line first. */
export async function tellStory(_: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  if (!(await isKnown(domain, confKey, edge))) return unknown(domain, confKey);
  return Response.json({ lines: await edge.views.conference(domain.name, confKey as ConfKey).story() });
}

async function viewOf(domain: Domain, confKey: string, edge: Edge): Promise<ConferenceView | null> {
  if (!(await isKnown(domain, confKey, edge))) return null;
  return edge.views.conference(domain.name, confKey as ConfKey).view();
}

/** A conference object that never was would be made by the question, and stay. */
function isKnown({ name }: Domain, confKey: string, { objects }: Edge): Promise<boolean> {
  return objects.handles(name).hasConference(confKey as ConfKey);
}

function unknown({ name }: Domain, confKey: string): Response {
  return problem(404, "no such conference", `Nothing is kept of a conference with the key ${confKey} in ${name}.`);
}
