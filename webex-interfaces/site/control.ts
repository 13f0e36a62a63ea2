import * as v from "valibot";
import { type ControlAnswer, problem, withBody } from "../doors/programs.ts";
import { type Faults, faultsBody, noFaults } from "./faults.ts";
import type { SentBy } from "./pages.ts";
import { Refusal } from "./refusals.ts";
import { end, join, start } from "./sessions.ts";
import type { Site } from "./site.ts";
import { switchSite } from "./switched-off.ts";
import { tableNames } from "./tables.ts";

/** What a control request may change beside the site's own data. */
export interface Controls {
  faults: Faults;
  /** How far the site's clock is ahead of the machine's, in milliseconds. */
  aheadMs: number;
  /** How the URL API sends a browser back. */
  sentBy: SentBy;
}

const clockBody = v.strictObject({ aheadMs: v.pipe(v.number(), v.safeInteger("must be a whole number")) });
const resultsBody = v.strictObject({ sentBy: v.picklist(["redirect", "script"]) });
const siteBody = v.strictObject({
  rateLimit: v.optional(
    v.pipe(v.number(), v.safeInteger("must be a whole number"), v.minValue(0, "must not be negative")),
  ),
  classicEvents: v.optional(v.boolean()),
  suspended: v.optional(v.boolean()),
});
const joinBody = v.strictObject({
  name: v.string(),
  email: v.optional(v.string(), ""),
  call: v.optional(v.picklist(["none", "call-in", "toll-free", "call-out", "call-out-international", "voip"]), "none"),
});
const credentialBody = v.strictObject({
  kind: v.picklist(["session-ticket", "login-ticket", "access-token", "cookie"]),
  webExID: v.string(),
});

/** Sessions begin and end, people come, faults, the clock; and everything to look at. Passwords are never shown. */
export function control(site: Site, controls: Controls, method: string, path: string, text: string): ControlAnswer {
  const [, route = "", id = "", action = ""] = /^\/control\/([a-z-]+)(?:\/(\w+))?(?:\/([a-z]+))?$/.exec(path) ?? [];
  switch (`${method} ${route}${id === "" ? "" : "/:id"}${action === "" ? "" : `/${action}`}`) {
    case "PUT faults":
      return carryOut(text, faultsBody, (faults) => {
        controls.faults = faults;
      });
    case "PUT clock":
      return carryOut(text, clockBody, ({ aheadMs }) => {
        controls.aheadMs = aheadMs;
      });
    case "PUT results":
      return carryOut(text, resultsBody, ({ sentBy }) => {
        controls.sentBy = sentBy;
      });
    case "PUT site":
      return carryOut(text, siteBody, ({ rateLimit, ...others }) => {
        if (rateLimit !== undefined) site.run("UPDATE sites SET rate_limit = ?", rateLimit);
        switchSite(site, others);
      });
    case "POST reset":
      controls.faults = noFaults;
      controls.aheadMs = 0;
      controls.sentBy = "redirect";
      site.reset();
      return done;
    case "POST credentials":
      return carryOut(text, credentialBody, ({ kind, webExID }) => {
        const user = site.userNamed(webExID);
        return user
          ? { status: 201, body: { value: site.issue(kind, user.user_id) } }
          : problem(404, `there is no user ${webExID}`);
      });
    case "POST sessions/:id/start":
      return onSession(site, id, (session) => start(site, session));
    case "POST sessions/:id/end":
      return onSession(site, id, (session) => end(site, session));
    case "POST sessions/:id/lock":
    case "POST sessions/:id/unlock":
      return onSession(site, id, ({ session_key }) =>
        site.update("sessions", { locked: action === "lock" ? 1 : 0 }, "session_key = ?", session_key),
      );
    case "POST sessions/:id/join":
      return onSession(site, id, (session) =>
        carryOut(text, joinBody, ({ name, email, call }) => {
          join(site, session, name, email, call);
        }),
      );
    case "GET tables/:id":
      return tableNames.includes(id)
        ? { status: 200, body: { rows: shown(site, id) } }
        : problem(404, `there is no table ${id}`);
    default:
      return problem(404, `nothing answers ${method} ${path}`);
  }
}

const done: ControlAnswer = { status: 200, body: {} };
const secrets = ["password", "value", "host_key", "subscriber"];

function shown(site: Site, table: string): readonly object[] {
  const rows = site.all<Record<string, unknown>>(`SELECT * FROM ${table}`);
  const isHidden = (name: string) => secrets.includes(name) && table !== "counters";
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !isHidden(name))));
}

function onSession(site: Site, key: string, then: (session: ReturnType<Site["session"]>) => unknown): ControlAnswer {
  try {
    return answerOf(then(site.session(key)));
  } catch (error) {
    if (error instanceof Refusal) return problem(404, `there is no session ${key}`);
    throw error;
  }
}

function carryOut<Body>(
  text: string,
  schema: v.GenericSchema<unknown, Body>,
  then: (body: Body) => unknown,
): ControlAnswer {
  return answerOf(withBody(text, schema, then));
}

/** What has an answer of its own gives it; anything else is done. */
function answerOf(result: unknown): ControlAnswer {
  return typeof result === "object" && result !== null && "status" in result ? (result as ControlAnswer) : done;
}
