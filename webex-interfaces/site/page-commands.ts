import { argumentOf, type CommandName, commands } from "../tables/url.ts";
import type { Values } from "../wire/codec.ts";
import { type Cells, csrfOf, type Outcome, type PageCall } from "./page-call.ts";
import { PageRefusal } from "./refusal.ts";
import { addPerson, cancel, factsOf, join, reschedule, schedule, services, start, startDateOf } from "./sessions.ts";
import { emailOf, fullName, nameOf, type Session, type SiteData, type SiteUser, siteZone } from "./site.ts";
import { taken } from "./special.ts";
import type { ServiceCode, Things } from "./store.ts";
import { localTime } from "./times.ts";
import { addUser, changeUser } from "./users.ts";
import { isOn, merge, put, text, whole } from "./values.ts";

type Handler = (call: PageCall) => Outcome;

/** Longest meeting, in minutes. */
const mostMinutes = 1_440;

const keyOf = ({ key }: Session): Outcome => ({ data: { MK: key } });
const show = (title: string, rows: Cells): Outcome => ({ show: { title, rows } });
const listing =
  (title: string, rows: (call: PageCall) => Cells): Handler =>
  (call) =>
    show(title, rows(call));
/** Acts on the caller's own session. */
const onOwn =
  (act: (site: SiteData, session: Session, call: PageCall) => unknown, ...services: ServiceCode[]): Handler =>
  (call) => {
    const session = call.ownSession(services);
    act(call.site, session, call);
    return keyOf(session);
  };

/** Returns the given arguments with these codes, by names of the XML API. */
function given(call: PageCall, codes: Readonly<Record<string, string>>, number = ""): Values {
  const values = Object.entries(codes).map(([name, code]) => [name, call.arg(code + number)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Converts the arguments to a request of the XML API. */
function requestOf(call: PageCall, name: CommandName): Values {
  let request: Values = {};
  for (const [argument, value] of call.args) {
    const known = argumentOf(commands[name], argument);
    const to = known?.argument.to?.replace("#", argument.replace(/^\D+/, ""));
    if (!known || to === undefined || value === "") continue;
    const { is } = known.argument;
    const typed = is === "flag" ? value === "1" : is === "whole" || /ID$|Number$/.test(to) ? Number(value) : value;
    request = put(request, to.split("."), typed);
  }
  return request;
}

function sessionRequest(call: PageCall, service: ServiceCode, before?: Session): Values {
  const paths = services[service];
  const [type, minutes] = [call.whole("MT"), call.whole("DU")];
  if (type !== undefined && type !== paths.usualType) throw new PageRefusal("SiteDoNotSupportThisMeetingType");
  if ((minutes ?? 0) > mostMinutes) throw new PageRefusal("TheDurationIsExceedTheMaxDuration");
  const mostLines = whole(call.site.settings, "telephonyConfig", "maxCallersNumber") ?? 0;
  if ((call.whole("TL") ?? 0) > mostLines) throw new PageRefusal("TeleConferenceLineReserveFail");
  let request = requestOf(call, "schedule-meeting");
  const set = (path: string, value: unknown) => {
    if (value !== undefined) request = put(request, path.split("."), value);
  };
  set(paths.name, call.arg("MN"));
  set(paths.type, type);
  set(paths.password, call.arg("PW"));
  const begin = startOf(call, before);
  if (begin !== undefined) set("schedule.startDate", startDateOf(service, begin));
  const listed = call.arg("LF");
  if (listed !== undefined && service === "MC") set("accessControl.listToPublic", listed === "1");
  else if (listed !== undefined) set("accessControl.listing", listed === "1" ? "PUBLIC" : "UNLISTED");
  const account = call.whole("TA");
  if (account === undefined) return request;
  return merge(request, { telephony: { telephonySupport: "CALLIN", enableTSP: true, tspAccountIndex: account } });
}

/** Returns the start time. Parts that are not given stay unchanged. */
function startOf(call: PageCall, before: Session | undefined): string | undefined {
  const given = ["YE", "MO", "DA", "HO", "MI"].map((name) => call.whole(name));
  if (given.every((part) => part === undefined)) return undefined;
  const facts = before && factsOf(before);
  const now = localTime(facts?.startsAt ?? call.site.now(), call.whole("TZ") ?? facts?.zone ?? siteZone);
  const parts = now.split(/[-T:]/).slice(0, 5).map(Number);
  const [year, ...rest] = parts.map((part, at) => String(given[at] ?? part).padStart(at === 0 ? 4 : 2, "0"));
  const [month, day, hour, minute] = rest;
  return `${year}-${month}-${day}T${hour}:${minute}:00`;
}

/** Returns the service that o.php?AT=ST has set for the user. */
function serviceOf({ user }: PageCall): ServiceCode {
  const chosen = text(user.profile, "serviceType") as ServiceCode | undefined;
  return chosen !== undefined && chosen in services ? chosen : "MC";
}

function scheduled(call: PageCall, service = serviceOf(call)): Session {
  return schedule(call.site, service, call.user, sessionRequest(call, service));
}

function edit(site: SiteData, session: Session, call: PageCall): void {
  reschedule(site, session, sessionRequest(call, session.service, session));
}

/** Returns a session in progress. */
function held(call: PageCall, services: readonly ServiceCode[]): Session {
  const session = call.session(services);
  if (session.startedAt === null) throw new PageRefusal("MeetingNotInProgress");
  return session;
}

const joined =
  (...services: ServiceCode[]): Handler =>
  (call) => {
    const session = held(call, services);
    const { password } = factsOf(session);
    if (session.isLocked) throw new PageRefusal("MeetingLocked");
    if (password !== "" && call.arg("PW") !== password)
      throw new PageRefusal("InvalidMeetingKeyOrPassword", "PW is wrong");
    join(call.site, session, call.arg("AN") ?? "Guest", call.arg("AE") ?? "");
    return keyOf(session);
  };

const removed = (...parts: readonly string[]) =>
  onOwn((site, session, call) => {
    const wanted = [call.arg("EM"), call.arg("FN")].map((one) => one?.toLowerCase());
    const all = site.attendees(session).filter(({ part }) => parts.includes(part));
    const found = all.find(({ email, name }) => [email, name].some((one) => wanted.includes(one.toLowerCase())));
    if (!found) throw new PageRefusal("Unknown", "no attendee has the address EM or the name FN");
    site.store.remove("attendee", found.key);
  });

const enrolled =
  (...services: ServiceCode[]): Handler =>
  (call) => {
    const session = call.session(services);
    const person = {
      ...given(call, { company: "CY", title: "JT", firstName: "FN", lastName: "LN", email: "EM" }),
      address: given(call, { address1: "E1", address2: "E2", city: "CT", state: "SA", zipCode: "ZP", country: "CI" }),
      phones: given(call, { phone: "PH", fax: "FX" }),
    };
    const { registerId } = addPerson(call.site, session, "attendee", person, "REGISTER");
    return { data: { MK: session.key, RID: registerId ?? 0 } };
  };

/** Stores a form field's arguments unchanged. */
const formField = (kind: string) =>
  onOwn((site, { key: sessionKey }, { args }) => {
    const given = Object.fromEntries([...args].filter(([, value]) => value !== String(sessionKey)));
    site.store.add("field", { sessionKey, kind, given });
  });

function addAttendees(site: SiteData, session: Session, call: PageCall): void {
  const numbers = call.numbers("FN", "EA");
  for (const n of numbers.length > 0 ? numbers : [1]) {
    const [name, email] = [call.arg(`FN${n}`), call.arg(`EA${n}`)];
    if (!name || !email) throw new PageRefusal("InvalidDataFormat", `FN${n} and EA${n} are required`);
    addPerson(site, session, "attendee", { name, email });
    if (call.arg(`AddToAddressBook${n}`) === "1") site.store.add("contact", { ownerId: call.user.key, name, email });
  }
}

function loggedIn(call: PageCall): Outcome {
  const { site } = call;
  if (!isOn(site.settings, "supportAPI", "autoLogin")) throw new PageRefusal("AutoLoginDisabled");
  if (call.userOrNobody) throw new PageRefusal("AlreadyLogon");
  const user = site.userNamed(call.arg("WID"));
  const ticket = call.arg("TK");
  const isRight =
    ticket === undefined ? user?.password === call.arg("PW") : site.bearer("login-ticket", ticket)?.key === user?.key;
  if (!user || !isRight || user.profile.active !== "ACTIVATED") throw new PageRefusal("BadWebexIDorPassword");
  site.store.change("user", user, { visits: user.visits + 1 });
  // A ticket is valid for one log-in.
  if (ticket !== undefined) site.withdraw("login-ticket", ticket);
  const cookie = site.issue("cookie", user);
  const goTo = nextPage(call);
  return { cookie, data: { WID: nameOf(user), CSRF: csrfOf(cookie) }, ...(goTo !== undefined && { goTo }) };
}

/** Returns the page of this site after the log-in; `undefined` for the back URL. */
function nextPage(call: PageCall): string | undefined {
  const asked = call.arg("MU");
  if (asked === undefined || asked === "GoBack") return undefined;
  const home = call.site.url();
  const target = URL.parse(asked, home);
  if (target?.origin !== new URL(home).origin) throw new PageRefusal("Unknown", "MU is not a page of this site");
  return target.href;
}

function known(call: PageCall): SiteUser {
  const user = call.site.userNamed(call.arg("WID"));
  if (!user) throw new PageRefusal("BadWebexIDorPassword");
  return user;
}

function userEdited(call: PageCall): Outcome {
  const user = known(call);
  if (user.key !== call.user.key) call.mustBeAdmin();
  if (user.password !== call.arg("PW")) throw new PageRefusal("BadWebexIDorPassword");
  const codes = {
    tollFreeCallInNumber: "FI",
    tollCallInNumber: "TI",
    subscriberAccessCode: "SA",
    participantAccessCode: "PA",
  };
  const accounts = call
    .numbers("CB", ...Object.values(codes))
    .map((accountIndex) => ({ accountIndex, ...given(call, codes, String(accountIndex)) }));
  const request = requestOf(call, "edit-user");
  changeUser(call.site, user, accounts.length > 0 ? { ...request, tspAccount: { tspAccount: accounts } } : request);
  return { data: { WID: call.arg("NWID") ?? nameOf(user) } };
}

function userCreated(call: PageCall): Outcome {
  const codes = { webExId: "WID", email: "EM", firstName: "FN", lastName: "LN", password: "PW" };
  addUser(call.site, { ...requestOf(call, "new-user"), ...given(call, codes) });
  return { data: { WID: call.arg("WID") ?? "" } };
}

const activated =
  (active: string): Handler =>
  (call) => {
    call.mustBeAdmin();
    const user = known(call);
    call.site.store.change("user", user, { profile: { ...user.profile, active } });
    return { data: { WID: nameOf(user) } };
  };

function recordingAdded(call: PageCall): Outcome {
  const [hours = 0, minutes = 0] = [call.whole("HR"), call.whole("MI")];
  const name = call.arg("RT") ?? "";
  const times = { createdAt: call.site.now(), seconds: 3_600 * hours + 60 * minutes };
  call.site.store.add("recording", { service: "TC", hostId: call.user.key, name, ...times, isPublic: true, views: [] });
  return {};
}

/** Selects the user's own things. */
const own = ({ user }: PageCall) => ({ ownerId: user.key });

const onContact =
  (act: (call: PageCall, contact: Things["contact"]) => void): Handler =>
  (call) => {
    act(
      call,
      call.named(call.site.store.all("contact", own(call)), ({ email }) => email),
    );
    return {};
  };

function contactAdded(call: PageCall): Outcome {
  const email = [...call.args.values()].find((value) => value.includes("@"));
  if (email === undefined) throw new PageRefusal("Unknown", "no argument is an e-mail address");
  call.site.store.add("contact", { ...own(call), name: firstName(call) ?? email, email });
  return {};
}

function firstName({ args }: PageCall): string | undefined {
  return [...args].find(([code, value]) => code.startsWith("FN") && !value.includes("@"))?.[1];
}

const onLab =
  (rows: (site: SiteData, lab: Things["lab"]) => Cells): Handler =>
  (call) => {
    const lab = call.named(call.site.store.all("lab"), ({ name }) => name);
    return show(lab.name, rows(call.site, lab));
  };

const computer =
  (state: string | null): Handler =>
  (call) => {
    const found = call.named(call.site.store.all("computer", own(call)), ({ name }) => name);
    if (state === null) call.site.store.remove("computer", found.key);
    else call.site.store.change("computer", found, { state });
    return {};
  };

function report(call: PageCall): Cells {
  const day = (when: string, otherwise: number) => {
    const [year, month = 1, date = 1] = ["YE", "MO", "DA"].map((part) => call.whole(when + part));
    return year === undefined ? otherwise : Date.UTC(year, month - 1, date);
  };
  const [from, to] = [day("Start", 0), day("End", Number.MAX_SAFE_INTEGER)];
  const topic = call.arg("TC")?.toLowerCase() ?? "";
  return call.site.store
    .all("past", { service: "TC", hostId: call.user.key })
    .filter(({ startedAt, name }) => startedAt >= from && startedAt < to && name.toLowerCase().includes(topic))
    .map(({ name, startedAt, endedAt }) => [name, Math.round((endedAt - startedAt) / 60_000)]);
}

/** Handlers of all commands of the URL API. */
export const pageCommands: Readonly<Record<CommandName, Handler>> = {
  "log-in": loggedIn,
  "log-out": (call) => {
    call.site.withdraw("cookie", call.cookie);
    return { cookie: "" };
  },
  "new-user": userCreated,
  "edit-user": userEdited,
  "activate-user": activated("ACTIVATED"),
  "deactivate-user": activated("DEACTIVATED"),

  "schedule-meeting": (call) => keyOf(scheduled(call)),
  "edit-meeting": onOwn(edit),
  // The documented answer has no key.
  "impromptu-meeting": (call) => {
    start(call.site, scheduled(call));
    return {};
  },
  "host-meeting": onOwn(start),
  "join-meeting": joined(),
  "delete-meeting": onOwn(cancel),
  "list-meetings": listing("Meetings", ({ site, user }) => {
    const own = site.store.all("session", { hostId: user.key });
    return own.map((session) => [session.key, factsOf(session).name, services[session.service].serviceType]);
  }),
  // WebEx serves only servers with an agreement; this site serves administrators.
  "list-open-meetings": (call) => {
    if (call.user.role === "host") throw new PageRefusal("AccessDenied");
    const asked = call.arg("servicename");
    const open = call.site.store
      .all("session")
      .filter(({ startedAt, service }) => startedAt !== null && service === (asked ?? service));
    return { meetings: open.map(({ key }) => key) };
  },
  "add-attendees": onOwn(addAttendees),
  "delete-attendee": removed("attendee", "prospect", "host"),
  "add-presenter": onOwn(
    (site, session, call) => addPerson(site, session, "presenter", given(call, { name: "FN", email: "EM" })),
    "TC",
  ),
  "delete-presenter": removed("presenter"),
  "mail-registrations": onOwn((site, session, call) =>
    site.mail(call.arg("EM") ?? "", `registrations: ${factsOf(session).name}`),
  ),
  "get-registration-form": (call) => {
    const session = call.session();
    const fields = call.site.store.all("field", { sessionKey: session.key });
    const standard = ["First name", "Last name", "E-mail", "Job title", "Company"].map((name) => [name, "required"]);
    const pairs = (given: Values) => Object.entries(given).map((pair) => pair.join("="));
    const own = fields.map(({ kind, given }) => [kind, pairs(given).join(", ")]);
    return show(`Registration for ${factsOf(session).name}`, [...standard, ...own]);
  },
  "create-registration-form": formField("standard"),
  "add-check-box": formField("check box"),
  "add-drop-down-list": formField("drop-down list"),
  "add-radio-button": formField("option button"),
  "add-text-box": formField("text box"),
  "register-for-meeting": enrolled(),
  "create-recorded-session": recordingAdded,
  "list-recorded-events": listing("Recorded events", ({ site, words }) => {
    const all = site.store.all("recording", { service: "EC" });
    const views = all.flatMap(({ name, views }) => views.map((view) => [name, view.email] as const));
    return views.filter(([, email]) => words.includes(email.toLowerCase()));
  }),

  "schedule-event": (call) => keyOf(scheduled(call, "EC")),
  "edit-event": onOwn(edit, "EC"),
  "delete-event": onOwn(cancel, "EC"),
  "start-event": onOwn(start, "EC"),
  "enrol-in-event": enrolled("EC"),
  "join-event": joined("EC"),

  "schedule-support-session": (call) => keyOf(scheduled(call, "SC")),
  "host-support-session": onOwn(start, "SC"),
  "start-support-session": (call) => keyOf(start(call.site, scheduled(call, "SC"))),
  "join-support-session": joined("SC"),
  "assist-support-session": (call) => {
    const session = held(call, ["SC"]);
    const user = call.userOrNobody;
    join(call.site, session, user ? fullName(user) : "Assistant", user ? emailOf(user) : "");
    return keyOf(session);
  },

  "report-attendee": listing("Attendee details", ({ site, user }) =>
    site.store
      .all("past", { service: "EC", hostId: user.key })
      .flatMap((past) => past.people.map(({ name, email }) => [past.name, name, email])),
  ),
  "report-enrolment": (call) => {
    const session = call.ownSession(["EC"]);
    const rows = call.site.attendees(session).map(({ name, email, joinStatus }) => [name, email, joinStatus]);
    return show(`Enrolment of ${factsOf(session).name}`, rows);
  },
  "report-playback": listing("Playback", ({ site, user }) => {
    const own = site.store.all("recording", { hostId: user.key });
    return own.flatMap(({ name, views }) => views.map((view) => [name, view.name, view.email]));
  }),

  "add-contacts": contactAdded,
  "delete-contact": onContact(({ site }, { key }) => site.store.remove("contact", key)),
  "edit-contact": onContact((call, contact) => {
    call.site.store.change("contact", contact, { name: firstName(call) ?? contact.name });
  }),
  "find-contacts": listing("Contacts", (call) => {
    const all = call.site.store.all("contact", own(call)).map(({ name, email }) => [name, email]);
    return all.filter((row) => call.words.every((word) => row.join(" ").toLowerCase().includes(word)));
  }),
  "list-files": listing("Files", (call) => {
    const found = call.site.store.all("file", { ...own(call), folder: call.arg("CD") ?? "" });
    return found.map(({ name, bytes }) => [name, bytes]);
  }),
  // The overview names it "delete" but describes a download.
  "download-file": (call) => {
    const [file] = call.site.store.all("file", { ...own(call), name: call.arg("FN") ?? "" });
    if (!file) throw new PageRefusal("Unknown", "there is no such file");
    return show(file.name, [[file.name, file.bytes]]);
  },
  "user-profile": listing("Profile", ({ user }) => [[nameOf(user), fullName(user), emailOf(user)]]),
  "end-user-report": listing("Report", report),
  "set-service-type": (call) => {
    const SP = call.arg("SP") ?? "";
    if (!["MC", "TC", "EC", "SC", "SaC"].includes(SP)) throw new PageRefusal("Unknown", "there is no service SP");
    call.site.store.change("user", call.user, { profile: { ...call.user.profile, serviceType: SP } });
    return { data: { SP } };
  },

  "list-labs": listing("Labs", ({ site }) => site.store.all("lab").map(({ name }) => [name])),
  "lab-details": onLab((_, { name, description, computers }) => [[name, description, computers]]),
  "lab-schedule": onLab((site, lab) =>
    site.store
      .all("reservation", { lab: lab.name })
      .map(({ name, startsAt, computers }) => [name, localTime(startsAt, siteZone), computers]),
  ),
  "check-lab-availability": onLab((site, { name, computers }) => [
    [name, computers - taken({ site }, name, site.now(), site.now() + 1)],
  ]),

  "list-computers": listing("Computers", (call) =>
    call.site.store.all("computer", own(call)).map(({ name, state }) => [name, state]),
  ),
  "connect-computer": computer("connected"),
  "disconnect-computer": computer("available"),
  "remove-computer": computer(null),
};
