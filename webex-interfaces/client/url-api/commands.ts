import { isSecretName } from "../secret-names.ts";
import type { Source } from "../source.ts";
import {
  type Argument,
  count,
  day,
  entryFor,
  hour,
  meetingKey,
  minute,
  month,
  needed,
  optional,
  secret,
  text,
  type ValuesOf,
  year,
  yesNo,
} from "./arguments.ts";

/** The pages of a site that serve the URL API, each with commands of its own. */
export const pages = {
  p: { path: "p.php", source: "documented", is: "partner page: host accounts, log-in and log-out" },
  m: { path: "m.php", source: "documented", is: "meetings, training and support sessions, events" },
  o: {
    path: "o.php",
    source: "documented",
    is: "My WebEx and Enterprise Edition: contacts, files, profile, reports",
  },
  h: { path: "h.php", source: "documented", is: "hands-on labs of training sessions" },
  c: { path: "c.php", source: "documented", is: "remote access to computers" },
} as const;

export type Page = keyof typeof pages;

export interface Command {
  readonly page: Page;
  /** The code that goes into `AT`; the same code on another page is another command. */
  readonly at: string;
  readonly source: Source;
  readonly does: string;
  /** `server-to-server`: WebEx knows the caller by its agreement with that server, not by a user's log-in. */
  readonly logIn: "none" | "needed" | "server-to-server";
  /** By the names that WebEx's guide uses: one and the same letters mean different things to different commands. */
  readonly arguments: Readonly<Record<string, Argument>>;
  /** `as-given`: no public source lists all its arguments, so that others pass unchecked. */
  readonly others: "refused" | "as-given";
  /** Exactly one of these is given. */
  readonly oneOf: readonly string[];
  /** What the back URL carries beside AT, ST and RS if the command succeeds. */
  readonly returns: Readonly<Record<string, Argument>>;
  /** `open-meetings`: a document of its own instead of a redirect to the back URL (`readOpenMeetings`). */
  readonly answer: "back-url" | "open-meetings";
  /** What a caller has to know beside the tables. */
  readonly note: string;
}

type Given<Table> = {
  readonly does: string;
  readonly logIn?: Command["logIn"];
  readonly arguments: Table;
  readonly oneOf?: readonly string[];
  readonly answer?: Command["answer"];
  readonly note?: string;
};

const back = { BU: optional({ kind: "back-url" }, "back URL; the site's home page if absent", "documented") } as const;

const returnsNothing = {} as const;
type Arguments = Readonly<Record<string, Argument>>;

/** A command whose arguments public sources list. */
function command<
  const P extends Page,
  const Table extends Arguments,
  const Returns extends Arguments = typeof returnsNothing,
>(page: P, at: string, given: Given<Table>, returns: Returns = returnsNothing as unknown as Returns) {
  return { ...basics(page, at, given), arguments: given.arguments, others: "refused" as const, returns };
}

/** A command whose arguments are not public, or not all of them. */
function openCommand<const P extends Page, const Table extends Arguments>(page: P, at: string, given: Given<Table>) {
  return {
    ...basics(page, at, given),
    arguments: given.arguments,
    others: "as-given" as const,
    returns: returnsNothing,
  };
}

function basics<const P extends Page>(
  page: P,
  at: string,
  { does, logIn = "needed", oneOf = [], answer = "back-url", note = "" }: Given<unknown>,
) {
  return { page, at, source: "documented" as Source, does, logIn, oneOf, answer, note };
}

/** From the back URL of the log-in; sites that hand one out want it with each command of that log-in. */
const token = { CSRF: optional(text, "token that the log-in's back URL brought") } as const;

const account = {
  WID: needed(text, "WebEx id of the host"),
  // Whoever has it and a WebEx id can shut that host out, so that no link carries it.
  PID: needed(secret, "partner id, given by WebEx"),
} as const;

/** What a new account and a changed one have in common. */
const userOptions = {
  Address1: optional(text, "first line of the address"),
  Address2: optional(text, "second line of the address"),
  City: optional(text, "city"),
  State: optional(text, "state"),
  ZipCode: optional(text, "postal code"),
  Country: optional(text, "country"),
  OPhoneCountry: optional(text, "office telephone: country code"),
  OPhoneArea: optional(text, "office telephone: area code"),
  OPhoneLocal: optional(text, "office telephone: local number"),
  OPhoneExt: optional(text, "office telephone: extension"),
  FPhoneCountry: optional(text, "fax: country code"),
  FPhoneArea: optional(text, "fax: area code"),
  FPhoneLocal: optional(text, "fax: local number"),
  FPhoneExt: optional(text, "fax: extension"),
  TimeZone: optional(text, "time zone, by the site's index"),
  MT: optional(text, "meeting types that the host may use"),
  MW: optional(text, "kind of My WebEx"),
  PL: optional(text, "link to partner sites"),
  PT: optional(text, "portal"),
  LA: optional(text, "administrator of labs"),
  AC: optional(text, "computers for Access Anywhere"),
  AS: optional(text, "additional storage"),
  OC: optional(text, "One-Click meetings"),
  "TC#": optional(text, "tracking code", "schema", { most: 10 }),
  RP: optional(yesNo, "may edit recordings"),
  FL: optional(yesNo, "has a folder of files"),
  AB: optional(yesNo, "has contacts"),
  PF: optional(yesNo, "has a profile"),
  MM: optional(yesNo, "has My Meetings"),
  MR: optional(yesNo, "has end-user reports"),
  AA: optional(yesNo, "has Access Anywhere"),
  RC: optional(yesNo, "has recordings"),
  RE: optional(yesNo, "has event documents"),
  LB: optional(yesNo, "has a personal lobby"),
} as const;

/** What is told of a meeting when it is scheduled, changed or begun at once. */
const meetingOptions = {
  MN: optional(text, "name of the meeting"),
  MT: optional(text, "meeting type, by the site's number"),
  LF: optional(yesNo, "listed in the site's calendar; not listed if absent"),
  PW: optional({ kind: "secret", max: 16 }, "meeting password"),
  PR: optional(text, "whether the password has to meet the site's rules"),
  AR: optional(yesNo, "attendees have to register"),
  AQ: optional(yesNo, "registrations are accepted by themselves"),
  AI: optional(text, "what attendees are asked for when they register"),
  RPW: optional(secret, "training: registration password"),
  NR: optional(count, "training: most registrations"),
  RCY: optional(year, "training: registration closes, year"),
  RCM: optional(month, "training: registration closes, month"),
  RCD: optional(day, "training: registration closes, day"),
  TC: optional(text, "kind of teleconference"),
  IP: optional(text, "internet telephone; 1 has it"),
  TL: optional(count, "telephone lines"),
  TD: optional(text, "description of another teleconference"),
  TA: optional(text, "TSP account of the host, by its index"),
  ExcludePW: optional(yesNo, "the invitation leaves the password out"),
  RequestALogin: optional(yesNo, "attendees need an account"),
  APP: optional(yesNo, "a presentation plays by itself"),
  APPD: optional(text, "where that presentation is"),
  AJ: optional(yesNo, "attendees may join before the host"),
  AJMI: optional(count, "minutes by which they may"),
  NT: optional(yesNo, "notes can be taken"),
  NTOP: optional(text, "who takes them"),
  TZ: optional(text, "time zone, by the site's index"),
  DU: optional({ kind: "whole-number", min: 1 }, "length in minutes"),
  NA: optional(count, "number of attendees"),
  NP: optional(count, "training: number of presenters"),
  "TC#": optional(text, "tracking code", "schema", { most: 10 }),
  YE: optional(year, "begin: year"),
  MO: optional(month, "begin: month"),
  DA: optional(day, "begin: day"),
  HO: optional(hour, "begin: hour"),
  MI: optional(minute, "begin: minute"),
  NS: optional(count, "training: number of sessions"),
  UntilYE: optional(year, "repeats until: year"),
  UntilMO: optional(month, "repeats until: month"),
  UntilDA: optional(day, "repeats until: day"),
  TY: optional(text, "training: how it repeats"),
  RO: optional(text, "how it repeats"),
  Days: optional(text, "days on which it repeats"),
  Always: optional(yesNo, "repeats without end"),
  Email: optional(text, "e-mail address for the reminder"),
  ME: optional(text, "e-mail about the meeting"),
  BM: optional(yesNo, "a reminder is sent"),
  ReminderTime: optional(text, "when the reminder is sent"),
  MobileDN: optional(text, "mobile device for the reminder"),
  CM: optional(text, "payment: mode"),
  WI: optional(text, "payment: whether all its fields are given"),
  CT: optional(text, "payment: kind of card"),
  FN: optional(text, "payment: first name"),
  LN: optional(text, "payment: last name; training: name of the lab"),
  LA: optional(text, "training, payment: last name"),
  CN: optional(secret, "payment: card number"),
  EM: optional(text, "payment: month in which the card ends"),
  EY: optional(text, "payment: year in which the card ends"),
  ML: optional(text, "payment: e-mail address"),
  CP: optional(text, "payment: company"),
  SR: optional(text, "payment: street"),
  CI: optional(text, "payment: city"),
  ST: optional(text, "payment: state"),
  ZP: optional(text, "payment: postal code"),
  CY: optional(text, "payment: country code"),
  PO: optional(text, "payment: telephone"),
  LU: optional(text, "payment: kept for future use"),
  F4: optional(text, "payment: first four digits of the card"),
  L4: optional(text, "payment: last four digits of the card"),
  AG: optional({ kind: "text", max: 2_500 }, "agenda"),
  AF: optional(text, "what attendees may do"),
  MF: optional(text, "what the meeting has, such as the list of attendees; WebEx tells each site its value"),
  DS: optional(text, "training: description"),
  MD: optional(text, "description"),
  PM: optional(text, "message that is shown"),
  MG: optional(text, "greeting"),
  QK: optional(yesNo, "attendees are asked to try whether media play"),
  CE: optional(yesNo, "the host gets a confirmation by e-mail"),
  AutoDeleteAfterEnd: optional(yesNo, "is deleted when it has ended"),
  CO: optional(text, "telephone number to call out to"),
  HI: optional(text, "WebEx id of another host"),
  HL: optional(yesNo, "training: with a hands-on lab"),
  NC: optional(count, "training: number of computers of the lab"),
  VE: optional(text, "e-mail addresses for invitations"),
} as const;

/** What opens in the host's meeting by itself. */
function opening(source: Source) {
  return {
    AS: optional(text, "feature that begins by itself", source),
    AH: optional(text, "Windows handle of the application to share", source),
    AL: optional(text, "location of the application to share", source),
    AP: optional(text, "parameters of that application", source),
    DL: optional(text, "location of the document to share", source),
    WL: optional(text, "web page to share", source),
  } as const;
}

const cancelMail = optional(yesNo, "sends an e-mail about it");

/** Arguments that together are a date: year, month, day. */
export const dates = [
  ["YE", "MO", "DA"],
  ["UntilYE", "UntilMO", "UntilDA"],
  ["RCY", "RCM", "RCD"],
  ["YR", "MH", "DY"],
  ["StartYE", "StartMO", "StartDA"],
  ["EndYE", "EndMO", "EndDA"],
] as const;

/** Every command of the documents, by a name of ours. */
export const commands = {
  "activate-user": command("p", "AC", {
    does: "reactivates a host account",
    arguments: { ...account, ...token, ...back },
  }),
  "edit-user": command("p", "EU", {
    does: "changes a host account",
    arguments: {
      WID: account.WID,
      PW: needed(secret, "password of the account"),
      PID: account.PID,
      NFN: optional(text, "new first name"),
      NLN: optional(text, "new last name"),
      NEM: optional(text, "new e-mail address"),
      NPW: optional(secret, "new password"),
      NWID: optional(text, "new WebEx id"),
      ...userOptions,
      "CB#": optional(yesNo, "TSP account: is created on the bridge, too", "schema", { most: 3 }),
      "FI#": optional(text, "TSP account: toll-free call-in number", "schema", { most: 3 }),
      "TI#": optional(text, "TSP account: toll call-in number", "schema", { most: 3 }),
      "PA#": optional(secret, "TSP account: participant code", "schema", { most: 3 }),
      "SA#": optional(secret, "TSP account: subscriber code", "schema", { most: 3 }),
      ...token,
      ...back,
    },
  }),
  "deactivate-user": command("p", "IN", {
    does: "deactivates a host account",
    arguments: { ...account, ...token, ...back },
  }),
  "log-in": command(
    "p",
    "LI",
    {
      does: "logs a host in",
      logIn: "none",
      arguments: {
        WID: needed(text, "WebEx id of the host", "documented"),
        PW: optional(secret, "password; or a ticket instead"),
        TK: optional(secret, "ticket of the XML API; or a password instead"),
        PID: optional(secret, "partner id, given by WebEx"),
        EM: optional(text, "e-mail address"),
        SK: optional(secret, "session of the caller"),
        FN: optional(text, "first name"),
        LN: optional(text, "last name"),
        NPW: optional(secret, "new password"),
        MU: optional({ kind: "page-of-site" }, "where the host goes after log-in; GoBack is the back URL"),
        ...back,
      },
      oneOf: ["PW", "TK"],
    },
    {
      WID: optional(text, "WebEx id of the host"),
      CSRF: optional(text, "token for the commands of this log-in"),
    },
  ),
  "log-out": command("p", "LO", { does: "logs the host out", arguments: { ...token, ...back } }),
  "new-user": command("p", "SU", {
    does: "creates a host account",
    logIn: "server-to-server",
    arguments: {
      FN: needed(text, "first name"),
      LN: needed(text, "last name"),
      EM: needed(text, "e-mail address"),
      WID: needed(text, "WebEx id"),
      PW: needed(secret, "password"),
      PID: account.PID,
      ...userOptions,
      ForceChangeUserPwd: optional(yesNo, "the user has to change the password"),
      ...back,
    },
    note: "Its back URL does not tell whether the account was created: look the account up.",
  }),

  "add-attendees": command("m", "AA", {
    does: "adds attendees to a meeting and invites them by e-mail",
    arguments: {
      MK: needed(meetingKey, "meeting number"),
      EI: optional(yesNo, "sends invitations"),
      "FN#": optional(text, "full name"),
      "EA#": optional(text, "e-mail address"),
      "PhoneCountry#": optional(text, "telephone: country code"),
      "PhoneArea#": optional(text, "telephone: area code"),
      "PhoneLocal#": optional(text, "telephone: local number"),
      "PhoneExt#": optional(text, "telephone: extension"),
      "TimeZone#": optional(text, "time zone, by the site's index"),
      "Language#": optional(text, "language"),
      "Locale#": optional(text, "locale"),
      "AddToAddressBook#": optional(yesNo, "goes into the host's contacts, too"),
      ...token,
      ...back,
    },
  }),
  "add-presenter": command("m", "AP", {
    does: "adds a presenter to a training session",
    arguments: {
      MK: optional(meetingKey, "meeting number"),
      FN: needed(text, "full name"),
      EM: optional(text, "e-mail address"),
      EI: optional(yesNo, "sends an invitation"),
      PC: optional(text, "telephone: country code"),
      PA: optional(text, "telephone: area code"),
      PN: optional(text, "telephone: local number"),
      PE: optional(text, "telephone: extension"),
      ...token,
      ...back,
    },
  }),
  "assist-support-session": openCommand("m", "AS", {
    does: "joins a support session to assist",
    logIn: "none",
    arguments: back,
    note: "Needs the number of the support session; the name of that argument is not public.",
  }),
  "create-registration-form": openCommand("m", "CF", {
    does: "chooses the fields of a meeting's registration form",
    arguments: { ...token, ...back },
  }),
  "add-check-box": openCommand("m", "CFAC", {
    does: "adds a check box to a registration form",
    arguments: { ...token, ...back },
  }),
  "add-drop-down-list": openCommand("m", "CFAD", {
    does: "adds a drop-down list to a registration form",
    arguments: { ...token, ...back },
  }),
  "add-radio-button": openCommand("m", "CFAR", {
    does: "adds a radio button to a registration form",
    arguments: { ...token, ...back },
  }),
  "add-text-box": openCommand("m", "CFAT", {
    does: "adds a text box to a registration form",
    arguments: { ...token, ...back },
  }),
  "create-recorded-session": command("m", "CR", {
    does: "lists a recorded training session for viewing",
    arguments: {
      RT: needed(text, "topic of the recording"),
      UL: optional(text, "address of the recording"),
      AG: optional(text, "agenda"),
      AR: optional(text, "viewers have to register"),
      DstURL: optional(text, "page after the recording"),
      DS: optional(text, "description"),
      EM: optional(text, "e-mail address"),
      HR: optional(count, "length: hours"),
      MI: optional(minute, "length: minutes"),
      MH: optional(month, "recorded in the month"),
      DY: optional(day, "recorded on the day"),
      YR: optional(year, "recorded in the year"),
      PT: optional(text, "presenter"),
      PW: optional(secret, "password of the recording"),
      SZ: optional(text, "size of the file"),
      TP: optional(text, "kind of recording"),
      VD: optional(text, "whether it is viewed or downloaded"),
      ...token,
      ...back,
    },
  }),
  "delete-attendee": command("m", "DA", {
    does: "removes an attendee from a meeting of the host",
    arguments: {
      MK: needed(meetingKey, "meeting number"),
      EM: needed(text, "e-mail address of the attendee"),
      EC: cancelMail,
      ...token,
      ...back,
    },
  }),
  "delete-event": openCommand("m", "DE", { does: "deletes an event", arguments: { ...token, ...back } }),
  "delete-meeting": command("m", "DM", {
    does: "deletes a meeting of the host",
    arguments: { MK: needed(meetingKey, "meeting number"), SM: cancelMail, ...token, ...back },
  }),
  "delete-presenter": command("m", "DP", {
    does: "removes a presenter from a training session",
    arguments: {
      MK: optional(meetingKey, "meeting number"),
      FN: optional(text, "full name"),
      EM: optional(text, "e-mail address"),
      EC: cancelMail,
      ...token,
      ...back,
    },
  }),
  "edit-event": openCommand("m", "EE", { does: "changes an event", arguments: { ...token, ...back } }),
  "edit-meeting": command("m", "EM", {
    does: "changes a meeting of the host",
    arguments: { MK: needed(meetingKey, "meeting number"), ...meetingOptions, ...token, ...back },
  }),
  "enrol-in-event": openCommand("m", "EN", {
    does: "enrols an attendee in an event",
    arguments: { ...token, ...back },
  }),
  "get-registration-form": command("m", "GF", {
    does: "tells which fields a meeting's registration form has",
    arguments: { MK: needed(meetingKey, "meeting number"), ...token, ...back },
  }),
  "host-meeting": command("m", "HM", {
    does: "starts a scheduled meeting of the host",
    arguments: {
      MK: needed(meetingKey, "meeting number", "documented"),
      ...opening("documented"),
      ...token,
      ...back,
    },
    note: "Public callers see the back URL when the meeting is over.",
  }),
  "host-support-session": openCommand("m", "HS", {
    does: "starts a scheduled support session of the host",
    arguments: { ...token, ...back },
  }),
  "impromptu-meeting": command("m", "IM", {
    does: "sets a meeting up and starts it at once",
    arguments: { ...meetingOptions, ...opening("schema"), ...token, ...back },
    note: "Its back URL has no meeting number: schedule-meeting, and then host-meeting, is the way to one.",
  }),
  "join-event": openCommand("m", "JE", {
    does: "joins an event as an attendee",
    logIn: "none",
    arguments: { MK: needed(meetingKey, "event number", "documented"), ...back },
  }),
  "join-meeting": command("m", "JM", {
    does: "joins a meeting as an attendee",
    logIn: "none",
    arguments: {
      MK: needed(meetingKey, "meeting number", "documented"),
      AN: optional(text, "name of the attendee"),
      AE: optional(text, "e-mail address of the attendee"),
      CO: optional(text, "telephone number of the attendee"),
      PW: optional({ kind: "secret", max: 16 }, "meeting password"),
      RID: optional(text, "registration id"),
      ...back,
    },
  }),
  "join-support-session": openCommand("m", "JS", {
    does: "joins a support session as a customer",
    logIn: "none",
    arguments: back,
    note: "Needs the number of the support session; the name of that argument is not public.",
  }),
  "list-meetings": command("m", "LM", {
    does: "lists the host's scheduled meetings",
    arguments: { ...token, ...back },
  }),
  "mail-registrations": command("m", "MD", {
    does: "mails the host what attendees told when they registered",
    arguments: {
      MK: needed(meetingKey, "meeting number"),
      EM: needed(text, "e-mail address"),
      ...token,
      ...back,
    },
    note: "The overview calls it Send Meeting Defaults, and describes it as above.",
  }),
  "list-open-meetings": command("m", "OM", {
    does: "lists the meetings in progress on the whole site",
    logIn: "server-to-server",
    arguments: { servicename: optional(text, "service, such as TC"), ...back },
    answer: "open-meetings",
  }),
  "list-recorded-events": openCommand("m", "PR", {
    does: "lists recorded events for an attendee",
    arguments: { ...token, ...back },
  }),
  "register-for-meeting": command("m", "RM", {
    does: "registers an attendee for a meeting",
    arguments: {
      MK: needed(meetingKey, "meeting number"),
      FN: needed(text, "first name"),
      LN: needed(text, "last name"),
      EM: needed(text, "e-mail address"),
      JT: needed(text, "job title"),
      CY: needed(text, "company"),
      E1: optional(text, "first line of the address"),
      E2: optional(text, "second line of the address"),
      CT: optional(text, "city"),
      SA: optional(text, "state"),
      ZP: optional(text, "postal code"),
      CI: optional(text, "country"),
      PH: optional(text, "telephone"),
      FX: optional(text, "fax"),
      "name#": optional(text, "name of a field of one's own", "schema", { most: 15 }),
      "value#": optional(text, "value of that field", "schema", { most: 15 }),
      "TX#": optional(text, "contents of a text box"),
      "CB#": optional(text, "contents of a check box"),
      "RB#": optional(text, "contents of a radio button"),
      "DL#": optional(text, "selection of a drop-down list"),
      ...token,
      ...back,
    },
  }),
  "report-attendee": openCommand("m", "RPAD", {
    does: "reports the events that an attendee joined",
    arguments: { ...token, ...back },
  }),
  "report-enrolment": openCommand("m", "RPEA", {
    does: "reports who enrolled in an event and who attended",
    arguments: { ...token, ...back },
  }),
  "report-playback": openCommand("m", "RPRP", {
    does: "reports who downloaded an event's recording",
    arguments: { ...token, ...back },
  }),
  "schedule-event": openCommand("m", "SE", { does: "schedules an event", arguments: { ...token, ...back } }),
  "schedule-support-session": openCommand("m", "SK", {
    does: "schedules a support session",
    arguments: { ...token, ...back },
  }),
  "schedule-meeting": command(
    "m",
    "SM",
    { does: "schedules a meeting", arguments: { ...meetingOptions, ...token, ...back } },
    { MK: needed(meetingKey, "number of the new meeting") },
  ),
  "start-support-session": openCommand("m", "SS", {
    does: "starts a support session at once",
    arguments: { ...token, ...back },
  }),
  "start-event": openCommand("m", "TE", { does: "starts a scheduled event", arguments: { ...token, ...back } }),

  "add-contacts": openCommand("o", "AA", {
    does: "adds to the user's contacts",
    arguments: { ...token, ...back },
  }),
  "delete-contact": openCommand("o", "DA", {
    does: "removes one of the user's contacts",
    arguments: { ...token, ...back },
  }),
  "download-file": command("o", "DF", {
    does: "downloads one of the user's files",
    arguments: { FN: needed(text, "name of the file"), ...token, ...back },
    note: "The overview calls it Delete a File, and describes a download.",
  }),
  "edit-contact": openCommand("o", "EA", {
    does: "changes one of the user's contacts",
    arguments: { ...token, ...back },
  }),
  "find-contacts": openCommand("o", "FA", {
    does: "searches the user's contacts",
    arguments: { ...token, ...back },
  }),
  "list-files": command("o", "LF", {
    does: "lists the user's files",
    arguments: { CD: optional(text, "directory"), ...token, ...back },
  }),
  "user-profile": openCommand("o", "MO", {
    does: "changes the user's profile",
    arguments: { ...token, ...back },
  }),
  "end-user-report": openCommand("o", "QR", {
    does: "lists training sessions by date and topic",
    arguments: {
      StartYE: optional(year, "from: year"),
      StartMO: optional(month, "from: month"),
      StartDA: optional(day, "from: day"),
      EndYE: optional(year, "to: year"),
      EndMO: optional(month, "to: month"),
      EndDA: optional(day, "to: day"),
      TC: optional(text, "topic"),
      SB: optional(text, "what the list is sorted by"),
      ...token,
      ...back,
    },
    note: "Needs the kind of report; the name of that argument is not public.",
  }),
  "set-service-type": command("o", "ST", {
    does: "chooses the service that the user works with",
    // Every public caller gives it.
    arguments: { SP: needed(text, "service, such as MC (meetings) or TC (training)"), ...token, ...back },
  }),

  "check-lab-availability": openCommand("h", "CA", {
    does: "tells which computers of a lab are free",
    arguments: { ...token, ...back },
  }),
  "lab-details": openCommand("h", "LD", { does: "describes a lab", arguments: { ...token, ...back } }),
  "list-labs": openCommand("h", "LL", { does: "lists the site's labs", arguments: { ...token, ...back } }),
  "lab-schedule": openCommand("h", "LS", {
    does: "lists the reservations of a lab",
    arguments: { ...token, ...back },
  }),

  "disconnect-computer": openCommand("c", "DC", {
    does: "disconnects from a remote computer",
    arguments: { ...token, ...back },
  }),
  "connect-computer": openCommand("c", "RA", {
    does: "connects to a remote computer of the user",
    arguments: { ...token, ...back },
  }),
  "remove-computer": openCommand("c", "RC", {
    does: "removes remote computers from the site's list",
    arguments: { ...token, ...back },
  }),
  "list-computers": openCommand("c", "RL", {
    does: "lists the user's remote computers",
    arguments: { ...token, ...back },
  }),
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof commands;

/** What a command is given. A command whose arguments are not public takes any others, as text or number. */
export type ArgumentsOf<Name extends CommandName> = ValuesOf<(typeof commands)[Name]["arguments"]> &
  ((typeof commands)[Name]["others"] extends "as-given"
    ? { readonly [name: string]: string | number | undefined }
    : unknown);

/** What the back URL of a command brings if it succeeds. */
export type DataOf<Name extends CommandName> = ValuesOf<(typeof commands)[Name]["returns"]>;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** The command of a page and a code, such as `m` and `SM`. */
export function commandAt(page: string, at: string): CommandName | undefined {
  return commandNames.find((name) => commands[name].page === page && commands[name].at === at);
}

export const commandNames = Object.keys(commands) as readonly CommandName[];

/** `never`: no argument is a secret. `with-a-secret`: as soon as one is given. `always`: without one it cannot be sent. */
export type FormNeed = "never" | "with-a-secret" | "always";

/** Whether a command has to be sent as a form, since no link carries a password. */
export function formNeed(name: CommandName): FormNeed {
  const { arguments: table, oneOf }: Command = commands[name];
  const isSecret = (entry: string) => table[entry]?.kind.kind === "secret";
  const secrets = Object.keys(table).filter(isSecret);
  if (secrets.length === 0) return "never";
  const always = secrets.some((entry) => table[entry]?.need === "required");
  return always || (oneOf.length > 0 && oneOf.every(isSecret)) ? "always" : "with-a-secret";
}

/** Whether an argument's value is one that no link and no log shows; by its name where the command's table does not have it. */
export function isSecretArgument(name: CommandName | undefined, argument: string): boolean {
  const known = name === undefined ? undefined : entryFor(commands[name].arguments, argument);
  return known ? known.argument.kind.kind === "secret" : isSecretName(argument);
}
