import { Refusal } from "./refusals.ts";
import type { Tree, Value } from "./schema.ts";
import type { Site } from "./site.ts";
import type { Role, UserRow } from "./tables.ts";
import { readTime } from "./times.ts";
import { group, list, text, whole } from "./trees.ts";

/**
 * How far somebody reaches with an operation: everything on the site, what is one's own, also what others have made
 * public, or nothing.
 */
type Reach = "site" | "self" | "public" | "none";
export interface Privileges extends Readonly<Record<Role, Reach>> {
  /** Without any user, as getSessionInfo. */
  readonly nobody?: "public";
}

/** One operation that somebody asks for. */
export class Call {
  readonly site: Site;
  readonly request: Tree;
  readonly #user: UserRow | null;
  readonly #privileges: Privileges;

  constructor(site: Site, user: UserRow | null, privileges: Privileges, request: Tree) {
    this.site = site;
    this.request = request;
    this.#user = user;
    this.#privileges = privileges;
    if (this.#reach === "none") throw new Refusal("accessDenied");
  }

  /** Who asks; only for operations that somebody must ask. */
  get user(): UserRow {
    if (!this.#user) throw new Refusal("accessDenied");
    return this.#user;
  }

  get userOrNobody(): UserRow | null {
    return this.#user;
  }

  get hasSite(): boolean {
    return this.#reach === "site";
  }

  owns(userId: number): boolean {
    return this.hasSite || this.#user?.user_id === userId;
  }

  mustOwn(userId: number): void {
    if (!this.owns(userId)) throw new Refusal("accessDenied");
  }

  maySee(userId: number, isPublic: boolean): boolean {
    return this.owns(userId) || (isPublic && this.#reach === "public");
  }

  /** The user whom an element names, or else the one who asks. */
  owner(name: Value | undefined): UserRow {
    if (name === undefined) return this.user;
    const user = this.site.userNamed(String(name));
    // Whether somebody exists is for those to know who may ask for anybody.
    if (!user) throw new Refusal(this.hasSite ? "noUser" : "accessDenied");
    this.mustOwn(user.user_id);
    return user;
  }

  get #reach(): Reach {
    return this.#user ? this.#privileges[this.#user.role] : (this.#privileges.nobody ?? "none");
  }
}

/** Not public: how many come when nobody says. */
const USUAL_PAGE = 50;
const LARGEST_PAGE = 500;

/** The part of a list that `listControl` asks for, under the name of its element. A list without anything is a refusal. */
export function page<Row>(request: Tree, rows: readonly Row[], element: string, make: (row: Row) => Tree): Tree {
  const first = Math.max(1, whole(request, "listControl", "startFrom") ?? 1);
  const most = Math.min(LARGEST_PAGE, Math.max(1, whole(request, "listControl", "maximumNum") ?? USUAL_PAGE));
  const shown = rows.slice(first - 1, first - 1 + most);
  if (shown.length === 0) throw new Refusal("noRecord");
  return {
    [element]: shown.map(make),
    matchingRecords: { total: rows.length, returned: shown.length, startFrom: first },
  };
}

/** By the words of `orderBy`, each with its `orderAD`; without them by the first of the words. */
export function ordered<Row>(
  request: Tree,
  rows: readonly Row[],
  words: Readonly<Record<string, (row: Row) => string | number>>,
): readonly Row[] {
  const by = list(request, "order", "orderBy").map(String);
  const directions = list(request, "order", "orderAD").map(String);
  const keys = (by.length > 0 ? by : Object.keys(words).slice(0, 1)).map((word, index) => ({
    of: words[word] ?? (() => 0), // A column that the simulated site does not keep leaves the order as it is.
    sign: directions[index] === "DESC" ? -1 : 1,
  }));
  return rows.toSorted((left, right) => {
    for (const { of, sign } of keys) {
      const [a, b] = [of(left), of(right)];
      if (a !== b) return sign * (a < b ? -1 : 1);
    }
    return 0;
  });
}

/** Whether a time lies between a scope's two elements (`prefixStart`, `prefixEnd`), as far as they are there. */
export function within(site: Site, scope: Tree, prefix: string, at: number, zone?: Value): boolean {
  const times = ["Start", "End"].map((end) => text(scope, `${prefix}${end}`));
  const [from, to] = times.map((each) => each && readTime(each, site.zone(scope.timeZoneID ?? zone)));
  return (!from || at >= from) && (!to || at <= to);
}

export function inDateScope(call: Call, startsAt: number, endsAt: number): boolean {
  const scope = group(call.request, "dateScope");
  return within(call.site, scope, "startDate", startsAt) && within(call.site, scope, "endDate", endsAt);
}

export function isAsked(asked: Value | undefined, value: string | number): boolean {
  return asked === undefined || String(asked).toLowerCase() === String(value).toLowerCase();
}

/** As the lists look for names: anywhere in them. */
export function hasText(asked: Value | undefined, value: string): boolean {
  return asked === undefined || value.toLowerCase().includes(String(asked).toLowerCase());
}
