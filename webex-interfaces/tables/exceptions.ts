/** The client's word for the meaning of a refusal. */
export type RefusalWhy =
  | "wrong-credentials"
  | "access-denied"
  | "rate-limit"
  /** WebEx's internal service did not answer in time. */
  | "not-responding"
  /** There is no such user, meeting or record. */
  | "not-found"
  | "already-exists"
  /** The site requires a password for each meeting. */
  | "password-needed"
  /** The site is suspended, or the service is off. */
  | "switched-off"
  /** The request has more items than the site accepts. */
  | "too-many"
  | "not-recognized"
  | "wrong-form"
  | "other";

export interface Exception {
  readonly id: string;
  readonly why: RefusalWhy;
  /** The reason in the site's answer. */
  readonly says: string;
  /** True if WebEx refuses like this only after it has accepted the credentials. */
  readonly proves: boolean;
}

/** Refusals of the XML API with public ids. */
export const exceptions = {
  notRecognized: exception("000000", "not-recognized", "The request was not recognized", false),
  accessDenied: exception("000001", "access-denied", "Access denied, additional privileges are required"),
  noRecord: exception("000015", "not-found", "Sorry, no record found"),
  notResponding: exception("000035", "not-responding", "ASService not responding", false),
  rateLimit: exception("000045", "rate-limit", "Too many requests in the last 60 seconds", false),
  eventsOff: exception("010106", "switched-off", "The classic Event has been disabled"),
  suspended: exception("010107", "switched-off", "The site is suspended"),
  noUser: exception("030001", "not-found", "Corresponding User not found"),
  wrongPassword: exception("030002", "wrong-credentials", "Incorrect user or password", false),
  nameTaken: exception("030004", "already-exists", "That user name is taken"),
  emailTaken: exception("030005", "already-exists", "That e-mail address is taken"),
  wrongTicket: exception("030047", "wrong-credentials", "Not a valid session ticket", false),
  tooManyAttendees: exception("040015", "too-many", "Register attendee number over limit in one API call"),
  noSession: exception("060001", "not-found", "Corresponding Meeting not found"),
  noSessionOfUser: exception("060019", "not-found", "Corresponding Meeting not found for this user"),
  notOwn: exception("060021", "access-denied", "The meeting is not the user's own"),
  passwordNeeded: exception("060026", "password-needed", "Meeting password must not be null"),
  invalid: exception("999999", "wrong-form", "The request does not keep to the schema", false),
} as const;

export type ExceptionName = keyof typeof exceptions;

function exception(id: string, why: RefusalWhy, says: string, proves = true): Exception {
  return { id, why, says, proves };
}

export function exceptionOf(id: string): Exception | undefined {
  return Object.values(exceptions).find((one) => one.id === id);
}
