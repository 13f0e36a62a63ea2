import type { Tree } from "../schema.ts";
import { attendeesOf, cancel, join, reschedule, savePerson, schedule, services, start } from "../sessions.ts";
import type { AttendeeRow, ServiceCode, SessionRow } from "../tables.ts";
import { writeTime } from "../times.ts";
import { at, group, put, text, whole } from "../trees.ts";
import { type Command, type Outcome, type PageCall, PageRefusal } from "./page-call.ts";

const scheduling =
  "MN MT LF? PW PR AR? AQ? AI TC IP TL+ TD TA ExcludePW? RequestALogin? TZ DU+ NA+ YE+ MO+ DA+ HO+ MI+ UntilYE+ UntilMO+ UntilDA+ RO Days Always? Email ME BM? ReminderTime AG AF MF MD DS MG PM AJ? AJMI+ NT? NTOP CO HI CE? VE AutoDeleteAfterEnd? TC# APP? APPD MobileDN FN LA ML CP SR CI ST ZP CY PO LU F4 L4 QK? RPW NR+ RCY+ RCM+ RCD+ NP+ NS+ TY HL? LN NC+ CM WI CT CN EM EY";
const hosting = "AS AH AL AP DL WL";
const command = (
  what: string,
  args: string | null,
  run: Command["run"],
  needs: Command["needs"] = "log-in",
): Command => ({
  what,
  needs,
  args,
  run,
});

/** m.php: meetings, training sessions, events, support sessions. */
export const meetings: Readonly<Record<string, Command>> = {
  SM: command("schedule a meeting", scheduling, (call) => scheduled(call, serviceOf(call))),
  EM: command("edit a meeting", `MK! ${scheduling}`, (call) => edited(call, call.ownSession())),
  IM: command("meet at once", `${scheduling} ${hosting}`, (call) => {
    const key = newSession(call, serviceOf(call));
    start(call.site, call.site.session(key));
    return {}; // Its key is not told: that is what SM and then HM are for.
  }),
  HM: command("host a meeting", `MK! ${hosting}`, (call) => hosted(call, call.ownSession())),
  JM: command("join a meeting", "MK! AN AE CO PW RID", joined, "nothing"),
  DM: command("delete a meeting", "MK! SM?", (call) => deleted(call, call.ownSession())),
  LM: command("list one's meetings", "", (call) => {
    const own = sessions(call).filter(({ host_id }) => host_id === call.user.user_id);
    return listing(call, "Meetings", own);
  }),
  // For servers with an agreement; public callers log in as an administrator, and read a document.
  OM: {
    ...command("list open meetings", "servicename", (call) => {
      if (call.user.role === "host") throw new PageRefusal("AccessDenied");
      const asked = call.arg("servicename") ?? "";
      const open = sessions(call).filter(
        ({ started_at, service }) => started_at !== null && (asked === "" || service === asked),
      );
      const keys = open.map(({ session_key }) => session_key).join(";");
      return { xml: openMeetings(`<Status>SUCCESS</Status><MeetingKeys>${keys}</MeetingKeys>`) };
    }),
    failure: (reason) => openMeetings(`<Status>FAIL</Status><Reason>${reason}</Reason>`),
  },
  AA: command(
    "add attendees",
    "MK! FN# EA# PhoneCountry# PhoneArea# PhoneLocal# PhoneExt# TimeZone# Language# Locale# AddToAddressBook#? EI?",
    (call) => {
      const session = call.ownSession();
      const numbers = call.numbers("FN", "EA");
      if (numbers.length === 0) throw new PageRefusal("InvalidDataFormat", "FN1 and EA1 are required");
      for (const n of numbers) {
        const [name, email] = [call.arg(`FN${n}`), call.arg(`EA${n}`)];
        if (name === undefined || email === undefined)
          throw new PageRefusal("InvalidDataFormat", `FN${n} and EA${n} are required`);
        const parts = ["Country", "Area", "Local", "Ext"].map((part) => call.arg(`Phone${part}${n}`)).filter(Boolean);
        const person = { name, email, ...(parts.length > 0 && { phones: { phone: parts.join("-") } }) };
        savePerson(call.site, session, "attendee", person, "INVITE");
        if (call.arg(`AddToAddressBook${n}`) === "1") {
          const row = { owner_id: call.user.user_id, name, email, address_type: "PERSONAL" };
          call.site.insert("contacts", { ...row, person: JSON.stringify(person) });
        }
      }
      return { data: { MK: session.session_key } };
    },
  ),
  DA: command("delete an attendee", "MK! EM! EC?", (call) => removed(call, ["attendee", "prospect", "host"])),
  MD: command("mail registration details", "MK! EM!", (call) => {
    const session = call.ownSession();
    call.site.mail(call.arg("EM") ?? "", `registrations: ${session.name}`);
    return { data: { MK: session.session_key } };
  }),
  AP: command("add a presenter", "MK! FN! EM EI? PC PA PN PE", (call) => {
    const session = call.ownSession(["TC"]);
    const person = { name: call.arg("FN"), email: call.arg("EM") ?? "" };
    savePerson(call.site, session, "presenter", person, "INVITE");
    return { data: { MK: session.session_key } };
  }),
  DP: command("delete a presenter", "MK! FN EM EC?", (call) => removed(call, ["presenter"])),
  GF: command("get the registration form", "MK!", (call) => {
    const session = call.session();
    const fields = call.site.all<FieldRow>("SELECT * FROM form_fields WHERE session_key = ?", session.session_key);
    const standard = ["First name", "Last name", "E-mail", "Job title", "Company"].map((name) => [
      name,
      "required",
      "",
    ]);
    return { show: { title: `Registration for ${session.name}`, rows: [...standard, ...fields.map(fieldRow)] } };
  }),
  CF: command("create a registration form", null, (call) => addField(call, "standard")),
  CFAC: command("add a check box to a form", null, (call) => addField(call, "check box")),
  CFAD: command("add a drop-down list to a form", null, (call) => addField(call, "drop-down list")),
  CFAR: command("add an option button to a form", null, (call) => addField(call, "option button")),
  CFAT: command("add a text box to a form", null, (call) => addField(call, "text box")),
  RM: command("register", "MK! FN! LN! EM! JT! CY! E1 E2 CT SA ZP CI PH FX name# value# TX# CB# RB# DL#", (call) =>
    enrolled(call, call.session()),
  ),
  CR: command("add a recorded session", "RT! UL AG AR DstURL DS EM HR+ MI+ MH+ DY+ YR+ PT PW SZ TP VD", (call) => {
    const { site, user } = call;
    const [hours = 0, minutes = 0] = ["HR", "MI"].map((name) => call.whole(name));
    const row = { session_key: 0, conf_id: 0, service: "TC", host_id: user.user_id, name: call.arg("RT") ?? "" };
    site.insert("recordings", {
      ...row,
      created_at: call.day("YR", "MH", "DY") ?? site.now(),
      seconds: 3_600 * hours + 60 * minutes,
      megabytes: Number(call.arg("SZ") ?? 0),
      format: "LINK",
      listing: "PUBLIC",
      password: call.arg("PW") ?? "",
      settings: JSON.stringify({
        basic: { agenda: call.arg("AG") ?? "", description: call.arg("DS") ?? "" },
        urlApi: { UL: call.arg("UL") ?? "", presenter: call.arg("PT") ?? "" },
      }),
    });
    return {};
  }),
  PR: command("recorded events of an attendee", null, (call) => {
    const rows = call.site.all<{ name: string; email: string; about: string }>(
      "SELECT r.name, v.email, u.email AS about FROM recordings r JOIN recording_views v USING (recording_id) JOIN users u ON u.user_id = r.host_id WHERE r.service = 'EC'",
    );
    const wanted = [...call.args.values()].map((value) => value.toLowerCase());
    const found = rows.filter(({ email }) => wanted.includes(email.toLowerCase()));
    return { show: { title: "Recorded events", rows: found.map(({ name, email }) => [name, email]) } };
  }),

  SE: command("schedule an event", null, (call) => scheduled(call, "EC")),
  EE: command("edit an event", null, (call) => edited(call, call.ownSession(["EC"]))),
  DE: command("delete an event", null, (call) => deleted(call, call.ownSession(["EC"]))),
  TE: command("start an event", null, (call) => hosted(call, call.ownSession(["EC"]))),
  EN: command("enrol in an event", null, (call) => enrolled(call, call.session(["EC"]))),
  JE: command("join an event", null, joined, "nothing"),

  SK: command("schedule a support session", null, (call) => scheduled(call, "SC")),
  HS: command("host a support session", null, (call) => hosted(call, call.ownSession(["SC"]))),
  SS: command("start a support session at once", null, (call) => {
    const key = newSession(call, "SC");
    start(call.site, call.site.session(key));
    return { data: { MK: key } };
  }),
  JS: command("join a support session", null, joined, "nothing"),
  AS: command(
    "assist in a support session",
    null,
    (call) => {
      const session = call.session(["SC"]);
      if (session.started_at === null) throw new PageRefusal("MeetingNotInProgress");
      const { first_name: name = "Assistant", email = "" } = call.userOrNobody ?? {};
      join(call.site, session, name, email);
      return { data: { MK: session.session_key } };
    },
    "nothing",
  ),

  RPAD: command("report: events that attendees joined", null, (call) =>
    report(call, "Attendee details", pastPeople(call)),
  ),
  RPEA: command("report: enrolment and attendees", null, (call) => {
    const session = call.ownSession(["EC"]);
    const rows = attendeesOf(call.site, session).map((each) => [
      each.name,
      each.email,
      each.join_status,
      each.enrolled ?? "",
    ]);
    return report(call, `Enrolment of ${session.name}`, rows);
  }),
  RPRP: command("report: recording playback", null, (call) => {
    const views = call.site.all<{ recording: string; name: string; email: string }>(
      "SELECT r.name AS recording, v.name, v.email FROM recording_views v JOIN recordings r USING (recording_id) WHERE r.host_id = ?",
      call.user.user_id,
    );
    return report(
      call,
      "Playback",
      views.map(({ recording, name, email }) => [recording, name, email]),
    );
  }),
};

function openMeetings(inside: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListOpenMeetings>${inside}</ListOpenMeetings>`;
}

interface FieldRow {
  readonly kind: string;
  readonly settings: string;
}

/** As o.php?AT=ST has set it for the user; meetings otherwise. */
function serviceOf(call: PageCall): ServiceCode {
  const chosen = text(JSON.parse(call.user.profile), "serviceType");
  return chosen !== undefined && chosen in services ? (chosen as ServiceCode) : "MC";
}

function scheduled(call: PageCall, service: ServiceCode): Outcome {
  return { data: { MK: newSession(call, service) } };
}

function newSession(call: PageCall, service: ServiceCode): number {
  return schedule(call.site, service, call.user.user_id, sessionTree(call, service));
}

function edited(call: PageCall, session: SessionRow): Outcome {
  reschedule(call.site, session, sessionTree(call, session.service, session));
  return { data: { MK: session.session_key } };
}

function deleted(call: PageCall, session: SessionRow): Outcome {
  cancel(call.site, session);
  return { data: { MK: session.session_key } };
}

function hosted(call: PageCall, session: SessionRow): Outcome {
  start(call.site, session);
  return { data: { MK: session.session_key } };
}

function joined(call: PageCall): Outcome {
  const session = call.session();
  if (session.started_at === null) throw new PageRefusal("MeetingNotInProgress");
  if (session.locked === 1) throw new PageRefusal("MeetingLocked");
  const isOpen = session.password === "" || call.arg("PW") === session.password;
  if (!isOpen) throw new PageRefusal("InvalidMeetingKeyOrPassword", "PW is not the meeting's password");
  join(call.site, session, call.arg("AN") ?? "Guest", call.arg("AE") ?? "");
  return { data: { MK: session.session_key } };
}

function removed(call: PageCall, parts: readonly string[]): Outcome {
  const session = call.ownSession();
  const [email, name] = [call.arg("EM"), call.arg("FN")].map((each) => each?.toLowerCase());
  const found = attendeesOf(call.site, session).find(
    (each) =>
      parts.includes(each.part) &&
      [email, name].some(
        (one) => one !== undefined && [each.email, each.name].some((its) => its.toLowerCase() === one),
      ),
  );
  if (!found) throw new PageRefusal("Unknown", "nobody in it has the address EM or the name FN");
  call.site.run("DELETE FROM attendees WHERE attendee_id = ?", found.attendee_id);
  return { data: { MK: session.session_key } };
}

function enrolled(call: PageCall, session: SessionRow): Outcome {
  const details = {
    company: call.arg("CY"),
    title: call.arg("JT"),
    firstName: call.arg("FN"),
    lastName: call.arg("LN"),
  };
  const address = {
    address1: call.arg("E1"),
    address2: call.arg("E2"),
    city: call.arg("CT"),
    state: call.arg("SA"),
    zipCode: call.arg("ZP"),
    country: call.arg("CI"),
  };
  const phones = { phone: call.arg("PH"), fax: call.arg("FX") };
  const person: Tree = { ...details, address, phones, email: call.arg("EM") ?? "" };
  const id = savePerson(call.site, session, "attendee", person, "REGISTER");
  const row = call.site.one<AttendeeRow>("SELECT * FROM attendees WHERE attendee_id = ?", id);
  return { data: { MK: session.session_key, RID: row?.register_id ?? 0 } };
}

/** A field of the form is whatever the arguments say, but for the session's key. */
function addField(call: PageCall, kind: string): Outcome {
  const session = call.ownSession();
  const { session_key } = session;
  const given = [...call.args].filter(([, value]) => value !== String(session_key));
  call.site.insert("form_fields", { session_key, kind, settings: JSON.stringify(Object.fromEntries(given)) });
  return { data: { MK: session_key } };
}

function fieldRow({ kind, settings }: FieldRow): readonly string[] {
  const parts = Object.entries(JSON.parse(settings) as Record<string, string>);
  return [kind, "", parts.map(([name, value]) => `${name}=${value}`).join(", ")];
}

/** A request of the XML API that says the same. Arguments that it has no place for are kept as they came. */
function sessionTree(call: PageCall, service: ServiceCode, session?: SessionRow): Tree {
  const table = services[service];
  const type = call.whole("MT");
  const duration = call.whole("DU");
  checkType(call, service, type ?? session?.type, duration);
  const listed = call.arg("LF");
  const account = call.whole("TA");
  const startDate = startOf(call, session);
  call.day("UntilYE", "UntilMO", "UntilDA");
  call.day("RCY", "RCM", "RCD");
  const mostLines = whole(call.site.settings, "telephonyConfig", "maxCallersNumber") ?? Number.POSITIVE_INFINITY;
  if ((call.whole("TL") ?? 0) > mostLines) throw new PageRefusal("TeleConferenceLineReserveFail");
  let tree: Tree = {
    schedule: given({ startDate, duration, timeZoneID: call.whole("TZ") }),
    tracking: Object.fromEntries(call.numbers("TC").map((n) => [`trackingCode${n}`, call.arg(`TC${n}`)])),
    ...(account !== undefined && {
      telephony: { telephonySupport: "CALLIN", enableTSP: true, tspAccountIndex: account },
    }),
    ...(call.arg("AutoDeleteAfterEnd") === "1" && { enableOptions: { autoDeleteAfterMeetingEnd: true } }),
  };
  const set = (path: string, value: string | number | boolean | undefined) => {
    if (value !== undefined) tree = put(tree, path.split("."), value);
  };
  set(table.name, call.arg("MN"));
  set(table.type, type);
  set(table.password, call.arg("PW"));
  set("metaData.agenda", call.arg("AG"));
  if (listed !== undefined) {
    if (table.listing === "flags") set("accessControl.isPublic", listed === "1");
    else set(table.listing, listed === "1" ? "PUBLIC" : "UNLISTED");
  }
  const placed = /^(?:MK|MN|MT|LF|PW|TZ|DU|YE|MO|DA|HO|MI|AG|TA|TC\d+|AutoDeleteAfterEnd)$/;
  const rest = Object.fromEntries([...call.args].filter(([name]) => !placed.test(name)));
  return Object.keys(rest).length > 0 ? { ...tree, urlApi: rest } : tree;
}

function checkType(call: PageCall, service: ServiceCode, type: number | undefined, duration: number | undefined): void {
  if (type === undefined && duration === undefined) return;
  const rows = call.site.all<{ type_id: number; services: string; settings: string }>("SELECT * FROM meeting_types");
  const ofService = rows.filter((row) =>
    (JSON.parse(row.services) as string[]).includes(services[service].serviceType),
  );
  if (ofService.length === 0) throw new PageRefusal("NoMeetingTypeSupport");
  const row = type === undefined ? ofService[0] : ofService.find(({ type_id }) => type_id === type);
  if (!row) throw new PageRefusal("SiteDoNotSupportThisMeetingType");
  const longest = Number(at(JSON.parse(row.settings), "limits", "maxMeetingDuration") ?? Number.POSITIVE_INFINITY);
  if ((duration ?? 0) > longest) throw new PageRefusal("TheDurationIsExceedTheMaxDuration");
}

/** Of a session that there is, what is not given stays. */
function startOf(call: PageCall, session: SessionRow | undefined): string | undefined {
  const names = ["YE", "MO", "DA", "HO", "MI"];
  if (names.every((name) => call.whole(name) === undefined)) return undefined;
  const zone = call.site.zone(call.whole("TZ") ?? session?.time_zone);
  const [oldMonth, oldDay, oldYear, ...oldTime] = session
    ? writeTime(session.starts_at, zone).split(/[/ :]/).map(Number)
    : [undefined, undefined, undefined, 0, 0];
  const before = [oldYear, oldMonth, oldDay, ...oldTime];
  const [year, month, day, hour, minute] = names.map((name, index) => call.whole(name) ?? before[index]);
  if (year === undefined || month === undefined || day === undefined)
    throw new PageRefusal("InvalidDataFormat", "YE, MO and DA go together");
  return `${month}/${day}/${String(year).padStart(4, "0")} ${hour}:${minute}:00`;
}

function sessions(call: PageCall): SessionRow[] {
  return call.site.all<SessionRow>("SELECT * FROM sessions ORDER BY starts_at, session_key");
}

function listing(call: PageCall, title: string, found: readonly SessionRow[]): Outcome {
  const rows = found.map((each) => [
    each.session_key,
    each.name,
    call.site.time(each.starts_at, each.time_zone),
    services[each.service].serviceType,
  ]);
  return { show: { title, rows } };
}

function report(_call: PageCall, title: string, rows: readonly (readonly (string | number)[])[]): Outcome {
  return { show: { title, rows } };
}

function pastPeople(call: PageCall): readonly (readonly string[])[] {
  type Row = { event: string; name: string; email: string; person: string };
  const rows = call.site.all<Row>(
    "SELECT h.name AS event, a.name, a.email, a.person FROM history_attendees a JOIN history_sessions h USING (conf_id) WHERE h.service = 'EC' AND h.host_id = ?",
    call.user.user_id,
  );
  return rows.map(({ event, name, email, person }) => [
    event,
    name,
    email,
    text(group({ person: JSON.parse(person) }, "person"), "company") ?? "",
  ]);
}

function given(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== undefined));
}
