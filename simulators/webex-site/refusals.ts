/**
 * Every refusal of the XML API. Ids and reasons are those that public sources show (section 6.3 of the protocol's notes;
 * callers' fixtures for 000015, 030047, 060001 and 060026). Where none shows an id, the answer carries a reason alone.
 */
const refusals = {
  accessDenied: { id: "000001", reason: "Access denied, additional privileges are required" },
  noRecord: { id: "000015", reason: "Sorry, no record found" },
  notResponding: { id: "000035", reason: "ASService not responding" },
  rateLimit: { id: "000045", reason: "Too many requests in the last 60 seconds" },
  wrongPassword: { id: "030002", reason: "Incorrect user or password" },
  wrongTicket: { id: "030047", reason: "Not a valid session ticket" },
  noSession: { id: "060001", reason: "Corresponding Meeting not found" },
  passwordNeeded: { id: "060026", reason: "Meeting password must not be null" },
  invalid: { id: null, reason: "The request does not keep to the schema" },
  notXml: { id: null, reason: "The request is not well-formed XML" },
  unknownOperation: { id: null, reason: "There is no such operation" },
  unknownSite: { id: null, reason: "There is no such site" },
  inactive: { id: null, reason: "The account is not active" },
  taken: { id: null, reason: "That name is taken" },
  impossible: { id: null, reason: "That cannot be done" },
} as const satisfies Readonly<Record<string, { id: string | null; reason: string }>>;

export type RefusalKind = keyof typeof refusals;

/** Thrown by handlers at any depth and caught at one place, the door: nothing of a refused request is kept. */
export class Refusal extends Error {
  readonly kind: RefusalKind;
  readonly id: string | null;
  readonly reason: string;
  /** Which element, and what is wrong with it; never a value of the request. */
  readonly detail: string | null;

  constructor(kind: RefusalKind, detail: string | null = null) {
    super(kind);
    this.kind = kind;
    this.id = refusals[kind].id;
    this.reason = refusals[kind].reason;
    this.detail = detail;
  }
}
