import * as v from "valibot";
import { time } from "../../foundation/schemas.ts";
import { auditEntry } from "../../operators/audit.ts";
import { seesAll } from "../../operators/people.ts";
import { addressFrom as address, sessionEnd, signIn } from "../../operators/sessions.ts";
import { problem } from "../problem.ts";
import { cursorAt, limitOf, next, pageOf, placeOf, rowCursor, wholeList } from "./paging.ts";
import { routeOf } from "./route.ts";

const route = routeOf("People");

const role = v.picklist(["viewer", "operator"]);
const domains = v.pipe(v.array(v.string()), v.description('The domains that this person sees; `["*"]`: all.'));

export const peopleRoutes = [
  route("showMe", "GET /me", {
    says: "Who you are, and what you may",
    answer: {
      says: "You.",
      schema: v.object({
        name: v.string(),
        role,
        domains,
        by: v.pipe(v.picklist(["token", "session", "access"]), v.description("How you have signed in.")),
        endsAt: v.pipe(v.nullable(time), v.description("When your session ends if you do nothing; null: it is none.")),
      }),
    },
    handle({ signedIn }) {
      const { person, by } = signedIn;
      return { ...person, by, endsAt: signedIn.by === "session" ? sessionEnd(signedIn.session) : null };
    },
  }),
  route("listSessions", "GET /sessions", {
    says: "Sessions of the console that have not ended, the oldest first",
    more: "Your own; operators of all domains see everybody's.",
    query: wholeList,
    answer: {
      says: "Sessions.",
      schema: v.object({
        sessions: v.array(v.object({ person: v.string(), begunAt: time, seenAt: time, endsAt: time, from: address })),
        next,
      }),
    },
    async handle({ edge, signedIn: { person }, query }) {
      const seesEverybody = seesAll(person) && person.role === "operator";
      const { page, next } = pageOf(await edge.objects.sessions().list(seesEverybody ? null : person.name), query);
      const sessions = page.map(({ person, begunAt, seenAt, from, ...session }) => ({
        ...{ person, begunAt, seenAt, from },
        endsAt: sessionEnd({ ...session, begunAt, seenAt }),
      }));
      return { sessions, next };
    },
  }),
  route("endSessions", "DELETE /people/{person}/sessions", {
    says: "Ends all sessions of a person",
    more: "Your own; operators of all domains may end anybody's. The token stays good: take it out of the settings, and the sessions that it began are over, too.",
    viewersMay: true,
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
  route("listSignIns", "GET /sign-ins", {
    says: "The record of sign-ins at the console, the latest first",
    more: "Kept for 400 days, 100,000 at most. Who comes by Cloudflare Access stands in its own log.",
    allDomains: true,
    query: { cursor: rowCursor, limit: limitOf(1_000) },
    answer: { says: "Sign-ins, refusals and ends.", schema: v.object({ signIns: v.array(signIn), next }) },
    async handle({ edge, query: { cursor, limit = 100 } }) {
      const { signIns, next } = await edge.objects.sessions().signIns(placeOf(cursor), limit);
      return { signIns, next: cursorAt(next) };
    },
  }),
  route("listAudit", "GET /domains/{domain}/audit", {
    says: "Returns what users have asked of a domain, the latest first",
    more: "Every request that changes something, refused ones too, for as long as records are kept; but not requests without a user (401), from another site's page (`cross-site`), or above a limit (429). An action is logged before it is done and stored here after it.",
    query: { cursor: rowCursor, limit: limitOf(1_000) },
    answer: {
      says: "Who asked what, about what, when, from where, and what became of it.",
      schema: v.object({ entries: v.array(auditEntry), next }),
    },
    async handle({ domain: { name }, edge: { objects }, query: { cursor, limit = 100 } }) {
      const { entries, next } = await objects.directory(name).audit(placeOf(cursor), limit);
      return { entries, next: cursorAt(next) };
    },
  }),
];
