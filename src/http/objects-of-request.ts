import { within } from "../foundation/timers.ts";
import type { EdgeObjects, Identified, OperatorViews } from "../rpc.ts";
import type { Edge } from "./app.ts";

/** For all that one request asks of objects: WebEx gives a post up after 10 s. */
const OBJECTS_WITHIN_MS = 8_000;
/** For each object of a list, which are many: one that hangs leaves the others their time. */
const VIEW_WITHIN_MS = 3_000;

type Facts = Readonly<Record<string, unknown>>;

/** A call of an object that failed. What the platform says of it names neither the object nor its database. */
class ObjectFailure extends Error {
  readonly facts: Facts;

  constructor(object: string, { id }: Identified, more: Facts, cause: unknown) {
    super(String(cause));
    this.facts = { object, ...(id && { objectId: String(id) }), ...more, error: String(cause) };
  }
}

/** What a log line says of a failure: the error, and which object it was, if it was one. */
export function failureOf(error: unknown): Facts {
  return error instanceof ObjectFailure ? error.facts : { error: String(error) };
}

/**
 * What is wrong if an object's storage failed; `null`: it was something else, such as a bridge that is too far behind. A disk that is full
 * concerns all objects; all else may be the damaged database of this one. The platform marks neither, and says it in words alone.
 */
export function storageFault(error: unknown): { readonly of: "disk" | "object"; readonly why: string } | null {
  const why = error instanceof ObjectFailure ? String(error.facts.error) : "";
  if (/SQLITE_FULL|disk is full/.test(why)) return { of: "disk", why };
  return /SQLITE|internal error/.test(why) ? { of: "object", why } : null;
}

/**
 * The edge, where calls of objects reject 8 s after the request came, since one that hangs would hold the request for ever, those for a
 * list after 3 s each, and where each failure says which object it was.
 */
export function forOneRequest(edge: Edge): Edge {
  const { objects } = edge;
  const before = edge.now() + OBJECTS_WITHIN_MS;
  const limitTo = <Value>(ms: number, what: string, object: Identified, call: Promise<Value>, more: Facts = {}) =>
    within(edge, ms, what, call).catch((cause: unknown) => {
      throw new ObjectFailure(what, object, more, cause);
    });
  const limit = <Value>(what: string, object: Identified, call: Promise<Value>, more: Facts = {}) =>
    // A clock that is set meanwhile must not make it longer.
    limitTo(Math.min(before - edge.now(), OBJECTS_WITHIN_MS), what, object, call, more);
  const limited: EdgeObjects = {
    conference(domain, confKey) {
      const conference = objects.conference(domain, confKey);
      return {
        receive: (document) => limit("a conference", conference, conference.receive(document), { conference: confKey }),
        operate: (request) => limit("a conference", conference, conference.operate(request), { conference: confKey }),
      };
    },
    handles(domain) {
      const handles = objects.handles(domain);
      return {
        resolve: (request) => limit("the handle index", handles, handles.resolve(request)),
        hasConference: (confKey) => limit("the handle index", handles, handles.hasConference(confKey)),
      };
    },
    idAllocator(domain) {
      const allocator = objects.idAllocator(domain);
      return { holderOf: (msgId) => limit("the id allocator", allocator, allocator.holderOf(msgId)) };
    },
    mailbox(domain) {
      const mailbox = objects.mailbox(domain);
      return { send: (mail) => limit("the mailbox", mailbox, mailbox.send(mail)) };
    },
    bridgeHealth: (domain, bridge) => limit("the relay", {}, objects.bridgeHealth(domain, bridge)),
    connectAgent: (domain, bridge, request) => limit("the relay", {}, objects.connectAgent(domain, bridge, request)),
  };
  const views: OperatorViews = {
    conferencesOf: (...page) => limit("the id allocator", {}, edge.views.conferencesOf(...page)),
    conference(domain, confKey) {
      const conference = edge.views.conference(domain, confKey);
      return {
        view: () => limitTo(VIEW_WITHIN_MS, "a conference", conference, conference.view(), { conference: confKey }),
        story: () => limit("a conference", conference, conference.story(), { conference: confKey }),
      };
    },
    agents: (domain, bridge) => limitTo(VIEW_WITHIN_MS, "the relay", {}, edge.views.agents(domain, bridge)),
  };
  return { ...edge, objects: limited, views };
}
