import { type SessionService, visibilityRows } from "../tables/session.ts";
import type { Values } from "../wire/codec.ts";
import type { XmlCall } from "./call.ts";
import { accountOf, alternateHosts, factsOf, isHost, isRecurring, summaryOf, testsOf } from "./sessions.ts";
import { emailOf, nameOf, type Session } from "./site.ts";
import { group, isOn, put, text } from "./values.ts";

/** Returns the elements that this caller may see. Support sessions have no column, and are treated as meetings. */
export function getSessionInfo(call: XmlCall): Values {
  const session = call.site.session(call.request.sessionKey);
  const service: SessionService = session.service === "SC" ? "MC" : session.service;
  const { password } = factsOf(session);
  const isInside = isOfSession(call, session) || (password !== "" && call.request.sessionPassword === password);
  return visibilityRows.reduce(
    (values, { path, shown }) => {
      const isShown = shown[service] === "always" || (shown[service] === "password" && isInside);
      return isShown ? values : without(values, path.split("."));
    },
    everything(call, session),
  );
}

/** Removes the value at a path, also in each item of a list. */
function without(values: Values, [name = "", ...rest]: readonly string[]): Values {
  const inner = values[name];
  if (rest.length === 0 || inner === undefined) return put(values, [name], undefined);
  if (Array.isArray(inner)) return { ...values, [name]: inner.map((item: Values) => without(item, rest)) };
  return { ...values, [name]: without(group(values, name), rest) };
}

/** True for a host, alternate host, invited attendee, panelist or presenter. */
function isOfSession({ site, userOrNobody: user }: XmlCall, session: Session): boolean {
  if (!user) return false;
  const email = emailOf(user).toLowerCase();
  return isHost(site, session, user) || site.attendees(session).some((one) => one.email.toLowerCase() === email);
}

function everything(call: XmlCall, session: Session): Values {
  const { site, userOrNobody: user } = call;
  const { settings, key: MK } = session;
  const { password } = factsOf(session);
  const { audioStatus, ...summary } = summaryOf(site, session);
  const hosts = alternateHosts(site, session);
  const isOwn = user !== null && isHost(site, session, user);
  const presenters = site.attendees(session).filter(({ part }) => part === "presenter");
  const isAutoRecord = isOn(settings, "enableOptions", "autoRecord") || isOn(settings, "extOptions", "autoRecord");
  return {
    ...summary,
    isLocked: session.isLocked,
    presenter: presenters.map(({ name }) => name),
    panelistsInfo: text(settings, "panelists", "panelistsInfo"),
    verifyFlashMediaURL: site.url("media.php", { MK, KIND: "flash" }),
    verifyWinMediaURL: site.url("media.php", { MK, KIND: "win" }),
    accessControl: {
      ...summary,
      sessionPassword: password,
      ...(summary.registration === true && { registrationURL: site.url("m.php", { AT: "GF", MK }) }),
      isEnforceAudioPassword: false,
      isEnforceAudioLogin: false,
    },
    metaData: {
      ...group(settings, "metaData"),
      ...summary,
      agendaFormat: "TEXT",
      descriptionFormat: "TEXT",
      isException: false,
      seriesMeetingKey: isRecurring(session) ? String(MK) : "0",
      hasException: false,
    },
    telephony: telephonyOf(call, session, isOwn),
    test: testsOf(site, session),
    host: { ...site.user(session.hostId).profile, alternateHost: hosts, allowAnyoneHostMeeting: false },
    schedule: { ...summary, openTimeInSec: summary.openTime },
    attendeeOptions: { joinRequiresAccount: isOn(settings, "attendeeOptions", "joinRequiresAccount") },
    telePresence: false,
    isAlternateHost: user !== null && hosts.includes(nameOf(user)),
    isCreator: user?.key === session.hostId,
    ...(isOwn && { hostKey: session.hostKey }),
    supportE2E: isOn(settings, "enableOptions", "supportE2E"),
    isAllowJBH: isOn(settings, "schedule", "joinTeleconfBeforeHost"),
    isCETMeeting: true,
    isPersonalMeetingRoom: false,
    isNextUpcomingInstance: true,
    meetingLink: site.url("j.php", { MTID: `m${session.confId.toString(36)}` }),
    sipURL: `${MK}@${new URL(site.options.address).hostname}`,
    isAutoRecord,
  };
}

function telephonyOf({ site }: XmlCall, session: Session, isOwn: boolean): Values {
  const settings = group(session.settings, "telephony");
  const config = group(site.settings, "telephonyConfig");
  const account = accountOf(site, session);
  const label = text(config, "participantAccessCodeLabel");
  const siteNumber = text(config, "callInNumber") ?? "";
  return {
    telephonySupport: settings.telephonySupport ?? "NONE",
    extTelephonyDescription: settings.extTelephonyDescription,
    globalCallInNumbersURL: account && "https://numbers.example/call-in",
    tollFreeRestrictionsURL: "https://numbers.example/toll-free.pdf",
    dialInSequences,
    callInNum: {
      tollNum: text(account, "tollCallInNumber") ?? siteNumber,
      tollFreeNum: account?.tollFreeCallInNumber,
      backupTollNum: siteNumber,
    },
    participantAccessCode: account?.participantAccessCode,
    participantLimitedAccessCode: account?.participantAccessCode,
    ...(isOwn && { subscriberAccessCode: account?.subscriberAccessCode }),
    labels: {
      tollFreeCallInLabel: "Call-in toll-free number",
      tollCallInLabel: "Call-in toll number",
      participantAccessLabel: label,
      participantLimitedAccessLabel: label,
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
