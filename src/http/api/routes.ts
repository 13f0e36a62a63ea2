import * as v from "valibot";
import { type Checked, time } from "../../foundation/schemas.ts";
import { auditEntry } from "../../operators/audit.ts";
import { seesAll } from "../../operators/people.ts";
import { addressFrom as address, sessionEnd, signIn } from "../../operators/sessions.ts";
import { problem } from "../problem.ts";
import { alertRoutes } from "./alerts.ts";
import { actionRoutes, conferenceRoutes } from "./conferences.ts";
import { bridgeRoutes, domainRoutes, edgeRoutes } from "./domains.ts";
import { findRoutes } from "./find.ts";
import { cursorAt, next, pagedRows, placeOf } from "./lists.ts";
import { recordRoutes } from "./records.ts";
import { type Route, routeOf } from "./route.ts";

const ofUsers = routeOf("Users");

const role = v.picklist(["viewer", "operator"]);
const domains = v.pipe(v.array(v.string()), v.description('The domains that this user sees; `["*"]`: all.'));

const userRoutes = [
  ofUsers("showMe", "GET /me", {
    says: "Who you are, and what you may do",
    answer: {
      says: "You.",
      schema: v.object({
        name: v.string(),
        role,
        domains,
        by: v.pipe(v.picklist(["token", "session", "access"]), v.description("How you have signed in.")),
        endsAt: v.pipe(v.nullable(time), v.description("When your session ends if you do nothing; null: no session.")),
      }),
    },
    handle({ signedIn }) {
      const { person, by } = signedIn;
      return { ...person, by, endsAt: signedIn.by === "session" ? sessionEnd(signedIn.session) : null };
    },
  }),
  ofUsers("listSessions", "GET /sessions", {
    says: "Sessions of the console that have not ended, the oldest first",
    more: "Your own; operators of all domains see everybody's.",
    answer: {
      says: "Sessions.",
      schema: v.object({
        sessions: v.array(v.object({ person: v.string(), begunAt: time, seenAt: time, endsAt: time, from: address })),
      }),
    },
    async handle({ edge, signedIn: { person } }) {
      const seesEverybody = seesAll(person) && person.role === "operator";
      const found = await edge.objects.sessions().list(seesEverybody ? null : person.name);
      const sessions = found.map(({ person, begunAt, seenAt, from, ...session }) => ({
        ...{ person, begunAt, seenAt, from },
        endsAt: sessionEnd({ ...session, begunAt, seenAt }),
      }));
      return { sessions };
    },
  }),
  ofUsers("endSessions", "DELETE /people/{person}/sessions", {
    says: "Ends all sessions of a person",
    more: "Your own; operators of all domains may end anybody's. The token stays valid. Remove it from the settings to end the token and its sessions.",
    role: "viewer",
    answer: { says: "How many were ended.", schema: v.object({ ended: v.number() }) },
    async handle({ edge, signedIn: { person: by }, path: { person }, from }) {
      const may = person === by.name || (seesAll(by) && by.role === "operator");
      if (!may) {
        const detail = "You may end your own sessions. Ask an operator of all domains to end another one's.";
        return problem(403, "not allowed", detail);
      }
      return { ended: await edge.objects.sessions().endAll(person, by.name, from) };
    },
  }),
  ofUsers("listSignIns", "GET /sign-ins", {
    says: "The record of sign-ins at the console, the latest first",
    more: "Kept for 400 days, at most 100,000. Cloudflare Access logs its own sign-ins.",
    role: "all-domains",
    query: pagedRows(1_000, 100),
    answer: { says: "Sign-ins, refusals and ends.", schema: v.object({ signIns: v.array(signIn), next }) },
    async handle({ edge, query: { cursor, limit } }) {
      const { signIns, next } = await edge.objects.sessions().signIns(placeOf(cursor), limit);
      return { signIns, next: cursorAt(next) };
    },
  }),
  ofUsers("listAudit", "GET /domains/{domain}/audit", {
    says: "Returns what users have asked of a domain, the latest first",
    more: "Has all requests that change something, refused ones too, for `recordsDays`. Not requests without a user (401), from another site's page (`cross-site`), or above a limit (429). An action is logged before it is done and stored here after it.",
    query: pagedRows(1_000, 100),
    answer: {
      says: "User, action, subject, time, address and outcome.",
      schema: v.object({ entries: v.array(auditEntry), next }),
    },
    async handle({ domain: { name }, edge: { objects }, query: { cursor, limit } }) {
      const { entries, next } = await objects.directory(name).audit(placeOf(cursor), limit);
      return { entries, next: cursorAt(next) };
    },
  }),
];

const routes = [
  ...edgeRoutes,
  ...domainRoutes,
  ...findRoutes,
  ...alertRoutes,
  ...bridgeRoutes,
  ...conferenceRoutes,
  ...actionRoutes,
  ...recordRoutes,
  ...userRoutes,
];

/** The answers of the API as types. */
type Signatures = (typeof routes)[number];
export type Answers = { readonly [Route in Signatures as Route["operation"]]: Checked<Route["answer"]["schema"]> };

let description: string | null = null;

/** Everything under `/api/v1`. */
export const apiRoutes: readonly Route[] = [
  ...routes,
  routeOf("About")("showOpenApi", "GET /openapi.json", {
    says: "This description, as OpenAPI 3.1",
    answer: {
      says: "An OpenAPI document.",
      schema: v.pipe(
        v.looseObject({ openapi: v.string() }),
        v.description("As https://spec.openapis.org/oas/3.1.1 says."),
      ),
    },
    async handle() {
      // Loads the library only on request, to keep the start of a Worker fast. Building the description takes 10 ms.
      const { openApiOf } = await import("./openapi.ts");
      description ??= JSON.stringify(openApiOf(apiRoutes));
      return new Response(description, { headers: { "content-type": "application/json" } });
    },
  }),
];
