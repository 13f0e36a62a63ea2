/**
 * Every refusal of the XML API. Ids are those that public sources show (section 6.3 of the protocol's notes; callers' programs for
 * the others). Where none shows an id, the answer carries a reason alone.
 */
export const refusals = {
  accessDenied: { id: "000001", reason: "Access denied, additional privileges are required" },
  noRecord: { id: "000015", reason: "Sorry, no record found" },
  notResponding: { id: "000035", reason: "ASService not responding" },
  rateLimit: { id: "000045", reason: "Too many requests in the last 60 seconds" },
  eventsOff: { id: "010106", reason: "The classic Event has been disabled" },
  suspended: { id: "010107", reason: "The site is suspended" },
  noUser: { id: "030001", reason: "Corresponding User not found" },
  wrongPassword: { id: "030002", reason: "Incorrect user or password" },
  nameTaken: { id: "030004", reason: "That user name is taken" },
  emailTaken: { id: "030005", reason: "That e-mail address is taken" },
  wrongTicket: { id: "030047", reason: "Not a valid session ticket" },
  tooManyAttendees: { id: "040015", reason: "Register attendee number over limit in one API call" },
  noSession: { id: "060001", reason: "Corresponding Meeting not found" },
  noSessionOfUser: { id: "060019", reason: "Corresponding Meeting not found for this user" },
  notOwn: { id: "060021", reason: "The meeting is not the user's own" },
  passwordNeeded: { id: "060026", reason: "Meeting password must not be null" },
  invalid: { id: null, reason: "The request does not keep to the schema" },
  notXml: { id: null, reason: "The request is not well-formed XML" },
  unknownOperation: { id: null, reason: "There is no such operation" },
  unknownSite: { id: null, reason: "There is no such site" },
  inactive: { id: null, reason: "The account is not active" },
  impossible: { id: null, reason: "That cannot be done" },
} as const satisfies Readonly<Record<string, { id: string | null; reason: string }>>;

type RefusalKind = keyof typeof refusals;

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
