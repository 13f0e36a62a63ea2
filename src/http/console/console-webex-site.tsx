import type { ConferenceFrame } from "../../console/conference/conference-frame.tsx";
import { MeetingPage } from "../../console/conference/meeting.tsx";
import { WebexSitePage } from "../../console/domain/webex-site.tsx";
import { pathOf } from "../../console/paths.ts";
import { siteUrlOf } from "../../settings/domain-settings.ts";
import { meetingQuestion, noAccessCode } from "../api/webex-site.ts";
import type { Edge } from "../app.ts";
import { addPage, answer, type PageCall, type Pages, trouble } from "./console.tsx";
import { withConference } from "./console-conference.tsx";
import { actByForm } from "./console-form.ts";

/** The site is asked about its check, of which nobody tells, so often. */
const everyMs = 5_000;

/** What a domain's WebEx site says, where the domain has one: of a conference, and of its own state. */
export function addWebexSitePages(pages: Pages, edge: Edge): void {
  const meetingPath = "/:domain/conferences/:confKey/meeting" as const;
  addPage(pages, edge, meetingPath, (call) => withConference(call, edge, (_, frame) => meetingPage(call, edge, frame)));
  addPage(
    pages,
    edge,
    meetingPath,
    (call) => withConference(call, edge, (_, frame) => readCode(call, edge, frame)),
    "POST",
  );

  addPage(pages, edge, "/:domain/site", async (call) => {
    const { domain, frame } = call;
    const { webexSite } = domain.settings;
    if (!webexSite) return noSite(call, edge);
    const check = await call.edge.views.webexSite(domain.name).provisioning(domain.name);
    return <WebexSitePage {...frame("settings")} everyMs={everyMs} siteUrl={siteUrlOf(webexSite)} check={check} />;
  });

  addPage(pages, edge, "/:domain/site", (call) => beginCheck(call, edge), "POST");
}

async function meetingPage(call: PageCall, edge: Edge, frame: ConferenceFrame, accessCode?: string) {
  const { domain } = call;
  const { webexSite } = domain.settings;
  if (!webexSite) return noSite(call, edge);
  const question = await meetingQuestion(domain, webexSite, frame.confKey, call.edge);
  const known = await call.edge.views.webexSite(domain.name).meeting(question);
  return <MeetingPage {...{ frame, answer: known, accessCode }} siteUrl={siteUrlOf(webexSite)} />;
}

/** The same page with the access code. The code stands in this one answer, and in no address. */
function readCode(call: PageCall, edge: Edge, frame: ConferenceFrame): Promise<Response> {
  const { context, domain } = call;
  const { confKey } = frame;
  const asked = { action: "readAccessCode", about: { confKey }, showsSecret: true } as const;
  return actByForm(call, edge, asked, async () => {
    const { webexSite } = domain.settings;
    if (!webexSite) return { response: noSite(call, edge), refusal: "no site" };
    const question = await meetingQuestion(domain, webexSite, confKey, call.edge);
    const code = await call.edge.views.webexSite(domain.name).accessCode(question);
    if (code === null) {
      const response = trouble(context, edge, 404, "No access code", noAccessCode(confKey));
      return { response, refusal: "no access code" };
    }
    const page = await meetingPage(call, edge, frame, code);
    return { response: page instanceof Response ? page : answer(context, page), refusal: null };
  });
}

function beginCheck(call: PageCall, edge: Edge): Promise<Response> {
  const { context, domain } = call;
  return actByForm(call, edge, { action: "beginProvisioning", about: {} }, async () => {
    if (!domain.settings.webexSite) return { response: noSite(call, edge), refusal: "no site" };
    await call.edge.views.webexSite(domain.name).beginCheck(domain.name);
    return { response: context.redirect(pathOf(domain.name, "site"), 303), refusal: null };
  });
}

function noSite({ context, domain }: PageCall, edge: Edge): Response {
  const says = `The domain ${domain.name} has no webexSite in its settings. docs/operations.md says how to connect one.`;
  return trouble(context, edge, 404, "No WebEx site", says);
}
