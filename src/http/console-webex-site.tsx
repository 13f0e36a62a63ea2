import { MeetingPage } from "../console/meeting.tsx";
import { pathOf } from "../console/paths.ts";
import { WebexSitePage } from "../console/webex-site.tsx";
import { siteUrlOf } from "../settings/domain-settings.ts";
import { askMeeting } from "./api/webex-site.ts";
import type { Edge } from "./app.ts";
import { addPage, type PageCall, type Pages, trouble } from "./console.tsx";
import { withConference } from "./console-conference.tsx";
import { actByForm } from "./console-form.ts";

/** The site is asked about its check, of which nobody tells, so often. */
const everyMs = 5_000;

/** What a domain's WebEx site says, where the domain has one: of a conference, and of its own state. */
export function addWebexSitePages(pages: Pages, edge: Edge): void {
  addPage(pages, edge, "/:domain/conferences/:confKey/meeting", (call) =>
    withConference(call, edge, async (_, frame) => {
      const { domain } = call;
      const { webexSite } = domain.settings;
      if (!webexSite) return noSite(call, edge);
      const answer = await askMeeting(domain, webexSite, frame.confKey, call.edge);
      return <MeetingPage frame={frame} siteUrl={siteUrlOf(webexSite)} answer={answer} />;
    }),
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
