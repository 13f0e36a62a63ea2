import * as v from "valibot";
import { type ControlAnswer, problem, withBody } from "../doors/programs.ts";
import { isSecretName } from "../tables/secret-names.ts";
import { type Faults, faultsBody, noFaults } from "./faults.ts";
import type { SentBy } from "./pages.ts";
import { Refusal } from "./refusal.ts";
import { end, join, start } from "./sessions.ts";
import type { Session, SiteData } from "./site.ts";
import { calls, kinds, type ThingKind } from "./store.ts";
import { merge } from "./values.ts";

/** State that control requests change, in addition to the site's data. */
export interface Controls {
  faults: Faults;
  /** Lead of the site's clock over the machine's, in milliseconds. */
  aheadMs: number;
  sentBy: SentBy;
}

const whole = v.pipe(v.number(), v.safeInteger("must be a whole number"));
/** About a hundred years. Times of the site must keep four-digit years. */
const mostAheadMs = 3_155_760_000_000;
const bounds = `must be ${-mostAheadMs} to ${mostAheadMs}`;
const aheadMs = v.pipe(whole, v.minValue(-mostAheadMs, bounds), v.maxValue(mostAheadMs, bounds));
const clockBody = v.strictObject({ aheadMs });
const resultsBody = v.strictObject({ sentBy: v.picklist(["redirect", "script"]) });
const siteBody = v.strictObject({
  rateLimit: v.optional(v.pipe(whole, v.minValue(0, "must not be negative"))),
  classicEvents: v.optional(v.boolean()),
  suspended: v.optional(v.boolean()),
});
const joinBody = v.strictObject({
  name: v.string(),
  email: v.optional(v.string(), ""),
  call: v.optional(v.picklist(calls), "none"),
});
const credentialBody = v.strictObject({
  kind: v.picklist(["session-ticket", "login-ticket", "access-token", "cookie"]),
  webExID: v.string(),
});

/** Answers a control request, without passwords. */
export function control(site: SiteData, controls: Controls, method: string, path: string, text: string): ControlAnswer {
  const [, route = "", id = "", action = ""] = /^\/control\/([a-z-]+)(?:\/(\w+))?(?:\/([a-z]+))?$/.exec(path) ?? [];
  const set = (given: Partial<Controls>) => void Object.assign(controls, given);
  switch (`${method} ${route}${id === "" ? "" : "/:id"}${action === "" ? "" : `/${action}`}`) {
    case "PUT faults":
      return carryOut(text, faultsBody, (faults) => set({ faults }));
    case "PUT clock":
      return carryOut(text, clockBody, set);
    case "PUT results":
      return carryOut(text, resultsBody, set);
    case "PUT site":
      return carryOut(text, siteBody, ({ rateLimit = site.own.rateLimit, classicEvents, suspended }) => {
        const status = { activateStatus: suspended === undefined ? undefined : !suspended };
        const services = { eventCenter: { enabled: classicEvents } };
        const settings = merge(site.settings, { supportedServices: services, metaData: status });
        site.store.change("site", site.own, { rateLimit, settings });
      });
    case "POST reset":
      set({ faults: noFaults, aheadMs: 0, sentBy: "redirect" });
      site.reset();
      return done;
    case "POST credentials":
      return carryOut(text, credentialBody, ({ kind, webExID }) => {
        const user = site.userNamed(webExID);
        if (!user) return problem(404, `there is no user ${webExID}`);
        return { status: 201, body: { value: site.issue(kind, user) } };
      });
    case "POST sessions/:id/start":
      return onSession(site, id, (session) => start(site, session));
    case "POST sessions/:id/end":
      return onSession(site, id, (session) => end(site, session));
    case "POST sessions/:id/lock":
    case "POST sessions/:id/unlock":
      return onSession(site, id, (session) => {
        site.store.change("session", session, { isLocked: action === "lock" });
      });
    case "POST sessions/:id/join":
      return onSession(site, id, (session) =>
        carryOut(text, joinBody, ({ name, email, call }) => join(site, session, name, email, call)),
      );
    case "GET things/:id":
      return kinds.includes(id)
        ? { status: 200, body: { things: site.store.all(id as ThingKind).map((thing) => shown(thing)) } }
        : problem(404, `there is no kind ${id}`);
    default:
      return problem(404, `there is no ${method} ${path}`);
  }
}

const done: ControlAnswer = { status: 200, body: {} };

/** Removes secrets at any depth. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  const open = Object.entries(value).filter(([name]) => name !== "value" && !isSecretName(name));
  return Object.fromEntries(open.map(([name, inner]) => [name, shown(inner)]));
}

function onSession(site: SiteData, key: string, act: (session: Session) => unknown): ControlAnswer {
  try {
    return answerOf(act(site.session(key)));
  } catch (error) {
    if (error instanceof Refusal) return problem(404, `there is no session ${key}`);
    throw error;
  }
}

function carryOut<Body>(
  text: string,
  schema: v.GenericSchema<unknown, Body>,
  act: (body: Body) => unknown,
): ControlAnswer {
  return answerOf(withBody(text, schema, act));
}

function answerOf(result: unknown): ControlAnswer {
  return typeof result === "object" && result !== null && "status" in result ? (result as ControlAnswer) : done;
}
