import type { BridgeName, ConfKey, DomainName } from "../foundation/ids.ts";
import type { ConferenceRpc } from "./conference.ts";
import type { DirectoryRpc } from "./directory.ts";
import type { HandleIndexRpc } from "./handle-index.ts";
import type { IdAllocatorRpc } from "./id-allocator.ts";
import type { MailboxRpc } from "./mailbox.ts";
import type { RelayRpc } from "./relay.ts";
import type { SessionsRpc } from "./sessions.ts";

/** What can be asked of each object. */
export interface ObjectRpcs {
  readonly conference: ConferenceRpc;
  readonly handles: HandleIndexRpc;
  readonly idAllocator: IdAllocatorRpc;
  readonly mailbox: MailboxRpc;
  readonly directory: DirectoryRpc;
  readonly relay: RelayRpc;
  readonly sessions: SessionsRpc;
}

export type ObjectName = keyof ObjectRpcs;

/** How long a request waits for a method. `request`: what is left of its 8 s; a number: as many milliseconds; `objects`: no request calls it. */
type Limit = "request" | "objects" | number;

/** What the platform has a request wait for all that it asks: WebEx gives a post up after 10 s. */
export const requestMs = 8_000;
/** For each object of a list, which are many: one that hangs leaves the others their time. */
const viewMs = 3_000;

/** Each method of each object, once: shells, limits in time and fakes come from this list. */
export const objectMethods = {
  conference: {
    ...limited("request", "receive", "operate", "resync", "entered", "timeline", "placeOfId", "action", "wire"),
    ...limited("objects", "report", "ackCommands", "compareDigest", "hasHandle", "sweep", "publish"),
    view: viewMs,
  },
  handles: limited("request", "resolve", "hasConference"),
  idAllocator: {
    ...limited("request", "holderOf", "holdersOf"),
    ...limited("objects", "allocate", "conferencesOf", "heardLimit", "sweep"),
  },
  mailbox: { send: "request", share: "objects", waiting: viewMs },
  directory: {
    ...limited("request", "running", "activity", "audit", "waitingFor", "acknowledge", "promptCalls"),
    ...limited(
      "objects",
      "publish",
      "swept",
      "serverRefused",
      "sourceRefused",
      "count",
      "keepAudit",
      "keepPromptCalls",
    ),
    ...limited(viewMs, "totals", "countTotals", "webhooks", "alerts"),
    // One request may ask for many pages: each has its own time.
    ...limited(requestMs, "records", "found", "erase"),
  },
  relay: {
    ...limited("request", "hasConference", "handOver", "drain", "agentRefused"),
    ...limited("objects", "sendCommands", "askForSnapshot", "keepIdLimit"),
    ...limited(viewMs, "agents", "health"),
  },
  sessions: limited("request", "begin", "find", "end", "endAll", "list", "refused", "signIns"),
} as const satisfies { readonly [Name in ObjectName]: Readonly<Record<keyof ObjectRpcs[Name], Limit>> };

function limited<const Of extends Limit, Method extends string>(limit: Of, ...methods: readonly Method[]) {
  return Object.fromEntries(methods.map((method) => [method, limit])) as Readonly<Record<Method, Of>>;
}

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
  readonly id?: { toString(): string } | undefined;
  /** Takes an agent's request for a WebSocket, at a relay. */
  fetch(url: string | Request, init?: RequestInit): Promise<Response>;
}

type Given<Name extends ObjectName> = Asked<Name> & Platformed;

/** What the name of each object is made of. */
interface ObjectKeys {
  readonly conference: readonly [domain: DomainName, confKey: ConfKey];
  readonly handles: readonly [domain: DomainName];
  readonly idAllocator: readonly [domain: DomainName];
  readonly mailbox: readonly [domain: DomainName];
  readonly directory: readonly [domain: DomainName];
  readonly relay: readonly [domain: DomainName, bridge: BridgeName];
  /** Of all people. */
  readonly sessions: readonly [];
}

/** The objects as requests reach them. Getting one costs nothing; each call is one message to it. */
export type EdgeObjects = { readonly [Name in ObjectName]: (...key: ObjectKeys[Name]) => Given<Name> };

/** The objects as they reach each other. */
export type AllObjects = { readonly [Name in ObjectName]: (...key: ObjectKeys[Name]) => ObjectRpcs[Name] & Platformed };

/** All objects, each by the stub that this makes of its kind and its name: `local/555120777`. */
export function objectsBy(stubOf: (kind: ObjectName, name: string) => unknown): AllObjects {
  const kinds = Object.keys(objectMethods) as readonly ObjectName[];
  const nameOf = (key: readonly (string | undefined)[]) => key.filter((part) => part !== undefined).join("/") || "all";
  const stubs = kinds.map((kind) => [kind, (...key: readonly string[]) => stubOf(kind, nameOf(key))]);
  return Object.fromEntries(stubs);
}
