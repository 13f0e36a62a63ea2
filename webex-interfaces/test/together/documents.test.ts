import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { beginFlow, continueFlow, type Move, scheduleAndHost } from "../../client/url-api/log-in.ts";
import { readOpenMeetings } from "../../client/url-api/open-meetings.ts";
import { link } from "../../client/url-api/request.ts";
import {
  dialInNames,
  fillDialIn,
  fillGlobalCallInUrl,
  globalCallInVariables,
  parseDialInSequences,
} from "../../client/xml-api/dial-in.ts";
import { getSessionInfo, sessionServices, visibilityTable } from "../../client/xml-api/session-info.ts";
import { start } from "../../site/sessions.ts";
import { seeded } from "../site/site-on-test.ts";
import { backUrl, harbour, Portal } from "./portal.ts";

/** A walk through the public documents with the client and a simulated site; docs/webex-interfaces.md names these tests. */

let portal: Portal;
beforeEach(() => {
  portal = new Portal();
});
afterEach(() => portal.world.site.close());

const anonymous = { form: "anonymous", site: { siteName: "harbour" } } as const;
const key = String(seeded.MC);

function value<Value>(result: { ok: true; value: Value } | { ok: false; error: unknown }): Value {
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.error));
}

function why(result: { ok: boolean; error?: unknown }): unknown {
  const fault = result.error as { kind: string; why?: string } | undefined;
  return fault?.why ?? fault?.kind;
}

describe("the overview of the APIs", () => {
  test("a log-out goes to the site's home page, and with a back URL there", () => {
    portal.logIn("anna.berg");

    expect(portal.visit({ via: "link", url: value(link(harbour, "log-out", {})) }).headers.location).toMatch(
      /^https:\/\/harbour\.webex\.example\/harbour\/\?AT=LO&ST=SUCCESS$/,
    );
    portal.logIn("anna.berg");
    expect(portal.send("log-out", {})).toMatchObject({ status: "success", at: "LO" });
  });

  test("a meeting is hosted with each of the command's arguments", () => {
    portal.logIn("anna.berg");
    const given = {
      AS: "Chat",
      AH: "4711",
      AL: "C:\\quay.exe",
      AP: "-v",
      DL: "C:\\plan.pdf",
      WL: "https://quay.example/",
    };

    expect(portal.send("host-meeting", { MK: key, ...given })).toMatchObject({ status: "success" });
    expect(portal.world.site.session(seeded.MC).started_at).not.toBeNull();
  });

  test("joining needs no log-in; every other command does", () => {
    start(portal.world.site, portal.world.site.session(seeded.MC));

    expect(portal.send("join-meeting", { MK: key, AN: "Jo", PW: "pier-9-pass" })).toMatchObject({ status: "success" });
    expect(portal.send("host-meeting", { MK: key })).toMatchObject({ status: "failure", reason: "access-denied" });
    expect(portal.send("schedule-meeting", { MN: "Tide" })).toMatchObject({ reason: "access-denied" });
  });

  test("the link for an attendee comes by site id and partner id", async () => {
    const { site_id, partner_id } = portal.world.site.row;
    const as = { ...portal.as("anna.berg"), site: { siteId: String(site_id) }, partnerId: partner_id };
    const answer = await portal.api(as).call("getjoinurlMeeting", { meetingKey: key, attendeeName: "Jo Kerr" });

    expect(value(answer).value.joinMeetingURL).toContain(key);
  });

  test("each request is authenticated before anything else of it is looked at", async () => {
    const api = portal.api({ ...portal.as("anna.berg"), password: "sea wall" } as ReturnType<Portal["as"]>);

    expect(why(await api.call("getMeeting", { meetingKey: "1" }))).toBe("wrong-credentials");
    expect(why(await portal.api(portal.as("anna.berg")).call("getMeeting", { meetingKey: "1" }))).toBe("not-found");
  });

  test("an e-mail address stands for the name; a ticket or a token for the password", async () => {
    const site = { siteName: "harbour" };
    const person = { email: portal.world.user("anna.berg").email };
    const { password } = portal.world.user("anna.berg");
    const { user_id } = portal.world.user("anna.berg");
    const sessionTicket = portal.world.site.issue("session-ticket", user_id);
    const accessToken = portal.world.site.issue("access-token", user_id);

    for (const as of [
      { form: "password", site, person, password },
      { form: "ticket", site, person, sessionTicket },
      { form: "token", site, person, accessToken },
    ] as const) {
      expect(value(await portal.api(as).call("getMeeting", { meetingKey: key })).value.metaData?.confName).toBe(
        "Berth planning",
      );
    }
  });

  test("administrators see the whole site, view-only ones change nothing, hosts have what is their own", async () => {
    const by = (name: string) => portal.api(portal.as(name));
    const title = (name: string) => by(name).call("setUser", { webExId: "anna.berg", title: "Planner" });

    expect(value(await by("site.admin").list("lstsummaryUser", {})).items.length).toBe(4);
    expect(value(await by("site.viewer").list("lstsummaryUser", {})).items.length).toBe(4);
    expect(why(await by("ben.cole").list("lstsummaryUser", {}))).toBe("access-denied");
    expect((await title("site.admin")).ok).toBe(true);
    expect(why(await title("site.viewer"))).toBe("access-denied");
    expect((await title("anna.berg")).ok).toBe(true);
    expect(why(await title("ben.cole"))).toBe("access-denied");
  });

  test("what the schema does not have is not written, and a site refuses it", async () => {
    const api = portal.api(portal.as("anna.berg"));
    const request = { meetingKey: key, tide: "high" };

    expect(await api.call("getMeeting", request)).toMatchObject({ ok: false, error: { kind: "wrong-request" } });
    expect(portal.world.ask("meeting.GetMeeting", `<meetingKey>${key}</meetingKey><tide/>`)).toContain("tide");
  });

  test("users: signed up, edited, deactivated, activated, logged in and out, by either interface the same", async () => {
    const api = portal.api(portal.as("site.admin"));
    portal.logIn("site.admin");
    const PID = portal.partnerId;
    const account = { FN: "Kim", LN: "Lund", EM: "kim@harbour.example", WID: "kim.lund", PW: "Lines-42", PID };
    portal.do("new-user", account);
    portal.do("edit-user", {
      WID: "kim.lund",
      PW: "Lines-42",
      PID,
      NLN: "Lunde",
      TI1: "14085550111",
      PA1: "55",
      SA1: "66",
    });
    const kim = async () => value(await api.call("getUser", { webExId: "kim.lund" })).value;

    expect(await kim()).toMatchObject({
      lastName: "Lunde",
      active: "ACTIVATED",
      tspAccount: { tspAccount: [{ accountIndex: 1, tollCallInNumber: "14085550111", participantAccessCode: "55" }] },
    });
    portal.do("deactivate-user", { WID: "kim.lund", PID });
    expect((await kim()).active).toBe("DEACTIVATED");
    portal.do("activate-user", { WID: "kim.lund", PID });
    expect((await kim()).active).toBe("ACTIVATED");
    value(await api.call("setUser", { webExId: "kim.lund", lastName: "Lund" }));
    expect((await kim()).lastName).toBe("Lund");

    const there = new Portal();
    there.logIn("anna.berg");
    expect(there.send("log-in", { WID: "anna.berg", PW: "x" })).toMatchObject({ reason: "already-logged-in" });
    expect(there.send("log-out", {})).toMatchObject({ status: "success" });
  });

  test("meetings: scheduled, edited, listed, hosted, joined, deleted; one at once", async () => {
    const api = portal.api(portal.as("anna.berg"));
    portal.logIn("anna.berg");
    const time = { YE: 2026, MO: 12, DA: 1, HO: 9, MI: 30, DU: 45, TZ: "4" };
    const { MK } = portal.do("schedule-meeting", { MN: "Tide & time", PW: "pier-4", ...time }).data as { MK: string };
    const meeting = async () => value(await api.call("getMeeting", { meetingKey: MK })).value;

    expect(await meeting()).toMatchObject({
      metaData: { confName: "Tide & time" },
      schedule: { startDate: "2026-12-01T09:30:00", duration: 45, timeZoneID: 4 },
    });
    portal.do("edit-meeting", { MK, MN: "Low tide" });
    expect((await meeting()).metaData?.confName).toBe("Low tide");
    expect(portal.show("list-meetings", {})).toContain("Low tide");
    portal.do("host-meeting", { MK });
    expect(readOpenMeetings(portalOfAdmin(portal))).toMatchObject({ ok: true, value: { meetingKeys: [MK] } });
    portal.do("join-meeting", { MK, AN: "Jo", PW: "pier-4" });
    portal.do("delete-meeting", { MK });
    expect(why(await api.call("getMeeting", { meetingKey: MK }))).toBe("not-found");
    expect(portal.send("impromptu-meeting", { MN: "At once", PW: "pier-4" })).toEqual({
      status: "success",
      at: "IM",
      data: {},
      more: {},
    });
  });

  test("attendees: added, listed, removed; a registration form, and who registers", async () => {
    const api = portal.api(portal.as("anna.berg"));
    portal.logIn("anna.berg");
    const MK = String(seeded.TC);
    const list = async () => value(await api.list("lstMeetingAttendee", { sessionKey: MK })).items;
    portal.do("add-attendees", {
      MK,
      FN1: "Jo Kerr",
      EA1: "jo@visitor.example",
      FN2: "Ed Moe",
      EA2: "ed@visitor.example",
    });

    expect(JSON.stringify(await list())).toContain("ed@visitor.example");
    portal.do("delete-attendee", { MK, EM: "ed@visitor.example" });
    expect(JSON.stringify(await list())).not.toContain("ed@visitor.example");
    portal.do("create-registration-form", { MK, F1: "required" });
    portal.do("add-text-box", { MK, L1: "Ship" });
    expect(portal.show("get-registration-form", { MK })).toContain("Ship");
    portal.do("register-for-meeting", { MK, FN: "Lea", LN: "Orr", EM: "lea@visitor.example", JT: "Mate", CY: "North" });
    expect(JSON.stringify(await list())).toContain("lea@visitor.example");
  });

  test("history: who was in what, and who looked at recordings", async () => {
    const api = portal.api(portal.as("anna.berg"));
    const startTimeScope = { sessionStartTimeStart: "2026-11-01T00:00:00", sessionStartTimeEnd: "2026-12-01T00:00:00" };
    const usage = value(await api.list("lstmeetingusageHistory", { startTimeScope }));
    const views = value(await api.list("lstrecordaccessHistory", {}));

    expect(usage.items).toMatchObject([{ confName: "Past MC", duration: 60 }]);
    expect(views.items.length).toBeGreaterThan(0);
  });
});

describe("the overview of the URL API", () => {
  test.each(["redirect", "script"] as const)(
    "single sign-on: log-in by form, schedule, host, log-out, each from the back URL of the one before (a %s)",
    (sentBy) => {
      portal.sentBy = sentBy;
      const { password } = portal.world.user("anna.berg");
      const plan = { site: harbour, backUrl, credentials: { WID: "anna.berg", PW: password }, logOut: true };
      let move: Move = value(beginFlow({ ...plan, steps: scheduleAndHost({ MN: "Tide", DU: 30, PW: "pier-4" }) }));
      const ways: string[] = [];
      while (move.next === "visit") {
        ways.push(move.visit.via);
        move = value(continueFlow(move.flow, portal.goBack(move.visit)));
      }

      expect(ways).toEqual(["form", "form", "link", "link"]);
      expect(move).toMatchObject({ succeeded: true });
      expect(move.results.map(({ command }) => command)).toEqual([
        "log-in",
        "schedule-meeting",
        "host-meeting",
        "log-out",
      ]);
    },
  );

  test("My WebEx, labs, computers, recordings, reports and support sessions act or show", () => {
    portal.logIn("anna.berg");

    expect(portal.show("find-contacts", { name: "cara" })).toContain("Cara Dunn");
    expect(portal.show("list-files", {})).toContain("tides.txt");
    expect(portal.show("list-labs", {})).toContain("Bridge simulator");
    expect(portal.show("list-computers", {})).toContain("Office desk");
    expect(portal.show("list-recorded-events", { EM: "cara.dunn@visitor.example" })).toContain("Recording of EC");
    expect(portal.show("end-user-report", { StartYE: 2026, StartMO: 11, StartDA: 1 })).toContain("Past TC");
    expect(portal.do("schedule-support-session", { MN: "Gate 2" }).more.MK).toMatch(/^\d+$/);
    const recorded = { RT: "Knots", YR: 2026, MH: 11, DY: 2, HR: 1, MI: 5, PT: "Finn Gray" };
    expect(portal.do("create-recorded-session", recorded).status).toBe("success");
    expect(portal.world.site.one("SELECT created_at, seconds FROM recordings WHERE name = 'Knots'")).toEqual({
      created_at: Date.UTC(2026, 10, 2),
      seconds: 65 * 60,
    });
  });

  test("each failure that the site tells is one of the table, with what to do", () => {
    portal.logIn("anna.berg");
    const PID = "another";

    expect(portal.send("log-in", { WID: "anna.berg", PW: "x" })).toMatchObject({ reason: "already-logged-in" });
    expect(portal.send("schedule-meeting", { MN: "Tide", MT: "4711" })).toMatchObject({
      reason: "meeting-type-not-supported",
    });
    expect(portal.send("schedule-meeting", { MN: "Tide", DU: 100_000 })).toMatchObject({ reason: "too-long-meeting" });
    expect(portal.send("activate-user", { WID: "ben.cole", PID })).toMatchObject({ reason: "wrong-partner-id" });
    portal.do("log-out", {});
    expect(portal.send("log-in", { WID: "anna.berg", PW: "x" })).toMatchObject({ reason: "wrong-id-or-password" });
  });
});

describe("the page of getSessionInfo", () => {
  test("a meeting by its key: the site's answer is read whole", async () => {
    const info = value(await getSessionInfo(portal.api(portal.as("anna.berg")), { sessionKey: key }));

    expect(info).toMatchObject({ service: "MC", mode: "member", wrong: [] });
    expect(info.elements["metaData.confName"]).toEqual({ is: "given", value: "Berth planning" });
    expect(info.elements.confID).toMatchObject({ is: "given" });
    expect(info.answer.meetingLink).toContain("https://");
  });

  test.each(sessionServices)(
    "%s: what is given, needs the password, is absent, or never is, in each mode",
    async (service) => {
      const { site } = portal.world;
      const host = site.userById(site.session(seeded[service]).host_id).web_ex_id;
      const request = { sessionKey: String(seeded[service]) };
      const sessionPassword = "pier-9-pass";
      const everybody = value(await getSessionInfo(portal.api(anonymous), request));
      const withPassword = value(await getSessionInfo(portal.api(anonymous), { ...request, sessionPassword }));
      const own = value(await getSessionInfo(portal.api(portal.as(host)), request));

      // An event without documents looks alike with its password and with a wrong one.
      const isEvent = service === "EC";
      expect([everybody.service, everybody.mode]).toEqual([service, "anonymous"]);
      expect([withPassword.mode, own.mode]).toEqual([isEvent ? "unknown" : "password", "member"]);
      for (const { path, shown } of visibilityTable) {
        const seen = [everybody, withPassword, own].map(({ elements }) => elements[path].is);
        const inside = ["given", "absent"];
        if (shown[service] === "never") expect(seen, path).toEqual(["never", "never", "never"]);
        else {
          expect(shown[service] === "password" ? ["needs-password"] : inside, path).toContain(seen[0]);
          const isUnknown = isEvent && shown[service] === "password";
          expect(isUnknown ? ["unknown"] : inside, path).toContain(seen[1]);
          expect(inside, path).toContain(seen[2]);
        }
      }
    },
  );

  test.each(sessionServices)("%s: a wrong password shows no more than none, and is told as such", async (service) => {
    const request = { sessionKey: String(seeded[service]) };
    const without = value(await getSessionInfo(portal.api(anonymous), request));
    const info = value(await getSessionInfo(portal.api(anonymous), { ...request, sessionPassword: "sea wall" }));

    expect(info.mode).toBe(service === "EC" ? "unknown" : "password-refused");
    expect(info.answer).toEqual(without.answer);
    for (const { path, shown } of visibilityTable) {
      const isUnknown = service === "EC" && shown[service] === "password";
      expect(info.elements[path], path).toEqual(isUnknown ? { is: "unknown" } : without.elements[path]);
    }
  });

  test("an invited attendee is seen as one of the session by what the site gives", async () => {
    const { site } = portal.world;
    const email = site.userById(site.session(seeded.SaC).host_id).email;
    site.insert("attendees", {
      ...{ session_key: seeded.MC, part: "attendee", name: "Ben Cole", email, join_status: "INVITE", person: "{}" },
    });
    const info = value(await getSessionInfo(portal.api(portal.as("ben.cole")), { sessionKey: key }));
    const { is } = info.elements["telephony.extTelephonyDescription"];

    expect([info.mode, info.elements["telephony.callInNum"].is, is]).toEqual(["member", "given", "absent"]);
  });

  test("a user who is not of the session sees what everybody sees", async () => {
    const info = value(await getSessionInfo(portal.api(portal.as("ben.cole")), { sessionKey: key }));

    expect([info.mode, info.elements.telephony.is]).toEqual(["anonymous", "needs-password"]);
  });

  test("of a support session what is not given is unknown", async () => {
    const info = value(await getSessionInfo(portal.api(portal.as("anna.berg")), { sessionKey: String(seeded.SC) }));

    expect([info.service, info.mode]).toEqual(["other", "unknown"]);
    expect(info.elements["metaData.confName"]).toEqual({ is: "given", value: "Help at the gate" });
    expect(info.elements.telephony).toEqual({ is: "unknown" });
  });

  test("its dial-in sequences are keyed with the session's number and code", async () => {
    const { answer } = value(await getSessionInfo(portal.api(portal.as("anna.berg")), { sessionKey: key }));
    const { telephony } = answer;
    const { sequences } = parseDialInSequences(telephony?.dialInSequences ?? "");
    const values = {
      AccessNumber: telephony?.callInNum?.tollNum,
      AccessCode: telephony?.participantAccessCode,
      AttendeeID: "17",
      ProfileID: "18",
      PIN: "19",
      Password: "20",
    };
    const keyed = dialInNames.map((name) => value(fillDialIn(sequences[name] ?? [], values)).dialString);

    expect(keyed).toEqual([
      "14085550142,,*00*4711001#,,,17#",
      "14085550142,,*01*4711001#17#*01*",
      "14085550142,,*00*4711001#,,,18#,,,19#",
      "14085550142,,*01*4711001#18#19#*01*",
      "14085550142,,*00*4711001#,,,18#,,,19#,,,20#",
      "14085550142,,*01*4711001#18#19#20#*01*",
    ]);
  });

  test("the address of the global call-in page has the numbers and codes of the account in use", () => {
    const names = Object.keys(globalCallInVariables);
    const address = `https://numbers.example/?${names.map((name) => `${name}=%${name}%`).join("&")}`;
    const values = Object.fromEntries(names.map((name, at) => [name, `${at} +`]));

    expect([...new URL(fillGlobalCallInUrl(address, values)).searchParams]).toEqual(Object.entries(values));
  });
});

/** list-open-meetings is for those who see the whole site. */
function portalOfAdmin(other: Portal): string {
  const { world } = other;
  const admin = new Portal(world);
  admin.logIn("site.admin");
  return admin.show("list-open-meetings", {});
}
