import type { ConferenceFrame } from "../../console/conference/conference-frame.tsx";
import { MeetingPage } from "../../console/conference/meeting.tsx";
import { WebexSitePage } from "../../console/domain/webex-site.tsx";
import { pathOf } from "../../console/paths.ts";
import { siteUrlOf } from "../../settings/domain-settings.ts";
import { meetingQuestion, noSiteText } from "../api/webex-site.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import { addPage, answer, type PageCall, type Pages, trouble } from "./console.tsx";
import { withConference } from "./console-conference.tsx";
import { addForm, askApi, problemIn, refusedPage } from "./form.ts";

/** The site is asked about its check, of which nobody tells, so often. */
const everyMs = 5_000;

/** What a domain's WebEx site says, where the domain has one: of a conference, and of its own state. */
export function addWebexSitePages(pages: Pages, edge: PeoplePorts): void {
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
    const check = await call.edge.objects.webexSite(domain.name).provisioning(domain.name);
    return <WebexSitePage {...frame("settings")} everyMs={everyMs} siteUrl={siteUrlOf(webexSite)} check={check} />;
  });

  addForm(pages, edge, "/:domain/site", { asks: "beginProvisioning", to: ({ domain }) => pathOf(domain.name, "site") });
}

async function meetingPage(call: PageCall, edge: PeoplePorts, frame: ConferenceFrame, accessCode?: string) {
  const { domain } = call;
  const { webexSite } = domain.settings;
  if (!webexSite) return noSite(call, edge);
  const question = await meetingQuestion(domain, webexSite, frame.confKey, call.edge);
  const known = await call.edge.objects.webexSite(domain.name).meeting(question);
  return <MeetingPage {...{ frame, answer: known, accessCode }} siteUrl={siteUrlOf(webexSite)} />;
}

/** The same page with the access code. The code stands in this one answer, and in no address. */
async function readCode(call: PageCall, edge: PeoplePorts, frame: ConferenceFrame): Promise<Response> {
  const asked = await askApi(call, edge, "readAccessCode");
  if (!asked.ok) return refusedPage(call, edge, await problemIn(asked));
  const { accessCode } = (await asked.json()) as { readonly accessCode: string };
  const page = await meetingPage(call, edge, frame, accessCode);
  return page instanceof Response ? page : answer(call.context, page);
}

function noSite({ context, domain }: PageCall, edge: PeoplePorts): Response {
  return trouble(context, edge, 404, "No WebEx site", noSiteText(domain));
}
