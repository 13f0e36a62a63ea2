import * as v from "valibot";
import type { ConfKey } from "../../foundation/ids.ts";
import { personal } from "../../foundation/shown.ts";
import { type MeetingQuestion, meetingAnswer, provisioningState } from "../../rpc/webex-site.ts";
import type { Domain } from "../../settings/load.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import { problem } from "../problem.ts";
import { knownView } from "./conferences/conferences.ts";
import { routeOf } from "./route.ts";

const route = routeOf("WebEx site");

const noSuchSite = "There is no such domain that you see, or it has no WebEx site in its settings.";

export const webexSiteRoutes = [
  route("showMeeting", "GET /domains/{domain}/conferences/{confKey}/meeting", {
    says: "What the domain's WebEx site says of a conference",
    more: "Topic, host, schedule, numbers, whether there is an access code; what is missing and why; what telephones dial; links to start it, which asks the host to log in, and to join it; when the site said so (`knownAt`), and why nothing newer is known (`failure`). Waits 5 s for the site, if what is cached is older than `cacheMs`.",
    query: {
      attendeeId: personal(
        v.optional(
          v.pipe(
            v.string(),
            v.regex(/^\d{1,64}$/, "must be 1 to 64 digits"),
            v.description("Filled into what telephones dial."),
          ),
        ),
      ),
    },
    answer: { says: "What is known, and what is missing and why.", schema: meetingAnswer },
    refusals: { 404: `${noSuchSite} Or nothing is kept of such a conference.` },
    needsSite: true,
    needsConference: true,
    async handle({ domain, confKey, edge, query: { attendeeId } }) {
      return edge.objects.webexSite(domain.name).meeting(await meetingQuestion(domain, confKey, edge, attendeeId));
    },
  }),
  route("readAccessCode", "POST /domains/{domain}/conferences/{confKey}/meeting/access-code", {
    says: "The participants' access code of one meeting",
    more: 'For people whose settings have `"secrets": true`. Who reads it is in the audit before it is answered; where the audit cannot be written, it is not answered (503). Waits for the site as `showMeeting` does.',
    showsSecret: true,
    answer: { says: "The access code.", schema: v.object({ accessCode: v.string() }) },
    refusals: { 404: `${noSuchSite} Or nothing is kept of such a conference, or no access code of it is known.` },
    needsSite: true,
    needsConference: true,
    async handle({ domain, confKey, edge }) {
      const question = await meetingQuestion(domain, confKey, edge);
      const accessCode = await edge.objects.webexSite(domain.name).accessCode(question);
      return accessCode === null ? problem(404, "no access code", noAccessCode(confKey)) : { accessCode };
    },
  }),
  route("showProvisioning", "GET /domains/{domain}/provisioning-check", {
    says: "What the last comparison of the site's accounts with the domain's settings found",
    answer: { says: "What was found, whether one runs, and when the next begins.", schema: provisioningState },
    refusals: { 404: noSuchSite },
    needsSite: true,
    handle: ({ domain: { name }, edge: { objects } }) => objects.webexSite(name).provisioning(name),
  }),
  route("beginProvisioning", "POST /domains/{domain}/provisioning-check", {
    says: "Begins such a comparison now, unless one runs",
    more: "One that waits for a site that does not answer goes on at once.",
    answer: { status: 202, says: "One runs.", schema: provisioningState },
    refusals: { 404: noSuchSite },
    needsSite: true,
    handle: ({ domain: { name }, edge: { objects } }) => objects.webexSite(name).beginCheck(name),
  }),
];

function noAccessCode(confKey: ConfKey): string {
  return `The site has given no access code of the conference ${confKey}. Its meeting says what is missing, and why.`;
}

/** How the site's object is asked about a conference of which something is kept. */
export async function meetingQuestion(
  domain: Domain,
  confKey: ConfKey,
  edge: PeoplePorts,
  attendeeId?: string,
): Promise<MeetingQuestion> {
  const byKey = domain.settings.webexSite?.sessionKey === "ConfKey";
  const sessionKey = byKey ? confKey : (await knownView(domain, confKey, edge))?.extConfId || null;
  return { domain: domain.name, confKey, sessionKey, attendeeId };
}

export function noSiteText({ name }: Domain): string {
  return `The domain ${name} has no webexSite in its settings. docs/operations.md says how to connect one.`;
}
