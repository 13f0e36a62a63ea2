import type { Call, Privileges } from "../call.ts";
import type { Tree } from "../schema.ts";

/** `documented`: one of the four seed documents names it. `schema`: only the later schema or the developer pages. */
type Source = "documented" | "schema";

export interface Operation {
  readonly source: Source;
  /** Who reaches how far with it. */
  readonly who: Privileges;
  /** Gives the elements of the answer, for all services alike: the schema picks those that its answer has. */
  readonly run: (call: Call) => Tree;
  /**
   * The name of its type where that differs from the operation's; `null`: no public source shows its elements, so any
   * are taken, and the answer has none.
   */
  readonly type?: string | null;
}

/** The operations of one service, by name. */
export interface Service {
  /** In `xsi:type`, between `java:com.webex.service.binding.` and the operation. */
  readonly binding: string;
  /** The namespace of its types. */
  readonly prefix: string;
  readonly operations: Readonly<Record<string, Operation>>;
}

// Site administrators reach the whole site, those with view-only privileges only to read it.
export const readsOwn: Privileges = { admin: "site", "view-only": "site", host: "self" };
export const readsPublic: Privileges = { admin: "site", "view-only": "site", host: "public" };
export const readsSite: Privileges = { admin: "site", "view-only": "site", host: "none" };
export const changesOwn: Privileges = { admin: "site", "view-only": "self", host: "self" };
export const changesAccounts: Privileges = { admin: "site", "view-only": "none", host: "none" };
export const changesOwnAccount: Privileges = { admin: "site", "view-only": "none", host: "self" };

export function documented(who: Privileges, run: Operation["run"], type?: string): Operation {
  return { source: "documented", who, run, ...(type !== undefined && { type }) };
}

/** `type`: as in `Operation`. */
export function inSchema(who: Privileges, run: Operation["run"], type?: string | null): Operation {
  return { source: "schema", who, run, ...(type !== undefined && { type }) };
}
