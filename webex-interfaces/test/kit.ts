import { siteOf } from "../client/site-address.ts";
import { XmlApi, type XmlApiSettings } from "../client/xml-api.ts";
import type { Timers } from "../doors/foundation.ts";
import { answerPage, type PageAnswer } from "../site/pages.ts";
import { nameOf, SiteData } from "../site/site.ts";
import { answerXml } from "../site/xml-service.ts";

/** Start time of the sites of the tests. */
export const noon = Date.parse("2026-11-21T12:00:00Z");

/** The sessions of a new site. */
export const keys = {
  MC: "712475001",
  other: "712475002",
  TC: "712475003",
  EC: "712475004",
  SaC: "712475005",
  AO: "712475006",
  SC: "712475007",
};

/** Short pauses end at once, and nothing times out. */
export const noTimers: Timers = {
  after: (ms, run) => {
    if (ms < 10_000) queueMicrotask(run);
    return () => {};
  },
};

/** A simulated site in memory, and clients of it. */
export class TestSite {
  now = noon;
  readonly site: SiteData;

  constructor() {
    let drawn = 0;
    const draw = () => `drawn-${++drawn}`;
    this.site = new SiteData({ file: ":memory:", now: () => this.now, draw, address: "http://127.0.0.1:8796" });
  }

  /** Returns the result of one operation, and the whole answer. */
  ask(
    binding: string,
    content: string,
    as: string | null = "anna.berg",
  ): { readonly result: string; readonly text: string } {
    return this.send(message(operation(binding, content), this.context(as)));
  }

  send(document: string): { readonly result: string; readonly text: string } {
    const text = answerXml(this.site, document);
    const [, id] = /<serv:exceptionID>(\d*)/.exec(text) ?? [];
    return { result: id ?? "SUCCESS", text };
  }

  context(as: string | null): string {
    const named = as === null ? "" : `<webExID>${as}</webExID><password>${this.password(as)}</password>`;
    return `${named}<siteName>harbour</siteName>`;
  }

  password(name: string): string {
    return this.site.passwords[name] ?? "";
  }

  cookie(name: string): string {
    const user = this.site.store.all("user").find((one) => nameOf(one) === name);
    return user ? this.site.issue("cookie", user) : "";
  }

  /** Sends one command of the URL API. */
  open(page: string, query: string, cookie = ""): PageAnswer {
    return answerPage(this.site, page, new URLSearchParams(query), cookie, "redirect");
  }

  /** Returns the result in a command's back URL. */
  result(page: string, query: string, cookie = ""): string {
    const { headers } = this.open(page, query, cookie);
    const { searchParams } = new URL(headers.location ?? "https://nowhere.example/");
    return searchParams.get("RS") ?? searchParams.get("ST") ?? "nothing";
  }

  api(as = "anna.berg", more: Partial<XmlApiSettings> = {}): XmlApi {
    const fetch = async (_: string, { body }: { readonly body: string }) => new Response(answerXml(this.site, body));
    const credentials = {
      form: "password",
      site: { siteName: "harbour" },
      user: { webExId: as },
      password: this.password(as),
    } as const;
    return new XmlApi(
      { site: siteNamed("acme"), credentials, ...more },
      { fetch, timers: noTimers, now: () => this.now },
    );
  }
}

export function siteNamed(name: string) {
  const site = siteOf(name);
  if (!site.ok) throw new Error(site.error.says);
  return site.value;
}

/** An operation of a message. */
export function operation(binding: string, content: string): string {
  return `<bodyContent xsi:type="java:com.webex.service.binding.${binding}">${content}</bodyContent>`;
}

export function message(body: string, context: string): string {
  const spaces =
    'xmlns:serv="http://www.webex.com/schemas/2002/06/service" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
  const header = `<header><securityContext>${context}</securityContext></header>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<serv:message ${spaces}>${header}<body>${body}</body></serv:message>`;
}
