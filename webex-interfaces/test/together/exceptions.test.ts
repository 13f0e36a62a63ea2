import { expect, test } from "vitest";
import { type PostFetch, XmlApi } from "../../client/xml-api/client.ts";
import type { XmlApiFault } from "../../client/xml-api/faults.ts";
import type { SecurityContext } from "../../client/xml-api/request.ts";
import { exceptions } from "../../page/documents.ts";
import { answerWith, noFaults } from "../../site/faults.ts";
import { refusals } from "../../site/refusals.ts";
import { switchSite } from "../../site/switched-off.ts";
import { noon, SiteOnTest, seeded } from "../site/site-on-test.ts";
import { harbour } from "./portal.ts";
import { fetchOf, noTimers } from "./site-fetch.ts";

/** A site, and those who ask it. */
class World {
  readonly simulated = new SiteOnTest();

  as(name: string): XmlApi {
    return this.with({ password: this.simulated.user(name).password }, name);
  }

  with(proof: { readonly password: string } | { readonly sessionTicket: string }, name = "anna.berg"): XmlApi {
    const who = { site: { siteName: "harbour" }, person: { webExId: name } };
    return this.#api(
      "password" in proof ? { form: "password", ...who, ...proof } : { form: "ticket", ...who, ...proof },
    );
  }

  /** No service of the site is ever slow by itself. */
  notResponding(): XmlApi {
    const answer = answerWith({ ...noFaults, refuse: "notResponding" }, () => "");
    return this.#api(
      { form: "anonymous", site: { siteName: "harbour" } },
      async () => new Response(answer.body.toString()),
    );
  }

  #api(credentials: SecurityContext, fetch: PostFetch = fetchOf(this.simulated)): XmlApi {
    const options = { site: harbour, credentials, waitsForRateLimit: false, retryPausesMs: [] };
    return new XmlApi(options, { fetch, timers: noTimers, now: () => noon });
  }
}

const kim = { firstName: "Kim", lastName: "Lund", webExId: "kim", email: "kim@harbour.example", password: "Lines-42" };
const other = { meetingKey: String(seeded.other) };

type Answer = { readonly ok: true } | { readonly ok: false; readonly error: XmlApiFault };

/** How the site comes to refuse with each id. */
const ways: Readonly<Record<string, (world: World) => Promise<Answer>>> = {
  "000001": (world) => world.as("anna.berg").call("lstsummaryUser", {}),
  "000015": (world) => world.as("anna.berg").call("lstsummaryMeeting", { listControl: { startFrom: 99 } }),
  "000035": (world) => world.notResponding().call("getAPIVersion", {}),
  "000045": (world) => {
    world.simulated.site.run("UPDATE sites SET rate_limit = 0");
    return world.as("anna.berg").call("getAPIVersion", {});
  },
  "010106": (world) => {
    switchSite(world.simulated.site, { classicEvents: false });
    return world.as("anna.berg").call("getEvent", { sessionKey: String(seeded.EC) });
  },
  "010107": (world) => {
    switchSite(world.simulated.site, { suspended: true });
    return world.as("site.admin").call("createUser", kim);
  },
  "030001": (world) => world.as("site.admin").call("getUser", { webExId: "nobody" }),
  "030002": (world) => world.with({ password: "x" }).call("getUser", { webExId: "anna.berg" }),
  "030004": (world) => world.as("site.admin").call("createUser", { ...kim, webExId: "anna.berg" }),
  "030005": (world) => world.as("site.admin").call("createUser", { ...kim, email: "anna.berg@harbour.example" }),
  "030047": (world) => world.with({ sessionTicket: "x" }).call("getUser", { webExId: "anna.berg" }),
  "040015": (world) => {
    const attendees = Array.from({ length: 51 }, (_, n) => ({
      person: { email: `jo${n}@visitor.example` },
      sessionKey: String(seeded.TC),
    }));
    return world.as("anna.berg").call("registerMeetingAttendee", { attendees });
  },
  "060001": (world) => world.as("anna.berg").call("getMeeting", { meetingKey: "1" }),
  "060019": (world) => world.as("anna.berg").call("getMeeting", other),
  "060021": (world) => world.as("anna.berg").call("delMeeting", other),
  "060026": (world) =>
    world.as("anna.berg").call("createMeeting", {
      metaData: { confName: "Tide" },
      schedule: { startDate: "2026-12-01T09:30:00", duration: 60 },
    }),
};

test.each(Object.entries(exceptions))("%s of the site is known by the client", async (id, { why }) => {
  const answer = await ways[id]?.(new World());

  expect(answer).toMatchObject({ ok: false, error: { kind: "refused", exceptionId: id, why } });
});

test("the site has the ids that public sources show, and no other", () => {
  const ids = Object.values(refusals).flatMap(({ id }) => id ?? []);

  expect(ids.toSorted()).toEqual(Object.keys(exceptions).toSorted());
});
