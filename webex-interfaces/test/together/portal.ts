import { type ArgumentsOf, type CommandName, commands, pages } from "../../client/url-api/commands.ts";
import { type Visit, visitOf } from "../../client/url-api/log-in.ts";
import { type BackResult, backUrlOf, readResult } from "../../client/url-api/result.ts";
import { siteOf } from "../../client/url-api/site.ts";
import { XmlApi } from "../../client/xml-api/client.ts";
import type { SecurityContext } from "../../client/xml-api/request.ts";
import { answerPage, type PageAnswer, type SentBy } from "../../site/pages.ts";
import { noon, SiteOnTest } from "../site/site-on-test.ts";
import { readFormPage } from "../url-api/other-parsers.ts";
import { fetchOf, noTimers } from "./site-fetch.ts";

const found = siteOf("https://harbour.webex.example/harbour");
if (!found.ok) throw new Error(found.error.says);
export const harbour = found.value;

export const backUrl = "https://portal.example/back?state=8f&note=%26";

/** A portal that uses both interfaces of a simulated site, and a browser of somebody who uses the portal. */
export class Portal {
  readonly world: SiteOnTest;
  /** How the site sends the browser back. */
  sentBy: SentBy = "redirect";
  #cookie = "";

  constructor(world = new SiteOnTest()) {
    this.world = world;
  }

  get partnerId(): string {
    return this.world.site.row.partner_id;
  }

  as(name: string): SecurityContext {
    const { password } = this.world.user(name);
    return { form: "password", site: { siteName: "harbour" }, person: { webExId: name }, password };
  }

  api(credentials: SecurityContext): XmlApi {
    return new XmlApi(
      { site: harbour, credentials },
      { fetch: fetchOf(this.world), timers: noTimers, now: () => noon },
    );
  }

  /** Where the browser comes to: a redirect's address, or a page. */
  visit(visit: Visit): PageAnswer {
    let url = "";
    let args = new URLSearchParams();
    if (visit.via === "link") {
      url = visit.url;
      args = new URL(url).searchParams;
    } else {
      const form = readFormPage(visit.page.html);
      url = form.action;
      args = new URLSearchParams(form.fields.map(([name, value]) => [name, value]));
    }
    const page = new URL(url).pathname.split("/").at(-1) ?? "";
    const answer = answerPage(this.world.site, page, args, this.#cookie, this.sentBy);
    const cookie = /WBXSESSION=([^;]*)/.exec(answer.headers["set-cookie"] ?? "")?.[1];
    if (cookie !== undefined) this.#cookie = cookie;
    return answer;
  }

  /** Where a command sends the browser. */
  goBack(visit: Visit): string {
    const { status, headers, body } = this.visit(visit);
    return backUrlOf({ status, body, ...(headers.location && { location: headers.location }) }) ?? "";
  }

  /** The page, or the document, of a command that shows one. */
  show<Name extends CommandName>(name: Name, given: ArgumentsOf<Name>): string {
    const visit = visitOf(harbour, name, given);
    if (!visit.ok) throw new Error(visit.error.says);
    return this.visit(visit.value).body;
  }

  /** What a command's back URL tells. */
  send<Name extends CommandName>(name: Name, given: ArgumentsOf<Name>) {
    const visit = visitOf(harbour, name, { ...given, BU: backUrl });
    if (!visit.ok) throw new Error(visit.error.says);
    const url = this.goBack(visit.value);
    const result = readResult(url, { command: name, backUrl });
    if (!result.ok) throw new Error(`${pages[commands[name].page].path} ${result.error.says}: ${url}`);
    return result.value;
  }

  /** As `send`, for what must succeed: its data. */
  do<Name extends CommandName>(name: Name, given: ArgumentsOf<Name>) {
    const result: BackResult<object> = this.send(name, given);
    if (result.status !== "success") throw new Error(`${name}: ${result.reasonText}`);
    return result;
  }

  logIn(name: string): void {
    this.do("log-in", { WID: name, PW: this.world.user(name).password, MU: "GoBack" });
  }
}
