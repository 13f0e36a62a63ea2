import type { ConfKey } from "../foundation/ids.ts";
import { within } from "../foundation/time/timers.ts";
import type { EdgeObjects, Identified, OperatorViews } from "../rpc/edge-objects.ts";
import type { SessionsRpc } from "../rpc/sessions.ts";
import type { Edge } from "./app.ts";

/** For all that one request asks of objects: WebEx gives a post up after 10 s. */
const OBJECTS_WITHIN_MS = 8_000;
/** For each object of a list, which are many: one that hangs leaves the others their time. */
const VIEW_WITHIN_MS = 3_000;
/** For a page of a rebuild: the directory asks some dozen conferences. */
const REBUILD_WITHIN_MS = 25_000;
/** For what is shown only if it is at hand. */
const CACHED_WITHIN_MS = 1_000;

/** What a log line says of a failure: the error, and of an object which one it was. */
interface Failure {
  readonly error: string;
  readonly object?: string;
  readonly objectId?: string | undefined;
  readonly conference?: ConfKey | undefined;
}

/** A call of an object that failed. What the platform says of it names neither the object nor its database. */
class ObjectFailure extends Error {
  readonly failure: Failure;

  constructor(object: string, { id }: Identified, conference: ConfKey | undefined, cause: unknown) {
    super(String(cause));
    this.failure = { object, objectId: id && String(id), conference, error: String(cause) };
  }
}

export function failureOf(error: unknown): Failure {
  return error instanceof ObjectFailure ? error.failure : { error: String(error) };
}

/**
 * What is wrong if an object's storage failed; `null`: it was something else, such as a bridge that is too far behind. A disk that is full
 * concerns all objects; all else may be the damaged database of this one. The platform marks neither, and says it in words alone.
 */
export function storageFault(error: unknown): { readonly of: "disk" | "object"; readonly why: string } | null {
  const why = error instanceof ObjectFailure ? error.failure.error : "";
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
  const limitTo = <Value>(ms: number, what: string, object: Identified, call: Promise<Value>, conference?: ConfKey) =>
    within(edge, ms, what, call).catch((cause: unknown) => {
      throw new ObjectFailure(what, object, conference, cause);
    });
  const limit = <Value>(what: string, object: Identified, call: Promise<Value>, conference?: ConfKey) =>
    // A clock that is set meanwhile must not make it longer.
    limitTo(Math.min(before - edge.now(), OBJECTS_WITHIN_MS), what, object, call, conference);
  const limited: EdgeObjects = {
    conference(domain, confKey) {
      const conference = objects.conference(domain, confKey);
      return {
        receive: (document) => limit("a conference", conference, conference.receive(document), confKey),
        operate: (action) => limit("a conference", conference, conference.operate(action), confKey),
        sendAgain: (...asked) => limit("a conference", conference, conference.sendAgain(...asked), confKey),
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
        view: () => limitTo(VIEW_WITHIN_MS, "a conference", conference, conference.view(), confKey),
        entered: () => limit("a conference", conference, conference.entered(), confKey),
        story: (from) => limit("a conference", conference, conference.story(from), confKey),
        action: (id) => limit("a conference", conference, conference.action(id), confKey),
        givenUp: (row) => limit("a conference", conference, conference.givenUp(row), confKey),
        explain: (...asked) => limit("a conference", conference, conference.explain(...asked), confKey),
        replay: (...page) => limit("a conference", conference, conference.replay(...page), confKey),
        wire: (rows) => limit("a conference", conference, conference.wire(rows), confKey),
        testRows: (from) => limit("a conference", conference, conference.testRows(from), confKey),
      };
    },
    directory(domain) {
      const directory = edge.views.directory(domain);
      const what = "the directory";
      return {
        running: (query) => limit(what, directory, directory.running(query)),
        activity: () => limit(what, directory, directory.activity()),
        // One request may ask for many pages: each has its own time.
        records: (query) => limitTo(OBJECTS_WITHIN_MS, what, directory, directory.records(query)),
        erase: (...asked) => limitTo(OBJECTS_WITHIN_MS, what, directory, directory.erase(...asked)),
        givenUp: (...page) => limit(what, directory, directory.givenUp(...page)),
        givenUpPost: (id) => limit(what, directory, directory.givenUpPost(id)),
        audit: (...page) => limit(what, directory, directory.audit(...page)),
        rebuild: (...asked) => limitTo(REBUILD_WITHIN_MS, what, directory, directory.rebuild(...asked)),
      };
    },
    webexSite(domain) {
      const site = edge.views.webexSite(domain);
      const what = "the object of the WebEx site";
      return {
        meeting: (question) => limit(what, site, site.meeting(question)),
        accessCode: (question) => limit(what, site, site.accessCode(question)),
        topics: (...asked) => limitTo(CACHED_WITHIN_MS, what, site, site.topics(...asked)),
        numbers: (asked) => limitTo(CACHED_WITHIN_MS, what, site, site.numbers(asked)),
        provisioning: (asked) => limit(what, site, site.provisioning(asked)),
        beginCheck: (asked) => limit(what, site, site.beginCheck(asked)),
      };
    },
    agents: (domain, bridge) => limitTo(VIEW_WITHIN_MS, "the relay", {}, edge.views.agents(domain, bridge)),
    handOver: (...asked) => limit("the relay", {}, edge.views.handOver(...asked)),
    drain: (...asked) => limit("the relay", {}, edge.views.drain(...asked)),
    totals: (domain) => limitTo(VIEW_WITHIN_MS, "the directory", {}, edge.views.totals(domain)),
    webhooks: (domain) => limitTo(VIEW_WITHIN_MS, "the directory", {}, edge.views.webhooks(domain)),
    counts: () => limitTo(VIEW_WITHIN_MS, "the object of counts", {}, edge.views.counts()),
    watch: (...what) => limit("the object of a live page", {}, edge.views.watch(...what)),
  };
  const all = edge.sessions;
  const ofSessions = <Value>(call: Promise<Value>) => limit("the object of sessions", all, call);
  const sessions: SessionsRpc = {
    begin: (session) => ofSessions(all.begin(session)),
    find: (hash) => ofSessions(all.find(hash)),
    end: (hash, from) => ofSessions(all.end(hash, from)),
    endAll: (...asked) => ofSessions(all.endAll(...asked)),
    list: (person) => ofSessions(all.list(person)),
    refused: (from) => ofSessions(all.refused(from)),
    signIns: (...page) => ofSessions(all.signIns(...page)),
  };
  return { ...edge, objects: limited, views, sessions };
}
