import * as v from "valibot";
import type { BridgeName, ConfKey } from "../../../foundation/ids.ts";
import { personal } from "../../../foundation/shown.ts";
import { hourMs } from "../../../foundation/time/timers.ts";
import { isAway, type PortsOfBridge, withAway } from "../../../operators/figures.ts";
import { type ConferenceView, conferenceView } from "../../../rpc/conference-view.ts";
import { bridgeLoad, type ListedConference, runningPage } from "../../../rpc/directory.ts";
import { storyLine } from "../../../rpc/story.ts";
import type { Domain } from "../../../settings/load.ts";
import { askedInTime } from "../../asked-in-time.ts";
import type { PeoplePorts } from "../../edge-ports.ts";
import { bridgesOf } from "../../monitoring/figures-of-domain.ts";
import { failureOf } from "../../objects-of-request.ts";
import { problem } from "../../problem.ts";
import { cursorOf, gathered, inPages, limitOf, next, wholeList } from "../paging.ts";
import { flag, routeOf } from "../route.ts";
import { anySpelling } from "../values.ts";

const route = routeOf("Conferences");

/** How far back a list goes at least. All that run are among these: the sweep has ids allocated to them every few hours. */
const DEFAULT_HOURS = 6;
/** Id blocks are kept for a week. */
const MOST_HOURS = 7 * 24;
/** Of one page; the id allocator gives no more at once. */
const MOST_LISTED = 500;

export const shownLoad = v.object({
  ...bridgeLoad.entries,
  away: v.pipe(
    v.exactOptional(v.literal(true)),
    v.description(
      "Present while no agent says what the bridge does, as while agent or bridge is away: `callers` is as it was before, and may be less now.",
    ),
  ),
});
/** After this time no more conferences are asked, and `next` says where to go on: those that have begun may take some seconds more. */
const LIST_WITHIN_MS = 5_000;

const place = /^\d{1,15}-\d{1,15}$/;
const hoursFault = `must be above 0 and at most ${MOST_HOURS}`;

export const conferenceRoutes = [
  route("listConferences", "GET /domains/{domain}/conferences", {
    says: "The conferences that are not over, the latest first",
    more: "With callers, rooms, commands without a result, documents without a Confirmation and why, and the server that is behind. `all=1&hours=6`: those that were over in these hours, too. A page ends earlier where its conferences take long to answer; all pages are of the conferences that there were at the first. `unreachable` counts those that did not answer within 3 s: `view-failed` in the log names them. Each is asked, and wakes: this is for people, not for monitoring.",
    query: {
      all: v.pipe(flag, v.description("1: those that were over in these hours, too.")),
      hours: v.pipe(
        v.optional(v.pipe(v.number(), v.gtValue(0, hoursFault), v.maxValue(MOST_HOURS, hoursFault)), DEFAULT_HOURS),
        v.description(`How far back \`all\` goes: ${MOST_HOURS} at most.`),
      ),
      cursor: cursorOf(place),
      limit: limitOf(MOST_LISTED),
      before: v.pipe(cursorOf(place), v.description("`cursor` under its older name.")),
    },
    answer: {
      says: "`unreachable` counts those that did not answer within 3 s.",
      schema: v.object({ conferences: v.array(conferenceView), next, unreachable: v.number() }),
    },
    async handle({ domain, edge, query: { all, hours, cursor, limit = MOST_LISTED, before = cursor } }) {
      const begunAt = edge.now();
      const [from, top] = before?.split("-").map(Number) ?? [];
      const { holders: allocated, next: later } = await edge.objects
        .idAllocator(domain.name)
        .conferencesOf(Math.max(hours, DEFAULT_HOURS) * hourMs, from ?? null, top ?? null);
      const found = await askedInTime(edge, LIST_WITHIN_MS, allocated.slice(0, limit), ({ key }) =>
        knownView(domain, key, edge).catch((error: unknown) => {
          edge.log("view-failed", { domain: domain.name, conference: key, ...failureOf(error) }, "warn");
          return "unreachable" as const;
        }),
      );
      const asked = found.length;
      const endedSince = all === undefined ? Number.POSITIVE_INFINITY : begunAt - hours * hourMs;
      const left = asked < allocated.length ? allocated[asked - 1]?.place : later;
      const conferences = found
        .filter((view) => view !== null && view !== "unreachable")
        .filter((view) => goesOn(view) || view.lastAt >= endedSince);
      const bridges = await bridgesOf(
        edge,
        domain,
        conferences.filter(goesOn).map(({ bridge }) => bridge),
      );
      return {
        conferences: conferences.map((view) => viewWithAway(view, bridges)),
        next: typeof left === "number" ? `${left}-${top ?? allocated[0]?.place}` : null,
        unreachable: found.filter((view) => view === "unreachable").length,
      };
    },
  }),
  route("showConference", "GET /domains/{domain}/conferences/{confKey}", {
    says: "One conference as it is now",
    answer: { says: "The conference.", schema: conferenceView },
    needsConference: true,
    async handle({ domain, confKey, conference, edge }) {
      const view = await conference.view();
      if (!view) return unknown(domain, confKey);
      return viewWithAway(view, await bridgesOf(edge, domain, goesOn(view) ? [view.bridge] : []));
    },
  }),
  route("tellStory", "GET /domains/{domain}/conferences/{confKey}/story", {
    says: "All that a conference's journal still holds, the oldest line first",
    query: wholeList,
    answer: {
      says: "What was asked, sent to the bridge, done there, posted and confirmed, or why not.",
      schema: v.object({ lines: v.array(storyLine), next }),
    },
    needsConference: true,
    async handle({ conference, query }) {
      const { page, next } = await gathered((from) => conference.story(from), inPages(query));
      return { lines: page, next };
    },
  }),
];

/** The directory gives no more at once. */
const MOST_RUNNING = 1_000;

/** In place of people whom the settings let nobody find. */
export const noPeople =
  "The settings of this domain keep nothing of numbers and attendee IDs (`recordsPersonal`), so running conferences are found by their keys alone.";

function person(what: string) {
  return personal(
    v.optional(
      v.pipe(
        v.string(),
        v.nonEmpty("must not be empty"),
        v.maxLength(256, "must be at most 256 characters"),
        v.description(
          `${what} Where \`recordsPersonal\` is \`masked\`, by its last two characters, and its length where it has fewer than 7.`,
        ),
      ),
    ),
  );
}

export const runningRoutes = [
  route("listRunning", "POST /domains/{domain}/running-conferences", {
    says: "The conferences that are being created or run, in the order of their keys",
    more: "In one call to the domain's directory and one to each bridge's relay, for programs that ask often. It wakes no conference, and what it says is a second old at most; where more than 200 conferences run, up to five seconds for each thousand of them. `GET …/conferences` says more of each.",
    query: {
      begins: v.optional(
        v.pipe(
          v.string(),
          v.maxLength(64, "must be at most 64 characters"),
          v.description("Those whose key begins so."),
        ),
      ),
      number: person(`Those with a caller of this number. ${anySpelling}`),
      attendeeId: person("Those with a caller of this attendee ID."),
      cursor: cursorOf(/^.{1,64}$/s),
      troubled: v.pipe(flag, v.description("1: those alone that have reported trouble.")),
      limit: limitOf(MOST_RUNNING),
    },
    answer: {
      says: "Conferences, and how many there are in all.",
      schema: v.object({
        ...runningPage.entries,
        bridges: v.pipe(v.array(shownLoad), v.description("All that run, by their bridges; null: they have none yet.")),
        next,
      }),
    },
    refusals: { 422: "The domain's settings keep no numbers and attendee IDs, so nobody is found by them." },
    async handle({
      domain,
      edge,
      query: { begins = "", cursor = null, limit = MOST_RUNNING, troubled, number, attendeeId },
    }) {
      const { name, settings } = domain;
      if ((number ?? attendeeId) !== undefined && settings.recordsPersonal === "none")
        return problem(422, "cannot be done", noPeople);
      const query = { domain: name, after: cursor as ConfKey | null, limit, begins, attendeeId };
      const [found, relays] = await Promise.all([
        edge.objects.directory(name).running({ ...{ ...query, troubled: troubled !== undefined }, number }),
        bridgesOf(edge, domain),
      ]);
      const conferences = shownList(found.conferences, relays);
      const bridges = found.bridges.map((load) => withAway(load, relays));
      return { ...found, conferences, bridges };
    },
  }),
];

/** Rows of a list. Where nobody says what a bridge does, its conferences are marked, and who speaks there is not known. */
export function shownList(
  conferences: readonly ListedConference[],
  bridges: readonly PortsOfBridge[],
): readonly ListedConference[] {
  return conferences.map((one) => {
    if (!isAway(bridges, one.bridge)) return one;
    const { speakers: _, ...now } = one.now;
    return { ...one, away: true, now };
  });
}

/** The same of a whole conference. One that is over has no callers who may have left. */
export function viewWithAway(view: ConferenceView, bridges: readonly PortsOfBridge[]): ConferenceView {
  if (!goesOn(view) || !isAway(bridges, view.bridge)) return view;
  return { ...view, away: true, callers: view.callers.map((caller) => ({ ...caller, speaks: null })) };
}

export function goesOn({ phase }: Pick<ConferenceView, "phase">): boolean {
  return phase === "creating" || phase === "running";
}

async function knownView(domain: Domain, confKey: ConfKey, edge: PeoplePorts): Promise<ConferenceView | null> {
  if (!(await isKnown(domain, confKey, edge))) return null;
  return edge.objects.conference(domain.name, confKey).view();
}

/** A conference object that never was would be made by the question, and stay. WebEx has no handle for one that was found on a bridge. */
export async function isKnown(
  { name, settings }: Domain,
  confKey: ConfKey,
  { objects }: PeoplePorts,
): Promise<boolean> {
  if (await objects.handles(name).hasConference(confKey)) return true;
  const asked = settings.bridges.map((bridge) => objects.relay(name, bridge.name as BridgeName).hasConference(confKey));
  // A relay that does not answer must not hide what the others know.
  return (await Promise.all(asked.map((one) => one.catch(() => false)))).includes(true);
}

export function unknown({ name }: Domain, confKey: string): Response {
  return problem(404, "no such conference", `Nothing is kept of a conference with the key ${confKey} in ${name}.`);
}
