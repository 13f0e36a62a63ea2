import { type ExceptionName, exceptions } from "../tables/exceptions.ts";

/** Refuses a request of the XML API. Thrown at any depth: nothing of a refused request is kept. */
export class Refusal extends Error {
  readonly kind: ExceptionName;
  /** Which element is wrong, and how; never a value of the request. */
  readonly detail: string | null;

  constructor(kind: ExceptionName, detail: string | null = null) {
    super(kind);
    this.kind = kind;
    this.detail = detail;
  }

  get id(): string {
    return exceptions[this.kind].id;
  }

  get says(): string {
    return exceptions[this.kind].says;
  }
}
