import { Site } from "../../site/site.ts";
import type { UserRow } from "../../site/tables.ts";
import { answerXml } from "../../site/xml-service.ts";

/** A Saturday noon in November 2026. */
export const noon = Date.UTC(2026, 10, 21, 12);

/** The keys of the sessions that a new site has. */
export const seeded = {
  MC: 712_475_001,
  other: 712_475_002,
  TC: 712_475_003,
  EC: 712_475_004,
  SaC: 712_475_005,
  AO: 712_475_006,
  SC: 712_475_007,
};

/** A new site in memory, with a clock of the test's. */
export class SiteOnTest {
  at = noon;
  readonly site: Site;
  #drawn = 0;

  constructor() {
    this.site = new Site({
      file: ":memory:",
      now: () => this.at,
      draw: () => `drawn-${++this.#drawn}`,
      address: "https://harbour.webex.example",
    });
  }

  user(name: string): UserRow {
    const user = this.site.userNamed(name);
    if (!user) throw new Error(`there is no ${name}`);
    return user;
  }

  /** A security context by password. */
  as(name: string): string {
    return `<siteName>harbour</siteName><webExID>${name}</webExID><password>${this.user(name).password}</password>`;
  }

  ask(type: string, body = "", context = this.as("anna.berg")): string {
    return answerXml(this.site, message(context, content(type, body)));
  }

  send(text: string): string {
    return answerXml(this.site, text);
  }
}

export function message(context: string, body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<serv:message xmlns:serv="http://www.webex.com/schemas/2002/06/service" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <header><securityContext>${context}</securityContext></header>
  <body>${body}</body>
</serv:message>`;
}

export function content(type: string, body: string): string {
  return `<bodyContent xsi:type="java:com.webex.service.binding.${type}">${body}</bodyContent>`;
}

/** The text of the first element of that name, prefix or not. */
export function textOf(answer: string, name: string): string | undefined {
  return textsOf(answer, name)[0];
}

export function textsOf(answer: string, name: string): string[] {
  return [...answer.matchAll(new RegExp(`<(?:\\w+:)?${name}(?:/>|>([^<]*)<)`, "g"))].map(([, text = ""]) => text);
}

/** The exception id, or else the reason; `SUCCESS` otherwise. */
export function outcomeOf(answer: string): string | undefined {
  if (textOf(answer, "result") === "SUCCESS") return "SUCCESS";
  const header = answer.split("<serv:subErrors>")[0] ?? "";
  return textOf(header, "exceptionID") ?? textOf(header, "reason");
}
