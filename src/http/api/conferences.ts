import * as v from "valibot";
import type { ActionTable } from "../../conference/action-row.ts";
import {
  askedActions,
  type OperatorRequest,
  operatorActions,
  requestSchema,
} from "../../conference/operator-actions.ts";
import { dialledDigits } from "../../foundation/dial-rules.ts";
import type { ActionId, ConfKey } from "../../foundation/ids.ts";
import { type Person, shown } from "../../foundation/shown.ts";
import { segmentOf } from "../../foundation/text/path-segment.ts";
import type { OperatorResult } from "../../rpc/conference.ts";
import { type ConferenceView, conferenceView } from "../../rpc/conference-view.ts";
import { runningPage } from "../../rpc/directory.ts";
import { actionStages, timelineLine } from "../../rpc/timeline.ts";
import { personAudited } from "../../settings/domain-settings.ts";
import { asReplay } from "../audited.ts";
import { noteSilentBridges } from "../monitoring/figures-of-domain.ts";
import { answerOrNull } from "../objects-of-request.ts";
import { type ProblemTitle, problem } from "../problem.ts";
import { anySpelling, flag, gathered, next, paged, sought } from "./lists.ts";
import { type ApiCall, isKnown, routeOf, unknown } from "./route.ts";

const route = routeOf("Conferences");

const keyCursor = /^.{1,64}$/s;

/** In place of people whom the settings let nobody find. */
export const noPeople =
  "The settings of this domain keep nothing of numbers and attendee IDs (`recordsPersonal`), so running conferences are found by their keys alone.";

function person(what: string) {
  return v.optional(
    sought(
      `${what} Where \`recordsPersonal\` is \`masked\`, by its last two characters, and its length where it has fewer than 7.`,
    ),
  );
}

export const conferenceRoutes = [
  route("listConferences", "GET /domains/{domain}/conferences", {
    says: "Lists the running conferences with all details, in the order of their keys",
    more: "Each is asked, and loaded: use it for people, not for monitoring.",
    query: paged(keyCursor, 100, 100),
    answer: {
      says: "Conferences. `incomplete` names those that did not answer within 3 s.",
      schema: v.object({ conferences: v.array(conferenceView), next }),
    },
    async handle({ domain, edge, query: { cursor = null, limit } }) {
      const { name } = domain;
      const page = { domain: name, after: cursor as ConfKey | null, limit };
      const found = await edge.objects.directory(name).running(page);
      const asked = found.conferences.map(({ key }) =>
        answerOrNull(edge.objects.conference(name, key).view(), edge, { domain: name, conference: key }),
      );
      const views = (await Promise.all(asked)).filter((view) => view !== null);
      const conferences = views.filter(goesOn);
      await noteSilentBridges(
        edge,
        domain,
        conferences.map(({ bridge }) => bridge),
      );
      return { conferences, next: found.next };
    },
  }),
  route("showConference", "GET /domains/{domain}/conferences/{confKey}", {
    says: "One conference as it is now",
    answer: { says: "The conference.", schema: conferenceView },
    needsConference: true,
    async handle({ domain, confKey, conference, edge }) {
      const view = await conference.view();
      if (!view) return unknown(domain, confKey);
      if (goesOn(view)) await noteSilentBridges(edge, domain, [view.bridge]);
      return view;
    },
  }),
  route("showTimeline", "GET /domains/{domain}/conferences/{confKey}/timeline", {
    says: "A conference's timeline: all that its journal still holds, the oldest line first",
    more: "A line that needs an explanation has its reason in `why`.",
    query: {
      // To write more at once holds up others.
      ...paged(/^\d{1,9}$/, 1_000, 1_000),
      why: v.pipe(flag, v.description("1: only lines with a reason. A page may then have none and still have a next.")),
    },
    answer: {
      says: "Requests, commands, results, documents and Confirmations.",
      schema: v.object({ lines: v.array(timelineLine), next }),
    },
    needsConference: true,
    async handle({ conference, query: { why, ...place } }) {
      const { page, next } = await gathered((from) => conference.timeline(from), place);
      return { lines: why === undefined ? page : page.filter((line) => line.why !== undefined), next };
    },
  }),
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
      affected: v.pipe(flag, v.description("1: only conferences with alerts.")),
      watched: v.pipe(flag, v.description("1: somebody looks, so changes of these arrive faster for 10 s.")),
      // The directory gives no more at once.
      ...paged(keyCursor, 1_000, 1_000),
    },
    answer: {
      says: "Conferences, and how many there are in all.",
      schema: v.object({ ...runningPage.entries, next }),
    },
    refusals: { 422: "The domain's settings keep no numbers and attendee IDs, so nobody is found by them." },
    async handle({
      domain,
      edge,
      query: { begins = "", cursor = null, limit, affected, watched, number, attendeeId },
    }) {
      const { name, settings } = domain;
      if ((number ?? attendeeId) !== undefined && settings.recordsPersonal === "none")
        return problem(422, "cannot be done", noPeople);
      const [found] = await Promise.all([
        edge.objects.directory(name).running({
          domain: name,
          after: cursor as ConfKey | null,
          limit,
          begins,
          number,
          attendeeId,
          affected: affected !== undefined,
          isWatched: watched !== undefined,
        }),
        noteSilentBridges(edge, domain),
      ]);
      return found;
    },
  }),
];

export function goesOn({ phase }: Pick<ConferenceView, "phase">): boolean {
  return phase === "creating" || phase === "running";
}

type Refusal = Exclude<OperatorResult, "done" | "done-before">;

const refusals = {
  404: "There is no such domain that you see, no such conference runs, or it has no such caller or room.",
  409: "The conference refuses it as things are, and says why.",
  422: "It cannot be done, however things are; or the Idempotency-Key is that of another action.",
} as const;
const refusalsOfData = { ...refusals, 413: "The data is longer than WebEx takes. Nothing was sent." } as const;

const accepted = {
  status: 202,
  says: "It is on disk. `Location` is where its stages are.",
  schema: v.object({
    id: v.pipe(v.string(), v.description("The `Idempotency-Key`, or one that was made.")),
    stages: v.pipe(v.string(), v.description("The path of its stages.")),
  }),
} as const;

/** Asks something of a conference, as the user of this request. */
async function operate(
  request: OperatorRequest,
  { domain, confKey, conference, edge, actionId, signedIn }: ApiCall,
): Promise<Response> {
  const action = { id: actionId as ActionId, person: signedIn.person.name, request };
  const result = (await isKnown(domain, confKey, edge)) ? await conference.operate(action) : "no-such-conference";
  if (result !== "done" && result !== "done-before") return refused(result, confKey);
  const [of, key, id] = [domain.name, confKey, actionId].map(segmentOf);
  const stages = `/api/v1/domains/${of}/conferences/${key}/actions/${id}`;
  const done = Response.json({ id: actionId, stages }, { status: accepted.status, headers: { location: stages } });
  return result === "done" ? done : asReplay(done);
}

/** Why a conference refuses an action, for people; `null`: the word is none of its refusals. */
export function refusalText(word: string, confKey: string): string | null {
  return refusalTexts.get(word)?.replace("KEY", () => confKey) ?? null;
}

const refusalTexts: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "no-such-conference": "No conference with the key KEY is running in this domain.",
    "no-such-call": "The conference KEY has no such call now. It may have ended; look at who is in it.",
    "no-such-room": "The conference KEY has no open sub-conference of this name; `main` is its main room.",
    "in-private-talk":
      "The caller is in a private talk, which WebEx alone ends. Wait for its end, or expel the invitee.",
    "conference-full": "The conference KEY has as many callers as WebEx allows for it.",
    "bridge-gone":
      "The settings do not have the bridge of the conference KEY any more, so the edge reaches nobody there: put the bridge back into them, and try again. Without it, the conference can only be ended: then WebEx is notified that it is over, and calls that are still there are not hung up.",
    "not-supported": "The bridge of the conference KEY cannot do this.",
    "denied-by-policy": "The policy in the domain's settings denies this number.",
    "other-action":
      "Another action of the conference KEY came under this Idempotency-Key. Take a new one for each action.",
  } satisfies Record<Refusal, string>),
);
/** Refusals however things are. */
const impossible: ReadonlySet<Refusal> = new Set(["not-supported", "denied-by-policy", "other-action"]);

function refused(reason: Refusal, confKey: string): Response {
  const detail = refusalText(reason, confKey) ?? reason;
  const missing = reason.startsWith("no-such-");
  if (missing) return problem(404, reason.replaceAll("-", " ") as ProblemTitle, detail, {}, { reason });
  const [status, title] = impossible.has(reason) ? ([422, "cannot be done"] as const) : ([409, "refused"] as const);
  return problem(status, title, detail, {}, { reason });
}

const path = "/domains/{domain}/conferences/{confKey}/actions";

export function actRoute(actions: ActionTable = operatorActions) {
  const asked = askedActions(actions);
  const body = requestSchema(asked);
  return route("act", `POST ${path}`, {
    says: `Has a conference do something: ${Object.keys(asked).join(", ")}`,
    more: "WebEx is told by its ordinary notifications. `GET …/actions/{id}` shows how far it has come.",
    body,
    answer: accepted,
    refusals,
    about: ({ domain: { settings }, body: request }) => aboutRequest(request, personAudited(settings)),
    handle: (call) => operate(call.body, call),
  });
}

/** What the audit stores of a request, with numbers as people write them. */
function aboutRequest(request: OperatorRequest, person: Person): Record<string, string> {
  const written = "number" in request ? { ...request, number: `+${dialledDigits(request.number)}` } : request;
  const parts = Object.entries(shown({ request: written }, person).request);
  return Object.fromEntries(parts.map(([name, value]) => [name, String(value)]));
}

const {
  passthrough: { parameters: passthrough },
  "hybrid-data": { parameters: hybrid },
} = operatorActions;

export const actionRoutes = [
  actRoute(),
  route("showAction", `GET ${path}/{action}`, {
    says: "How far an action has come: asked, on disk, sent, done on the bridge, told to WebEx",
    more: "As the conference's journal has it. What is not known yet is null.",
    answer: { says: "Its stages.", schema: actionStages },
    needsConference: true,
    async handle({ confKey, conference, path: { action } }) {
      const stages = await conference.action(action as ActionId);
      if (stages) return stages;
      const detail = `The journal of the conference ${confKey} has no action with this id: it was refused, or is too long ago.`;
      return problem(404, "no such action", detail);
    },
  }),
  route("passthrough", "POST /domains/{domain}/conferences/{confKey}/passthrough", {
    says: "Sends data to one caller's client (protocol 2.3.11)",
    more: "`A2W_CSPClientPassthrough` to WebEx, with at most 1,024 bytes of data.",
    body: v.object(passthrough),
    answer: accepted,
    refusals: refusalsOfData,
    handle: async (call) =>
      tooLong("data", new TextEncoder().encode(call.body.data).byteLength, "bytes") ??
      operate({ type: "passthrough", ...call.body }, call),
  }),
  route("hybridData", "PUT /domains/{domain}/conferences/{confKey}/hybrid", {
    says: "New connect data for the clients of a conference (Status 6)",
    more: "`A2W_NotifyConferenceChange` to WebEx, with at most 1,024 characters.",
    body: v.object(hybrid),
    answer: accepted,
    refusals: refusalsOfData,
    handle: async (call) =>
      tooLong("connectData", call.body.connectData.length, "characters") ??
      operate({ type: "hybrid-data", ...call.body }, call),
  }),
];

function tooLong(what: string, length: number, unit: string): Response | null {
  return length <= 1_024 ? null : problem(413, "too long", `Nothing was sent: ${what} may have at most 1024 ${unit}.`);
}
