import { createHash } from "node:crypto";
import { Caller } from "./call.ts";
import { PageRefusal, Refusal } from "./refusal.ts";
import type { Session, SiteData, SiteUser } from "./site.ts";
import type { ServiceCode } from "./store.ts";

export type Cells = readonly (readonly (string | number)[])[];

/** Outcome of a command: the browser gets data in the back URL, another URL, or a page. */
export interface Outcome {
  readonly data?: Readonly<Record<string, string | number>>;
  readonly goTo?: string;
  readonly show?: { readonly title: string; readonly rows: Cells };
  /** Meeting numbers, for a document instead. */
  readonly meetings?: readonly number[];
  /** A cookie to set; "" deletes it. */
  readonly cookie?: string;
}

/** Returns the token of a log-in's back URL. */
export function csrfOf(cookie: string): string {
  return createHash("sha256").update(`csrf ${cookie}`).digest("base64url").slice(0, 22);
}

/** One command of the URL API, and its caller. `args`: without AT, BU and CSRF. */
export class PageCall extends Caller {
  readonly cookie: string;
  readonly args: ReadonlyMap<string, string>;

  constructor(site: SiteData, cookie: string, user: SiteUser | null, args: ReadonlyMap<string, string>) {
    super(site, user, user?.role === "admin");
    this.cookie = cookie;
    this.args = args;
  }

  arg(name: string): string | undefined {
    return this.args.get(name) || undefined;
  }

  whole(name: string): number | undefined {
    const value = this.arg(name);
    return value === undefined ? undefined : Number(value);
  }

  /** All values in lower case, for commands whose arguments are not public. */
  get words(): readonly string[] {
    return Array.from(this.args.values(), (value) => value.toLowerCase());
  }

  /** Returns the numbers of arguments with these names, in order. */
  numbers(...names: readonly string[]): readonly number[] {
    const found = [...this.args.keys()].flatMap((key) => {
      const [, name = "", number] = /^([A-Za-z]+)(\d+)$/.exec(key) ?? [];
      return names.includes(name) ? Number(number) : [];
    });
    return [...new Set(found)].toSorted((a, b) => a - b);
  }

  /** Returns the thing that any argument names. */
  named<Thing>(things: readonly Thing[], name: (thing: Thing) => string): Thing {
    const found = things.find((thing) => this.words.includes(name(thing).toLowerCase()));
    if (!found) throw new PageRefusal("Unknown", "no argument names anything");
    return found;
  }

  /** Returns the session of MK, otherwise of any argument. */
  session(services?: readonly ServiceCode[]): Session {
    const keys = this.arg("MK") === undefined ? [...this.args.values()] : [this.arg("MK")];
    const found = keys.find((key) => /^\d{1,15}$/.test(key ?? "") && this.site.store.get("session", Number(key)));
    if (found === undefined) throw new Refusal("noSession");
    return this.site.session(found, services);
  }

  ownSession(services?: readonly ServiceCode[]): Session {
    const session = this.session(services);
    if (!this.mayHost(session)) throw new PageRefusal("AccessDenied");
    return session;
  }

  mustBeAdmin(): void {
    if (!this.hasSite) throw new PageRefusal("AccessDenied");
  }
}
