import * as v from "valibot";
import type { ConfKey } from "../../foundation/ids.ts";
import { time } from "../../foundation/schemas.ts";
import type { MeetingQuestion } from "../../rpc/webex-site.ts";
import type { WebexSiteSettings } from "../../settings/domain-settings.ts";
import type { Domain } from "../../settings/load.ts";
import type { Edge } from "../app.ts";
import { problem } from "../problem.ts";
import { isKnown, unknown, viewOf } from "./conferences/conferences.ts";
import { route } from "./route.ts";

const says = v.string();
const link = v.nullable(v.object({ url: v.string(), needsLogIn: v.boolean() }));

const meeting = v.object({
  sessionKey: v.string(),
  service: v.string(),
  topic: v.nullable(v.string()),
  status: v.nullable(v.string()),
  host: v.nullable(v.object({ name: v.string(), webExId: v.string(), email: v.string() })),
  schedule: v.pipe(
    v.nullable(v.object({ startsAt: v.string(), timeZone: v.string(), minutes: v.number() })),
    v.description("`startsAt` is in the time zone beside it."),
  ),
  numbers: v.array(
    v.object({
      kind: v.picklist(["toll", "toll-free", "backup", "local", "global"]),
      number: v.string(),
      label: v.optional(v.string()),
    }),
  ),
  accessCode: v.pipe(
    v.nullable(v.string()),
    v.description("`(secret)`: there is one, and `readAccessCode` answers it; null: none is known."),
  ),
  dialInSequences: v.pipe(
    v.nullable(v.string()),
    v.description("As the site sent it, with `[AccessCode]` for the access code."),
  ),
  missing: v.array(
    v.object({ what: v.string(), why: v.picklist(["never", "needs-password", "absent", "unknown", "wrong"]), says }),
  ),
});

const meetingAnswer = v.object({
  meeting: v.pipe(v.nullable(meeting), v.description("As the site last said; null: it never did.")),
  knownAt: v.nullable(time),
  dialIn: v.pipe(
    v.array(v.object({ name: v.string(), dialString: v.string(), toFill: v.array(v.string()) })),
    v.description("As telephones key them, with `[AccessCode]` for the access code."),
  ),
  links: v.nullable(v.object({ start: link, join: link })),
  failure: v.pipe(v.nullable(v.string()), v.description("Why the site did not answer the last look-up; null: it did.")),
  notes: v.array(v.string()),
});

const provisioning = v.object({
  last: v.pipe(
    v.nullable(
      v.object({
        begunAt: time,
        endedAt: time,
        users: v.number(),
        differences: v.array(v.object({ about: v.string(), says })),
        more: v.pipe(v.number(), v.description("Further differences that are only counted.")),
        notCompared: v.pipe(v.array(v.string()), v.description("What was not compared, and why.")),
      }),
    ),
    v.description("The last check that came to its end; null: none did."),
  ),
  running: v.nullable(
    v.object({
      begunAt: time,
      users: v.number(),
      of: v.nullable(v.number()),
      waits: v.pipe(
        v.nullable(v.object({ says, until: time })),
        v.description("Why the site keeps it from going on, and when it is asked again; null: it goes on."),
      ),
    }),
  ),
  failure: v.pipe(
    v.nullable(v.object({ at: time, says })),
    v.description("Why the latest check came to no end; null: it did, or none began."),
  ),
  nextAt: v.nullable(time),
});

const noSuchSite = "There is no such domain that you see, or it has no WebEx site in its settings.";

export const webexSiteRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/conferences/{confKey}/meeting",
    id: "showMeeting",
    tag: "WebEx site",
    says: "What the domain's WebEx site says of a conference",
    more: "Topic, host, schedule, numbers, whether there is an access code; what is missing and why; what telephones dial; links to start it, which asks the host to log in, and to join it; when the site said so (`knownAt`), and why nothing newer is known (`failure`). Waits 5 s for the site, if what is cached is older than `cacheMs`.",
    query: {
      attendeeId: v.optional(
        v.pipe(
          v.string(),
          v.regex(/^\d{1,64}$/, "must be 1 to 64 digits"),
          v.description("Filled into what telephones dial."),
        ),
      ),
    },
    answer: { says: "What is known, and what is missing and why.", schema: meetingAnswer },
    refusals: { 404: `${noSuchSite} Or nothing is kept of such a conference.` },
    async handle({ domain, confKey, edge, query: { attendeeId } }) {
      const { webexSite } = domain.settings;
      if (!webexSite) return noSite(domain);
      if (!(await isKnown(domain, confKey, edge))) return unknown(domain, confKey);
      return edge.views
        .webexSite(domain.name)
        .meeting(await meetingQuestion(domain, webexSite, confKey, edge, attendeeId));
    },
  }),
  route({
    method: "POST",
    path: "/domains/{domain}/conferences/{confKey}/meeting/access-code",
    id: "readAccessCode",
    tag: "WebEx site",
    says: "The participants' access code of one meeting",
    more: 'For people whose settings have `"secrets": true`. Who reads it is in the audit before it is answered; where the audit cannot be written, it is not answered (503). Waits for the site as `showMeeting` does.',
    showsSecret: true,
    answer: { says: "The access code.", schema: v.object({ accessCode: v.string() }) },
    refusals: { 404: `${noSuchSite} Or nothing is kept of such a conference, or no access code of it is known.` },
    async handle({ domain, confKey, edge }) {
      const { webexSite } = domain.settings;
      if (!webexSite) return noSite(domain);
      if (!(await isKnown(domain, confKey, edge))) return unknown(domain, confKey);
      const question = await meetingQuestion(domain, webexSite, confKey, edge);
      const accessCode = await edge.views.webexSite(domain.name).accessCode(question);
      return accessCode === null ? problem(404, "no access code", noAccessCode(confKey)) : { accessCode };
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/provisioning-check",
    id: "showProvisioning",
    tag: "WebEx site",
    says: "What the last comparison of the site's accounts with the domain's settings found",
    answer: { says: "What was found, whether one runs, and when the next begins.", schema: provisioning },
    refusals: { 404: noSuchSite },
    handle({ domain, edge: { views } }) {
      return domain.settings.webexSite ? views.webexSite(domain.name).provisioning(domain.name) : noSite(domain);
    },
  }),
  route({
    method: "POST",
    path: "/domains/{domain}/provisioning-check",
    id: "beginProvisioning",
    tag: "WebEx site",
    says: "Begins such a comparison now, unless one runs",
    more: "One that waits for a site that does not answer goes on at once.",
    answer: { status: 202, says: "One runs.", schema: provisioning },
    refusals: { 404: noSuchSite },
    handle({ domain, edge: { views } }) {
      return domain.settings.webexSite ? views.webexSite(domain.name).beginCheck(domain.name) : noSite(domain);
    },
  }),
];

function noAccessCode(confKey: ConfKey): string {
  return `The site has told no access code of the conference ${confKey}. Its meeting says what is missing, and why.`;
}

/** How the site's object is asked about a conference of which something is kept. */
export async function meetingQuestion(
  domain: Domain,
  webexSite: WebexSiteSettings,
  confKey: ConfKey,
  edge: Edge,
  attendeeId?: string,
): Promise<MeetingQuestion> {
  const byKey = webexSite.sessionKey === "ConfKey";
  const sessionKey = byKey ? confKey : (await viewOf(domain, confKey, edge))?.extConfId || null;
  return { domain: domain.name, confKey, sessionKey, attendeeId };
}

function noSite(domain: Domain): Response {
  return problem(404, "no site", noSiteText(domain));
}

export function noSiteText({ name }: Domain): string {
  return `The domain ${name} has no webexSite in its settings. docs/operations.md says how to connect one.`;
}
