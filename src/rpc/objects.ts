import type { BridgeName, ConfKey, DomainName } from "../foundation/ids.ts";
import type { ConferenceRpc } from "./conference.ts";
import type { CountsRpc } from "./counts.ts";
import type { DirectoryRpc } from "./directory.ts";
import type { HandleIndexRpc } from "./handle-index.ts";
import type { IdAllocatorRpc } from "./id-allocator.ts";
import type { MailboxRpc } from "./mailbox.ts";
import type { RelayRpc } from "./relay.ts";
import type { SessionsRpc } from "./sessions.ts";
import type { WebexSiteRpc } from "./webex-site.ts";

/** What can be asked of each object. */
export interface ObjectRpcs {
  readonly conference: ConferenceRpc;
  readonly handles: HandleIndexRpc;
  readonly idAllocator: IdAllocatorRpc;
  readonly mailbox: MailboxRpc;
  readonly directory: DirectoryRpc;
  readonly relay: RelayRpc;
  readonly counts: CountsRpc;
  readonly sessions: SessionsRpc;
  readonly webexSite: WebexSiteRpc;
}

export type ObjectName = keyof ObjectRpcs;

/** How long a request waits for a method. `request`: what is left of its 8 s; a number: as many milliseconds; `objects`: no request calls it. */
type Limit = "request" | "objects" | number;

/** What the platform has a request wait for all that it asks: WebEx gives a post up after 10 s. */
export const requestMs = 8_000;
/** For each object of a list, which are many: one that hangs leaves the others their time. */
const viewMs = 3_000;
/** For what is shown only if it is at hand. */
const cachedMs = 1_000;
/** The directory asks some dozen conferences. */
const rebuildMs = 25_000;

/** Each method of each object, once: shells, limits in time and fakes come from this list. */
export const objectMethods = {
  conference: {
    ...{ receive: "request", operate: "request", sendAgain: "request", sendEachAgain: "request" },
    ...{ report: "objects", ackCommands: "objects", compareDigest: "objects", hasHandle: "objects" },
    ...{ sweep: "objects", feedDirectory: "objects" },
    ...{ view: viewMs, entered: "request", story: "request", explain: "request", action: "request" },
    ...{ givenUp: "request", replay: "request", wire: "request", testRows: "request" },
  },
  handles: { resolve: "request", hasConference: "request" },
  idAllocator: {
    allocate: "objects",
    holderOf: "request",
    holdersOf: "request",
    conferencesOf: "request",
    sweep: "objects",
  },
  mailbox: { send: "request", share: "objects", waiting: viewMs },
  directory: {
    ...{
      follow: "objects",
      notifyOfAgents: "objects",
      notifyOfTrouble: "objects",
      count: "objects",
      keepAudit: "objects",
    },
    ...{
      running: "request",
      totals: viewMs,
      activity: "request",
      countTotals: viewMs,
      webhooks: viewMs,
      audit: "request",
    },
    ...{ givenUp: "request", givenUpPost: "request", trouble: viewMs, acknowledge: "request" },
    ...{ keepPromptCalls: "objects", promptCalls: "request", promptCallsOfNumber: "request", refusedCallers: viewMs },
    // One request may ask for many pages: each has its own time.
    ...{ records: requestMs, erase: requestMs, rebuild: rebuildMs },
  },
  relay: {
    ...{ sendCommands: "objects", askForSnapshot: "objects", closeAgents: "objects" },
    ...{ agents: viewMs, health: "request", handOver: "request", drain: "request", clockDiffers: "request" },
  },
  counts: { add: "objects", all: viewMs },
  sessions: {
    ...{ begin: "request", find: "request", end: "request", endAll: "request", list: "request" },
    ...{ refused: "request", signIns: "request" },
  },
  webexSite: {
    ...{ settingsRead: "objects", meeting: "request", accessCode: "request", topics: cachedMs, numbers: cachedMs },
    ...{ provisioning: "request", beginCheck: "request" },
  },
} as const satisfies { readonly [Name in ObjectName]: Readonly<Record<keyof ObjectRpcs[Name], Limit>> };

type Asked<Name extends ObjectName> = {
  readonly [Method in keyof ObjectRpcs[Name] as Extract<
    (typeof objectMethods)[Name],
    { readonly [Same in Method]: "objects" }
  > extends never
    ? Method
    : never]: ObjectRpcs[Name][Method];
};

/** The methods as a class has them: what it answers at once need be no promise. */
export type Answering<Rpc> = {
  readonly [Method in keyof Rpc]: Rpc[Method] extends (...asked: infer Asked) => Promise<infer Answer>
    ? (...asked: Asked) => Answer | Promise<Answer>
    : never;
};

/** What every object has from the platform. */
export interface Platformed {
  /** workerd names its database by this id. */
  readonly id?: { toString(): string };
  /** Takes a request for a WebSocket: an agent's at a relay; at a directory or conference, one of a page that shows changes. */
  fetch(url: string | Request, init?: RequestInit): Promise<Response>;
}

type Given<Name extends ObjectName> = Asked<Name> & Platformed;

/** The objects as requests reach them. Getting one costs nothing; each call is one message to it. */
export interface EdgeObjects {
  conference(domain: DomainName, confKey: ConfKey): Given<"conference">;
  handles(domain: DomainName): Given<"handles">;
  idAllocator(domain: DomainName): Given<"idAllocator">;
  mailbox(domain: DomainName): Given<"mailbox">;
  directory(domain: DomainName): Given<"directory">;
  relay(domain: DomainName, bridge: BridgeName): Given<"relay">;
  /** Of the whole deployment. */
  counts(): Given<"counts">;
  /** Of all people. */
  sessions(): Given<"sessions">;
  webexSite(domain: DomainName): Given<"webexSite">;
}
