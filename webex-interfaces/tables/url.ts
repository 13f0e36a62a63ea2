import type { WordsOf } from "./schema.ts";

/** The form of an argument's value. Limits that the documents leave open are not checked here. */
export interface Argument {
  /** `key`: a meeting number. `flag`: `1` and `0`. `back`: the back URL. `page`: `GoBack`, or a page of the site. */
  readonly is: "text" | "secret" | "whole" | "flag" | "key" | "back" | "page";
  readonly means: string;
  readonly min?: number;
  readonly max?: number;
  /** Path of the same field in a request of the XML API. */
  readonly to?: string;
  readonly need?: true;
  /** Last number of a numbered argument; `TC#` stands for TC1, TC2 and so on. */
  readonly last?: number;
}

type More = Omit<Argument, "is" | "means">;
const kind =
  <const K extends Argument["is"]>(is: K, usual: More = {}) =>
  (means: string, more: More = {}): Argument & { readonly is: K } => ({ is, means, ...usual, ...more });
const text = kind("text");
const secret = kind("secret");
const whole = kind("whole", { min: 0 });
const flag = kind("flag");
const key = kind("key");
const page = kind("page");
const years = { min: 1, max: 9_999 };
const months = { min: 1, max: 12 };
const days = { min: 1, max: 31 };
const minutes = { min: 0, max: 59 };

/** Meaning of each argument's code, unless its command overrides it. */
const args = {
  WID: text("WebEx id of the host"),
  PID: secret("partner id, given by WebEx"),
  PW: secret("meeting password", { max: 16 }),
  NFN: text("new first name", { to: "firstName" }),
  NLN: text("new last name", { to: "lastName" }),
  NEM: text("new e-mail address", { to: "email" }),
  NPW: secret("new password", { to: "password" }),
  NWID: text("new WebEx id", { to: "newWebExId" }),
  Address1: text("first line of the address", { to: "address.address1" }),
  Address2: text("second line of the address", { to: "address.address2" }),
  City: text("city", { to: "address.city" }),
  State: text("state", { to: "address.state" }),
  ZipCode: text("postal code", { to: "address.zipCode" }),
  Country: text("country", { to: "address.country" }),
  OPhoneCountry: text("office telephone: country code"),
  OPhoneArea: text("office telephone: area code"),
  OPhoneLocal: text("office telephone: local number"),
  OPhoneExt: text("office telephone: extension"),
  FPhoneCountry: text("fax: country code"),
  FPhoneArea: text("fax: area code"),
  FPhoneLocal: text("fax: local number"),
  FPhoneExt: text("fax: extension"),
  TimeZone: text("time zone, by the site's index", { to: "timeZoneID" }),
  MT: text("meeting type, by the site's number"),
  MW: text("kind of My WebEx"),
  PL: text("link to partner sites"),
  PT: text("portal"),
  LA: text("training, payment: last name"),
  AC: text("computers for Access Anywhere"),
  AS: text("additional storage"),
  OC: text("One-Click meetings"),
  "TC#": text("tracking code", { to: "tracking.trackingCode#" }),
  RP: flag("may edit recordings"),
  FL: flag("has a folder of files"),
  AB: flag("has contacts"),
  PF: flag("has a profile"),
  MM: flag("has My Meetings"),
  MR: flag("has end-user reports"),
  AA: flag("has Access Anywhere"),
  RC: flag("has recordings"),
  RE: flag("has event documents"),
  LB: flag("has a personal lobby"),
  "CB#": flag("TSP account: is created on the bridge, too"),
  "FI#": text("TSP account: toll-free call-in number"),
  "TI#": text("TSP account: toll call-in number"),
  "PA#": secret("TSP account: participant code"),
  "SA#": secret("TSP account: subscriber code"),
  TK: secret("ticket of the XML API; or a password instead"),
  EM: text("e-mail address"),
  SK: secret("session of the caller"),
  FN: text("first name"),
  LN: text("last name"),
  MU: page("where the host goes after log-in; GoBack is the back URL"),
  ForceChangeUserPwd: flag("the user has to change the password"),
  MK: key("meeting number"),
  EI: flag("sends invitations"),
  "FN#": text("full name"),
  "EA#": text("e-mail address"),
  "PhoneCountry#": text("telephone: country code"),
  "PhoneArea#": text("telephone: area code"),
  "PhoneLocal#": text("telephone: local number"),
  "PhoneExt#": text("telephone: extension"),
  "TimeZone#": text("time zone, by the site's index"),
  "Language#": text("language"),
  "Locale#": text("locale"),
  "AddToAddressBook#": flag("goes into the host's contacts, too"),
  PC: text("telephone: country code"),
  PA: text("telephone: area code"),
  PN: text("telephone: local number"),
  PE: text("telephone: extension"),
  RT: text("topic of the recording"),
  UL: text("address of the recording"),
  AG: text("agenda", { max: 2500, to: "metaData.agenda" }),
  AR: flag("attendees have to register", { to: "attendeeOptions.registration" }),
  DstURL: text("page after the recording"),
  DS: text("training: description"),
  HR: whole("length: hours"),
  MI: whole("begin: minute", minutes),
  MH: whole("recorded in the month", months),
  DY: whole("recorded on the day", days),
  YR: whole("recorded in the year", years),
  SZ: text("size of the file"),
  TP: text("kind of recording"),
  VD: text("view or download"),
  EC: flag("sends an e-mail about it"),
  SM: flag("sends an e-mail about it"),
  MN: text("name of the meeting"),
  LF: flag("listed in the site's calendar; not listed if absent"),
  PR: text("checks the password by the site's rules"),
  AQ: flag("registrations are accepted by themselves", { to: "attendeeOptions.auto" }),
  AI: text("what attendees are asked for when they register"),
  RPW: secret("training: registration password"),
  NR: whole("training: most registrations"),
  RCY: whole("training: registration closes, year", years),
  RCM: whole("training: registration closes, month", months),
  RCD: whole("training: registration closes, day", days),
  TC: text("kind of teleconference"),
  IP: text("internet telephone; 1 has it"),
  TL: whole("telephone lines", { to: "telephony.numPhoneLines" }),
  TD: text("description of another teleconference", { to: "telephony.extTelephonyDescription" }),
  TA: text("TSP account of the host, by its index"),
  ExcludePW: flag("the invitation leaves the password out", { to: "attendeeOptions.excludePassword" }),
  RequestALogin: flag("attendees need an account", { to: "attendeeOptions.joinRequiresAccount" }),
  APP: flag("a presentation plays by itself"),
  APPD: text("where that presentation is"),
  AJ: flag("attendees may join before the host", { to: "schedule.joinTeleconfBeforeHost" }),
  AJMI: whole("minutes by which they may"),
  NT: flag("notes can be taken"),
  NTOP: text("user who takes notes"),
  TZ: text("time zone, by the site's index", { to: "schedule.timeZoneID" }),
  DU: whole("length in minutes", { min: 1, to: "schedule.duration" }),
  NA: whole("number of attendees", { to: "participants.maxUserNumber" }),
  NP: whole("training: number of presenters"),
  YE: whole("begin: year", years),
  MO: whole("begin: month", months),
  DA: whole("begin: day", days),
  HO: whole("begin: hour", { min: 0, max: 23 }),
  NS: whole("training: number of sessions"),
  UntilYE: whole("repeats until: year", years),
  UntilMO: whole("repeats until: month", months),
  UntilDA: whole("repeats until: day", days),
  TY: text("training: how it repeats"),
  RO: text("how it repeats"),
  Days: text("days on which it repeats"),
  Always: flag("repeats without end"),
  Email: text("e-mail address for the reminder"),
  ME: text("e-mail about the meeting"),
  BM: flag("a reminder is sent"),
  ReminderTime: text("when the reminder is sent"),
  MobileDN: text("mobile device for the reminder"),
  CM: text("payment: mode"),
  WI: text("payment: all its fields are present"),
  CT: text("payment: kind of card"),
  CN: secret("payment: card number"),
  EY: text("payment: year in which the card ends"),
  ML: text("payment: e-mail address"),
  CP: text("payment: company"),
  SR: text("payment: street"),
  CI: text("payment: city"),
  ST: text("payment: state"),
  ZP: text("payment: postal code"),
  CY: text("payment: country code"),
  PO: text("payment: telephone"),
  LU: text("payment: kept for future use"),
  F4: text("payment: first four digits of the card"),
  L4: text("payment: last four digits of the card"),
  AF: text("what attendees may do"),
  MF: text("features of the meeting, such as the list of attendees; WebEx gives each site its value"),
  MD: text("description"),
  PM: text("message that is shown"),
  MG: text("greeting", { to: "metaData.greeting" }),
  QK: flag("attendees are asked to test media playback"),
  CE: flag("the host gets a confirmation by e-mail"),
  AutoDeleteAfterEnd: flag("is deleted when it has ended", { to: "enableOptions.autoDeleteAfterMeetingEnd" }),
  CO: text("telephone number to call out to"),
  HI: text("WebEx id of another host"),
  HL: flag("training: with a hands-on lab"),
  NC: whole("training: number of computers of the lab"),
  VE: text("e-mail addresses for invitations"),
  AH: text("Windows handle of the application to share"),
  AL: text("location of the application to share"),
  AP: text("parameters of that application"),
  DL: text("location of the document to share"),
  WL: text("web page to share"),
  AN: text("name of the attendee"),
  AE: text("e-mail address of the attendee"),
  RID: text("registration id"),
  servicename: text("service, such as TC"),
  JT: text("job title"),
  E1: text("first line of the address"),
  E2: text("second line of the address"),
  SA: text("state"),
  PH: text("telephone"),
  FX: text("fax"),
  "name#": text("name of a field of one's own"),
  "value#": text("value of that field"),
  "TX#": text("contents of a text box"),
  "RB#": text("contents of a radio button"),
  "DL#": text("selection of a drop-down list"),
  CD: text("directory"),
  StartYE: whole("from: year", years),
  StartMO: whole("from: month", months),
  StartDA: whole("from: day", days),
  EndYE: whole("to: year", years),
  EndMO: whole("to: month", months),
  EndDA: whole("to: day", days),
  SB: text("what the list is sorted by"),
  SP: text("service, such as MC (meetings) or TC (training)"),
} satisfies Readonly<Record<string, Argument>>;

/** Pages of a site that serve the URL API. */
export const pages = { p: "p.php", m: "m.php", o: "o.php", h: "h.php", c: "c.php" } as const;

export type Page = keyof typeof pages;

/** A command of the URL API. */
export interface Command {
  readonly page: Page;
  /** Code in `AT`, unique only within its page. */
  readonly at: string;
  readonly does: string;
  /** `server-to-server`: WebEx identifies the server by an agreement, not by a user's log-in. */
  readonly logIn: "none" | "needed" | "server-to-server";
  readonly args: Readonly<Record<string, Argument>>;
  /** True if no public document lists all arguments, so others pass unchecked. */
  readonly isOpen: boolean;
  /** Exactly one of these is required. */
  readonly oneOf: readonly string[];
  /** Data in the back URL after a success; `!` marks those that are always present. */
  readonly back: readonly string[];
  /** True if it answers with a document instead of the back URL. */
  readonly isDocument: boolean;
  readonly note: string;
}

const usual = { logIn: "needed", isOpen: false, oneOf: [], back: [], isDocument: false, note: "" } as const;

type Given = Partial<Pick<Command, keyof typeof usual>> & {
  /** `!` after a code: required. A number after `#`: the last number. */
  readonly args?: string | readonly string[];
  readonly but?: Readonly<Record<string, Argument>>;
};

function command<const G extends Given>(page: Page, at: string, does: string, given: G) {
  const command: Command = { ...usual, ...(given as Given), page, at, does, args: argumentsOf(given) };
  return { ...command, given };
}

/** Makes a command whose arguments are not public. */
function open(page: Page, at: string, does: string) {
  return command(page, at, does, { isOpen: true });
}

function argumentsOf({ logIn, args: codes = [], but = {} }: Given): Command["args"] {
  const meanings: Readonly<Record<string, Argument>> = { ...args, ...but };
  const words = [codes].flat().join(" ").split(" ");
  const named = words.flatMap((word): [string, Argument][] => {
    const [, code = "", last, need] = /^(\w+?#|\w+)(\d*)(!?)$/.exec(word) ?? [];
    const argument = meanings[code];
    if (argument === undefined) return [];
    return [[code, { ...argument, ...(need && { need: true }), ...(last && { last: Number(last) }) }]];
  });
  const token = logIn === undefined ? [["CSRF", text("token in the back URL of the log-in")] as const] : [];
  return Object.fromEntries([...named, ...token, ["BU", { is: "back", means: "back URL; the home page if absent" }]]);
}

/** Arguments of an account. */
const account = [
  "Address1 Address2 City State ZipCode Country OPhoneCountry OPhoneArea OPhoneLocal OPhoneExt",
  "FPhoneCountry FPhoneArea FPhoneLocal FPhoneExt TimeZone MT MW PL PT LA AC AS OC TC#10 RP FL AB PF MM",
  "MR AA RC RE LB",
] as const;
/** Arguments of a meeting that is scheduled, changed or started at once. */
const scheduling = [
  "MN MT LF PW PR AR AQ AI RPW NR RCY RCM RCD TC IP TL TD TA ExcludePW RequestALogin APP APPD AJ AJMI NT",
  "NTOP TZ DU NA NP TC#10 YE MO DA HO MI NS UntilYE UntilMO UntilDA TY RO Days Always Email ME BM",
  "ReminderTime MobileDN CM WI CT FN LN LA CN EM EY ML CP SR CI ST ZP CY PO LU F4 L4 AG AF MF DS MD PM",
  "MG QK CE AutoDeleteAfterEnd CO HI HL NC VE",
] as const;
const payment = {
  FN: text("payment: first name"),
  LN: text("payment: last name; training: name of the lab"),
  EM: text("payment: month in which the card ends"),
};

/** Arguments that form a date: year, month, day. */
export const dates = [
  ["YE", "MO", "DA"],
  ["UntilYE", "UntilMO", "UntilDA"],
  ["RCY", "RCM", "RCD"],
  ["YR", "MH", "DY"],
  ["StartYE", "StartMO", "StartDA"],
  ["EndYE", "EndMO", "EndDA"],
] as const;

/** All documented commands, by the client's own names. */
const named = {
  "activate-user": command("p", "AC", "reactivates a host account", { args: "WID! PID!" }),
  "edit-user": command("p", "EU", "changes a host account", {
    args: ["WID! PW! PID! NFN NLN NEM NPW NWID", ...account, "CB#3 FI#3 TI#3 PA#3 SA#3"],
    but: {
      PW: secret("password of the account"),
      MT: text("meeting types that the host may use"),
      LA: text("administrator of labs"),
    },
  }),
  "deactivate-user": command("p", "IN", "deactivates a host account", { args: "WID! PID!" }),
  "log-in": command("p", "LI", "logs a host in", {
    logIn: "none",
    args: "WID! PW TK PID EM SK FN LN NPW MU",
    oneOf: ["PW", "TK"],
    but: { PW: secret("password; or a ticket instead") },
    back: ["WID", "CSRF"],
  }),
  "log-out": command("p", "LO", "logs the host out", {}),
  "new-user": command("p", "SU", "creates a host account", {
    logIn: "server-to-server",
    args: ["FN! LN! EM! WID! PW! PID!", ...account, "ForceChangeUserPwd"],
    but: {
      WID: text("WebEx id"),
      PW: secret("password"),
      MT: text("meeting types that the host may use"),
      LA: text("administrator of labs"),
    },
    note: "Its back URL does not show if the account was created. Check the account.",
  }),
  "add-attendees": command("m", "AA", "adds attendees to a meeting and invites them by e-mail", {
    args: "MK! EI FN# EA# PhoneCountry# PhoneArea# PhoneLocal# PhoneExt# TimeZone# Language# Locale# AddToAddressBook#",
  }),
  "add-presenter": command("m", "AP", "adds a presenter to a training session", {
    args: "MK FN! EM EI PC PA PN PE",
    but: { FN: text("full name"), EI: flag("sends an invitation") },
  }),
  "assist-support-session": command("m", "AS", "joins a support session to assist", {
    logIn: "none",
    isOpen: true,
    note: "Requires the number of the support session. The name of that argument is not public.",
  }),
  "create-registration-form": open("m", "CF", "chooses the fields of a meeting's registration form"),
  "add-check-box": open("m", "CFAC", "adds a check box to a registration form"),
  "add-drop-down-list": open("m", "CFAD", "adds a drop-down list to a registration form"),
  "add-radio-button": open("m", "CFAR", "adds a radio button to a registration form"),
  "add-text-box": open("m", "CFAT", "adds a text box to a registration form"),
  "create-recorded-session": command("m", "CR", "lists a recorded training session for viewing", {
    args: "RT! UL AG AR DstURL DS EM HR MI MH DY YR PT PW SZ TP VD",
    but: {
      AG: text("agenda"),
      AR: text("viewers have to register"),
      DS: text("description"),
      MI: whole("length: minutes", minutes),
      PT: text("presenter"),
      PW: secret("password of the recording"),
    },
  }),
  "delete-attendee": command("m", "DA", "removes an attendee from a meeting of the host", {
    args: "MK! EM! EC",
    but: { EM: text("e-mail address of the attendee") },
  }),
  "delete-event": open("m", "DE", "deletes an event"),
  "delete-meeting": command("m", "DM", "deletes a meeting of the host", { args: "MK! SM" }),
  "delete-presenter": command("m", "DP", "removes a presenter from a training session", {
    args: "MK FN EM EC",
    but: { FN: text("full name") },
  }),
  "edit-event": open("m", "EE", "changes an event"),
  "edit-meeting": command("m", "EM", "changes a meeting of the host", { args: ["MK!", ...scheduling], but: payment }),
  "enrol-in-event": open("m", "EN", "enrols an attendee in an event"),
  "get-registration-form": command("m", "GF", "shows the fields of a meeting's registration form", { args: "MK!" }),
  "host-meeting": command("m", "HM", "starts a scheduled meeting of the host", {
    args: "MK! AS AH AL AP DL WL",
    but: { AS: text("feature that begins by itself") },
    note: "Sends the browser to the back URL after the meeting.",
  }),
  "host-support-session": open("m", "HS", "starts a scheduled support session of the host"),
  "impromptu-meeting": command("m", "IM", "sets a meeting up and starts it at once", {
    args: [...scheduling, "AS AH AL AP DL WL"],
    but: { ...payment, AS: text("feature that begins by itself") },
    note: "Its back URL has no meeting number. To get one, use schedule-meeting, then host-meeting.",
  }),
  "join-event": command("m", "JE", "joins an event as an attendee", {
    logIn: "none",
    args: "MK!",
    isOpen: true,
    but: { MK: key("event number") },
  }),
  "join-meeting": command("m", "JM", "joins a meeting as an attendee", {
    logIn: "none",
    args: "MK! AN AE CO PW RID",
    but: { CO: text("telephone number of the attendee") },
  }),
  "join-support-session": command("m", "JS", "joins a support session as a customer", {
    logIn: "none",
    isOpen: true,
    note: "Requires the number of the support session. The name of that argument is not public.",
  }),
  "list-meetings": command("m", "LM", "lists the host's scheduled meetings", {}),
  "mail-registrations": command("m", "MD", "mails the host the registration data of attendees", {
    args: "MK! EM!",
    note: "The overview calls it Send Meeting Defaults, and describes it as above.",
  }),
  "list-open-meetings": command("m", "OM", "lists the meetings in progress on the whole site", {
    logIn: "server-to-server",
    args: "servicename",
    isDocument: true,
  }),
  "list-recorded-events": open("m", "PR", "lists recorded events for an attendee"),
  "register-for-meeting": command("m", "RM", "registers an attendee for a meeting", {
    args: "MK! FN! LN! EM! JT! CY! E1 E2 CT SA ZP CI PH FX name#15 value#15 TX# CB# RB# DL#",
    but: {
      CY: text("company"),
      CT: text("city"),
      ZP: text("postal code"),
      CI: text("country"),
      "CB#": text("contents of a check box"),
    },
  }),
  "report-attendee": open("m", "RPAD", "reports the events that an attendee joined"),
  "report-enrolment": open("m", "RPEA", "reports who enrolled in an event and who attended"),
  "report-playback": open("m", "RPRP", "reports who downloaded an event's recording"),
  "schedule-event": open("m", "SE", "schedules an event"),
  "schedule-support-session": open("m", "SK", "schedules a support session"),
  "schedule-meeting": command("m", "SM", "schedules a meeting", { args: scheduling, but: payment, back: ["MK!"] }),
  "start-support-session": open("m", "SS", "starts a support session at once"),
  "start-event": open("m", "TE", "starts a scheduled event"),
  "add-contacts": open("o", "AA", "adds to the user's contacts"),
  "delete-contact": open("o", "DA", "removes one of the user's contacts"),
  "download-file": command("o", "DF", "downloads one of the user's files", {
    args: "FN!",
    but: { FN: text("name of the file") },
    note: "The overview calls it Delete a File, and describes a download.",
  }),
  "edit-contact": open("o", "EA", "changes one of the user's contacts"),
  "find-contacts": open("o", "FA", "searches the user's contacts"),
  "list-files": command("o", "LF", "lists the user's files", { args: "CD" }),
  "user-profile": open("o", "MO", "changes the user's profile"),
  "end-user-report": command("o", "QR", "lists training sessions by date and topic", {
    args: "StartYE StartMO StartDA EndYE EndMO EndDA TC SB",
    isOpen: true,
    but: { TC: text("topic") },
    note: "Requires the kind of report. The name of that argument is not public.",
  }),
  "set-service-type": command("o", "ST", "chooses the service that the user works with", { args: "SP!" }),
  "check-lab-availability": open("h", "CA", "shows the free computers of a lab"),
  "lab-details": open("h", "LD", "describes a lab"),
  "list-labs": open("h", "LL", "lists the site's labs"),
  "lab-schedule": open("h", "LS", "lists the reservations of a lab"),
  "disconnect-computer": open("c", "DC", "disconnects from a remote computer"),
  "connect-computer": open("c", "RA", "connects to a remote computer of the user"),
  "remove-computer": open("c", "RC", "removes remote computers from the site's list"),
  "list-computers": open("c", "RL", "lists the user's remote computers"),
};

export type CommandName = keyof typeof named;

export const commands: Readonly<Record<CommandName, Command>> = named;

type WordIn<A> = WordsOf<A extends string ? [A] : A extends readonly string[] ? A : []>;
type Word<G> = G extends { args: infer A } ? WordIn<A> : never;
type NeededWord<G> = Extract<Word<G>, `${string}!`>;
type NameOf<W> = W extends `${infer C}#${string}` ? `${C}${number}` : W extends `${infer C}!` ? C : W;
type EntryOf<W> = W extends `${infer C}#${string}` ? `${C}#` : NameOf<W>;
type Meanings<G> = G extends { but: infer B } ? B & Omit<typeof args, keyof B> : typeof args;
type Values = { whole: number; flag: boolean; key: string | number };
type ValueOf<A> = A extends { is: infer I } ? (I extends keyof Values ? Values[I] : string) : never;
type Value<G, W> = ValueOf<Meanings<G>[EntryOf<W> & keyof Meanings<G>]>;
type Others<G> = G extends { isOpen: true } ? Readonly<Record<string, string | number | boolean>> : unknown;

/** Values of a command's arguments. */
export type ArgumentsOf<N extends CommandName> = (typeof named)[N] extends { given: infer G }
  ? { readonly [W in NeededWord<G> as NameOf<W> & string]: Value<G, W> } & {
      readonly [W in Exclude<Word<G>, NeededWord<G>> as NameOf<W> & string]?: Value<G, W>;
    } & { readonly CSRF?: string; readonly BU?: string } & Others<G>
  : never;

/** Finds a command by page and code, such as `m` and `SM`. */
export function commandAt(page: string, at: string): CommandName | undefined {
  return (Object.keys(named) as CommandName[]).find((name) => named[name].page === page && named[name].at === at);
}

/** Finds the table's entry for an argument, such as `TC#` for TC2. */
export function argumentOf(
  { args }: Command,
  name: string,
): { readonly entry: string; readonly argument: Argument } | undefined {
  const [, code, number] = /^([A-Za-z]+)([1-9]\d{0,3})$/.exec(name) ?? [];
  const isWhole = !name.endsWith("#") && Object.hasOwn(args, name);
  const entry = isWhole ? name : `${code}#`;
  const argument = Object.hasOwn(args, entry) ? args[entry] : undefined;
  const isIn = isWhole || Number(number) <= (argument?.last ?? Number.POSITIVE_INFINITY);
  return argument && isIn ? { entry, argument } : undefined;
}

/** Reasons (RS) of a failed command, with their meanings. */
export const reasons = {
  AccessDenied: "not logged in, or not allowed",
  AlreadyLogon: "the user is already logged in",
  AutoLoginDisabled: "the site does not allow log-in, log-out and new users by this interface",
  BadWebexIDorPassword: "wrong WebEx id or password",
  DoNotSupportAPI: "the site has no URL API",
  EmailConflict: "another account has this e-mail address",
  NoMeetingTypeSupport: "the site has no such meeting type",
  SiteDoNotSupportThisMeetingType: "the host has no such meeting type",
  PartnerIDError: "the partner id is wrong",
  TheDurationIsExceedTheMaxDuration: "the meeting is longer than the site allows",
  Unknown: "WebEx gives no reason",
  WebexIDConflict: "another account has this WebEx id",
  InvalidDataFormat: "an argument is missing or malformed",
  InvalidMeetingKeyOrPassword: "no such meeting, or a wrong password",
  MeetingNotInProgress: "the meeting has not begun or is over",
  MeetingLocked: "the host has locked the meeting",
  TeleConferenceLineReserveFail: "not enough telephone lines",
  MeetingScheduleFail: "the site has no capacity left",
} as const;

export type Reason = keyof typeof reasons;
