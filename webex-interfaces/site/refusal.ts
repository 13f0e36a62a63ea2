import { type ExceptionName, exceptions } from "../tables/exceptions.ts";
import type { Reason } from "../tables/url.ts";

/** Thrown at any depth. Rolls back the whole request. */
class RefusalOf<Kind extends string> extends Error {
  readonly kind: Kind;
  /** The fault, without values of the request. */
  readonly detail: string | null;

  constructor(kind: Kind, detail: string | null = null) {
    super(kind);
    this.kind = kind;
    this.detail = detail;
  }
}

/** Refuses a request of the XML API. */
export class Refusal extends RefusalOf<ExceptionName> {
  get id(): string {
    return exceptions[this.kind].id;
  }

  get says(): string {
    return exceptions[this.kind].says;
  }
}

/** Sends the browser back with ST=FAIL. `detail` is only for the site's own list of requests. */
export class PageRefusal extends RefusalOf<Reason> {}
