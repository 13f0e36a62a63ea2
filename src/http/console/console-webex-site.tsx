import type { ConferenceFrame } from "../../console/conference/conference-frame.tsx";
import { MeetingPage } from "../../console/conference/meeting.tsx";
import { WebexSitePage } from "../../console/domain/webex-site.tsx";
import { pathOf } from "../../console/paths.ts";
import { siteUrlOf } from "../../settings/domain-settings.ts";
import { meetingQuestion, noSiteText } from "../api/webex-site.ts";
import { type AddPage, answer, EVERY_MS, type PageCall, trouble } from "./console.tsx";
import { withConference } from "./console-conference.tsx";
import { addForm, askApi, problemIn, refusedPage } from "./form.ts";

/** What a domain's WebEx site says, where the domain has one: of a conference, and of its own state. */
export function addWebexSitePages(add: AddPage): void {
  const meetingPath = "/:domain/conferences/:confKey/meeting" as const;
  add(meetingPath, (call) => withConference(call, meetingPage));
  add(meetingPath, (call) => withConference(call, readCode), "POST");
  add("/:domain/site", async (call) => {
    const { domain, edge, frame } = call;
    const { webexSite } = domain.settings;
    if (!webexSite) return noSite(call);
    const check = await edge.objects.webexSite(domain.name).provisioning(domain.name);
    return <WebexSitePage {...frame("settings")} everyMs={EVERY_MS} siteUrl={siteUrlOf(webexSite)} check={check} />;
  });
  addForm(add, "/:domain/site", { asks: "beginProvisioning", to: ({ domain }) => pathOf(domain.name, "site") });
}

async function meetingPage(call: PageCall, frame: ConferenceFrame, accessCode?: string) {
  const { domain, edge } = call;
  const { webexSite } = domain.settings;
  if (!webexSite) return noSite(call);
  const question = await meetingQuestion(domain, frame.confKey, edge);
  const known = await edge.objects.webexSite(domain.name).meeting(question);
  return <MeetingPage {...{ frame, answer: known, accessCode }} siteUrl={siteUrlOf(webexSite)} />;
}

/** The same page with the access code. The code stands in this one answer, and in no address. */
async function readCode(call: PageCall, frame: ConferenceFrame): Promise<Response> {
  const asked = await askApi(call, "readAccessCode");
  if (!asked.ok) return refusedPage(call, await problemIn(asked));
  const { accessCode } = (await asked.json()) as { readonly accessCode: string };
  const page = await meetingPage(call, frame, accessCode);
  return page instanceof Response ? page : answer(call.context, page);
}

function noSite(call: PageCall): Response {
  return trouble(call, 404, "No WebEx site", noSiteText(call.domain));
}
