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

/** What the platform has a request wait for all that it asks: WebEx gives a post up after 10 s. */
export const requestMs = 8_000;
/** For each object of a list, which are many: one that hangs leaves the others their time. */
const viewMs = 3_000;

/** Each method of each object, with the milliseconds that a request waits for it; `null`: what is left of the request's 8 s. */
export const objectMethods = {
  conference: {
    ...methods("receive", "operate", "resync", "entered", "timeline", "placeOfId", "action", "wire"),
    ...methods("report", "ackCommands", "compareDigest", "hasHandle", "sweep", "publish"),
    view: viewMs,
  },
  handles: methods("resolve", "hasConference"),
  idAllocator: methods("holderOf", "holdersOf", "allocate", "conferencesOf", "sweep", "sweepNext"),
  mailbox: { send: null, share: null, waiting: viewMs },
  directory: {
    ...methods("running", "audit", "waitingFor", "acknowledge", "promptCalls", "publish", "swept"),
    ...methods("serverRefused", "sourceRefused", "count", "keepAudit", "keepPromptCalls"),
    ...{ areRunning: 500, stats: viewMs, webhooks: viewMs, alerts: viewMs },
    // One request may ask for many pages: each has its own time.
    ...{ records: requestMs, found: requestMs, erase: requestMs },
  },
  relay: {
    ...methods("hasConference", "handOver", "drain", "agentRefused", "sendCommands", "askForSnapshot"),
    ...{ agents: viewMs, health: viewMs },
  },
  sessions: methods("begin", "find", "end", "endAll", "list", "refused", "signIns"),
} satisfies { readonly [Name in ObjectName]: Readonly<Record<keyof ObjectRpcs[Name], number | null>> };

function methods<Method extends string>(...names: readonly Method[]) {
  return Object.fromEntries(names.map((name) => [name, null])) as Readonly<Record<Method, null>>;
}

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

/** The objects. Getting one costs nothing; each call is one message to it. */
export type EdgeObjects = {
  readonly [Name in ObjectName]: (...key: ObjectKeys[Name]) => ObjectRpcs[Name] & Platformed;
};

/** All objects, each by the stub that this makes of its kind and its name: `local/555120777`. */
export function objectsBy(stubOf: (kind: ObjectName, name: string) => unknown): EdgeObjects {
  const kinds = Object.keys(objectMethods) as readonly ObjectName[];
  const nameOf = (key: readonly (string | undefined)[]) => key.filter((part) => part !== undefined).join("/") || "all";
  const stubs = kinds.map((kind) => [kind, (...key: readonly string[]) => stubOf(kind, nameOf(key))]);
  return Object.fromEntries(stubs);
}
