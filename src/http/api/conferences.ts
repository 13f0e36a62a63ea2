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

/** Shown instead of callers if the settings let nobody find them. */
export const noPeople =
  "The settings of this domain store no numbers and attendee IDs (`recordsPersonal`). Search running conferences by key.";

function person(what: string) {
  return v.optional(
    sought(
      `${what} If \`recordsPersonal\` is \`masked\`, only the last two characters are compared, and the length if it is below 7.`,
    ),
  );
}

export const conferenceRoutes = [
  route("listConferences", "GET /domains/{domain}/conferences", {
    says: "Lists the running conferences with all details, in the order of their keys",
    more: "Each conference is asked and loaded. Use it for users, not for monitoring.",
    query: paged(keyCursor, 100, 100),
    answer: {
      says: "Conferences. `incomplete` names those without an answer within 3 s.",
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
    says: "A conference's timeline as far as its journal has it, the oldest line first",
    more: "A line that needs an explanation has its reason in `why`.",
    query: {
      // Writing more at once delays other requests.
      ...paged(/^\d{1,9}$/, 1_000, 1_000),
      why: v.pipe(flag, v.description("1: only lines with a reason. A page can then be empty and still have a next.")),
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
    more: "For programs that ask often: it loads no conference. The answer is at most a second old; above 200 running conferences, up to five seconds per thousand. `GET …/conferences` has more details.",
    query: {
      begins: v.optional(
        v.pipe(
          v.string(),
          v.maxLength(64, "must be at most 64 characters"),
          v.description("Only conferences whose key begins with this text."),
        ),
      ),
      number: person(`Only conferences with this number. ${anySpelling}`),
      attendeeId: person("Only conferences with this attendee ID."),
      affected: v.pipe(flag, v.description("1: only conferences with alerts.")),
      watched: v.pipe(flag, v.description("1: a user is looking, so changes arrive faster for 10 s.")),
      // The directory returns no more at once.
      ...paged(keyCursor, 1_000, 1_000),
    },
    answer: {
      says: "Conferences, and how many there are in all.",
      schema: v.object({ ...runningPage.entries, next }),
    },
    refusals: { 422: "The domain's settings store no numbers and attendee IDs." },
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
  404: "No domain that you may see has this name, no such conference is running, or it has no such caller or room.",
  409: "The conference cannot do it now; the detail says why.",
  422: "It can never be done, or the Idempotency-Key belongs to another action.",
} as const;
const refusalsOfData = { ...refusals, 413: "The data is longer than WebEx takes. Nothing was sent." } as const;

const accepted = {
  status: 202,
  says: "It is on disk. `Location` is the path of its stages.",
  schema: v.object({
    id: v.pipe(v.string(), v.description("The `Idempotency-Key`; without one, a new ID.")),
    stages: v.pipe(v.string(), v.description("The path of its stages.")),
  }),
} as const;

/** Sends the user's action to a conference. */
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

/** Why a conference refuses an action, for users. */
const refusalTexts: Readonly<Record<Refusal, string>> = {
  "no-such-conference": "No conference with the key KEY is running in this domain.",
  "no-such-call": "The conference KEY has no such call now. It may have ended. Check the list of callers.",
  "no-such-room": "The conference KEY has no open sub-conference with this name. `main` is its main room.",
  "in-private-talk":
    "The caller is in a private talk, which only WebEx can end. Wait for its end, or expel the invitee.",
  "conference-full": "The conference KEY already has as many callers as WebEx allows.",
  "bridge-gone":
    "The settings no longer have the bridge of the conference KEY. Put the bridge back into the settings and try again. Without it, you can only end the conference: WebEx is notified, but its calls are not disconnected.",
  "not-supported": "The bridge of the conference KEY cannot do this.",
  "denied-by-policy": "The policy in the domain's settings denies this number.",
  "other-action":
    "This Idempotency-Key belongs to another action of the conference KEY. Use a new one for each action.",
};
/** Refusals that do not depend on the current state. */
const impossible: ReadonlySet<Refusal> = new Set(["not-supported", "denied-by-policy", "other-action"]);

function refused(reason: Refusal, confKey: string): Response {
  const detail = refusalTexts[reason].replace("KEY", () => confKey);
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
    says: `Acts on a conference: ${Object.keys(asked).join(", ")}`,
    more: "WebEx receives its usual notifications. `GET …/actions/{id}` shows the progress.",
    body,
    answer: accepted,
    refusals,
    about: ({ domain: { settings }, body: request }) => aboutRequest(request, personAudited(settings)),
    handle: (call) => operate(call.body, call),
  });
}

/** What the audit stores of a request, with numbers in international form. */
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
    says: "The stages of an action: asked, on disk, sent, done on the bridge, WebEx notified",
    more: "From the conference's journal. Null: not known yet.",
    answer: { says: "Its stages.", schema: actionStages },
    needsConference: true,
    async handle({ confKey, conference, path: { action } }) {
      const stages = await conference.action(action as ActionId);
      if (stages) return stages;
      const detail = `The journal of the conference ${confKey} has no action with this ID. It was refused, or is too old.`;
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
    says: "Sends new connect data to the clients of a conference (Status 6)",
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
