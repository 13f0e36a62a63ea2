import type { Call } from "../call.ts";
import type { Tree } from "../schema.ts";
import {
  alternateHosts,
  attendeesOf,
  isHost,
  isRecurring,
  keysOf,
  services,
  statusOf,
  tspAccountOf,
} from "../sessions.ts";
import type { ServiceCode, SessionRow, TspAccountRow } from "../tables.ts";
import { at, group, text, without } from "../trees.ts";
import { documented } from "./operation.ts";
import { testsOfSession } from "./training.ts";

/**
 * Who gets which element: A always, P with the meeting's password or as a person of the meeting, X never; in the order
 * meeting, sales, training, event, audio only. Support sessions are no column of the document: they go as meetings do.
 */
const visibility = `
status AAAAX
isLocked AAAAA
presenter XXAXX
panelistsInfo XXXAX
programName XXXAX
sessionkey AAAAA
confID AAAAA
verifyFlashMediaURL PPXXX
verifyWinMediaURL PPXXX
accessControl AAAAA
accessControl.sessionPassword PPPXP
accessControl.listStatus AAAAA
accessControl.registration AXAAX
accessControl.registrationURL PXAAX
metaData AAAAA
metaData.confName AAAAA
metaData.sessionType AAAAA
metaData.serviceType AAAAA
metaData.agenda PPPXX
metaData.description XXAAX
metaData.account XPXXX
metaData.opportunity XPXXX
metaData.isRecurring AAAAA
telephony PPPXP
telephony.telephonySupport PPPXP
telephony.extTelephonyDescription PPPXP
telephony.globalCallInNumbersURL PPPXP
telephony.tollFreeRestrictionsURL PPPXP
telephony.callInNum PPPXP
telephony.callInNum.backupTollNum PPPXP
telephony.participantAccessCode PPPXP
telephony.participantLimitedAccessCode XXXXP
telephony.labels.participantLimitedAccessLabel XXXXP
material XXPAX
material.imageURL XXXAX
material.document XXPPX
test XXPXX
host AAAAA
host.firstName AAAAA
host.lastName AAAAA
host.email AAAAA
host.webExId AAAAA
host.alternateHost PPXXP
schedule AAAAA
schedule.startDate AAAAA
schedule.duration AAAAA
schedule.timeZone AAAAA
sipURL AXAAX
isAutoRecord AXAAX
`;
const columns: Readonly<Record<ServiceCode, number>> = { MC: 0, SaC: 1, TC: 2, EC: 3, AO: 4, SC: 0 };
const rows = visibility
  .trim()
  .split("\n")
  .map((line) => line.split(" ") as [string, string]);

export const getSessionInfo = documented(
  { admin: "site", "view-only": "site", host: "public", nobody: "public" },
  (call) => {
    const session = call.site.session(call.request.sessionKey);
    const isInside = isOfMeeting(call, session) || isPassword(call, session);
    const whole = everything(call, session);
    return rows.reduce((tree, [path, letters]) => {
      const letter = letters[columns[session.service]];
      return letter === "A" || (letter === "P" && isInside) ? tree : without(tree, path.split("."));
    }, whole);
  },
);

function isPassword(call: Call, session: SessionRow): boolean {
  return session.password !== "" && call.request.sessionPassword === session.password;
}

/** Host, alternate host, invited attendee, panelist, presenter. */
function isOfMeeting(call: Call, session: SessionRow): boolean {
  const user = call.userOrNobody;
  if (!user) return false;
  if (isHost(call.site, session, user)) return true;
  return attendeesOf(call.site, session).some(({ email }) => email.toLowerCase() === user.email.toLowerCase());
}

function everything(call: Call, session: SessionRow): Tree {
  const { site } = call;
  const settings: Tree = JSON.parse(session.settings);
  const host = site.userById(session.host_id);
  const people = attendeesOf(site, session);
  const hosts = alternateHosts(site, session);
  const MK = session.session_key;
  const user = call.userOrNobody;
  const isOwn = user !== null && isHost(site, session, user);
  const programID = at(settings, "metaData", "programID");
  const program = site.one<{ name: string }>("SELECT name FROM programs WHERE program_id = ?", Number(programID ?? 0));
  const hasImage = site.one("SELECT 1 FROM images WHERE owner = ? AND kind LIKE 'event-%'", String(MK)) !== undefined;
  return {
    ...keysOf(session),
    status: statusOf(session),
    isLocked: session.locked === 1,
    presenter: people.filter(({ part }) => part === "presenter").map(({ name }) => name),
    panelistsInfo: text(settings, "panelists", "panelistsInfo"),
    programName: program?.name,
    confID: session.conf_id,
    verifyFlashMediaURL: site.url("media.php", { MK, KIND: "flash" }),
    verifyWinMediaURL: site.url("media.php", { MK, KIND: "win" }),
    accessControl: {
      sessionPassword: session.password,
      listStatus: session.listing,
      registration: isRegistered(settings),
      ...(isRegistered(settings) && { registrationURL: site.url("m.php", { AT: "GF", MK }) }),
      passwordReq: session.password !== "",
      isEnforceAudioPassword: false,
      isEnforceAudioLogin: false,
    },
    metaData: {
      confName: session.name,
      sessionType: session.type,
      serviceType: services[session.service].serviceType,
      agenda: at(settings, "metaData", "agenda"),
      description: at(settings, "metaData", "description"),
      account: at(settings, "metaData", "account"),
      opportunity: at(settings, "metaData", "opportunity"),
      isRecurring: isRecurring(session),
      agendaFormat: "TEXT",
      descriptionFormat: "TEXT",
      isException: false,
      seriesMeetingKey: isRecurring(session) ? MK : 0,
      hasException: false,
    },
    telephony: telephony(call, session, isOwn),
    material: { ...group(settings, "material"), ...(hasImage && { imageURL: site.url("image.php", { MK }) }) },
    test: testsOfSession(call, session),
    host: {
      firstName: host.first_name,
      lastName: host.last_name,
      email: host.email,
      webExId: host.web_ex_id,
      alternateHost: hosts,
      allowAnyoneHostMeeting: false,
    },
    schedule: {
      startDate: site.time(session.starts_at, session.time_zone),
      duration: session.minutes,
      timeZone: site.zone(session.time_zone).name,
      timeZoneID: session.time_zone,
      openTimeInSec: at(settings, "schedule", "openTime") ?? 900,
    },
    attendeeOptions: { joinRequiresAccount: at(settings, "attendeeOptions", "joinRequiresAccount") ?? false },
    isAudioOnly: session.service === "AO",
    telePresence: false,
    isAlternateHost: user !== null && hosts.includes(user.web_ex_id),
    isCreator: user?.user_id === session.host_id,
    ...(isOwn && { hostKey: session.host_key }),
    supportE2E: at(settings, "enableOptions", "supportE2E") ?? false,
    isAllowJBH: at(settings, "schedule", "joinTeleconfBeforeHost") ?? false,
    isCETMeeting: true,
    isPersonalMeetingRoom: false,
    isNextUpcomingInstance: true,
    meetingLink: site.url("j.php", { MTID: `m${session.conf_id.toString(36)}` }),
    sipURL: `${MK}@${new URL(site.address).hostname}`,
    isAutoRecord: at(settings, "enableOptions", "autoRecord") ?? false,
  };
}

function isRegistered(settings: Tree): boolean {
  return ["attendeeOptions", "extOptions"].some((name) => at(settings, name, "registration") === true);
}

function telephony(call: Call, session: SessionRow, isOwn: boolean): Tree {
  const { site } = call;
  const settings = group(JSON.parse(session.settings), "telephony");
  const config = group(site.settings, "telephonyConfig");
  const account = tspAccountOf(site, session);
  const tollNum = account?.toll ?? text(config, "callInNumber") ?? "";
  return {
    telephonySupport: settings.telephonySupport ?? "NONE",
    extTelephonyDescription: settings.extTelephonyDescription,
    globalCallInNumbersURL:
      account && filled(text(config, "tspAdaptorSettings", "primaryLarge", "globalCallInNumURL"), account, isOwn),
    tollFreeRestrictionsURL: "https://numbers.example/toll-free.pdf",
    dialInSequences,
    callInNum: { tollNum, tollFreeNum: account?.toll_free, backupTollNum: text(config, "callInNumber") },
    participantAccessCode: account?.participant,
    participantLimitedAccessCode: account?.participant,
    ...(isOwn && account && { subscriberAccessCode: account.subscriber }),
    labels: {
      tollFreeCallInLabel: "Call-in toll-free number",
      tollCallInLabel: "Call-in toll number",
      participantAccessLabel: text(config, "participantAccessCodeLabel"),
      participantLimitedAccessLabel: text(config, "participantAccessCodeLabel"),
      ...(isOwn && { subscriberAccessLabel: text(config, "subscriberAccessCodeLabel") }),
      globalCallInNumbersLabel: "Global call-in numbers",
    },
    isMPAudio: settings.isMPAudio ?? false,
    voip: true,
    enableTSP: settings.enableTSP ?? false,
  };
}

const loud = "[AccessNumber],,*00*[AccessCode]#";
const silent = "[AccessNumber],,*01*[AccessCode]#";
const dialInSequences = [
  `AutoDialInSequence:${loud},,,[AttendeeID]#`,
  `SilentDialInSequence:${silent}[AttendeeID]#*01*`,
  `AutoLGDialInSequence:${loud},,,[ProfileID]#,,,[PIN]#`,
  `SilentLGDialInSequence:${silent}[ProfileID]#[PIN]#*01*`,
  `AutoLGPWDialInSequence:${loud},,,[ProfileID]#,,,[PIN]#,,,[Password]#`,
  `SilentLGPWDialInSequence:${silent}[ProfileID]#[PIN]#[Password]#*01*`,
].join("|");

/** The site's address of its numbers, with the variables of the account in use filled in. */
function filled(template: string | undefined, account: TspAccountRow, isOwn: boolean): string | undefined {
  const values: Readonly<Record<string, string>> = {
    TollNum: account.toll.slice(1),
    TollNumCC: account.toll.slice(0, 1),
    TollFreeNum: account.toll_free.slice(1),
    TollFreeNumCC: account.toll_free.slice(0, 1),
    ParticipantCode: account.participant,
    SubscriberCode: isOwn ? account.subscriber : "",
  };
  return template?.replaceAll(/%(\w+)%/g, (variable, name: string) => encodeURIComponent(values[name] ?? variable));
}
