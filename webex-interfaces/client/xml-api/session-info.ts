import { ok, type Result } from "../../doors/foundation.ts";
import type { XmlApi } from "./client.ts";
import type { XmlApiFault } from "./faults.ts";
import type { Response } from "./operations.ts";
import type { SecurityContext } from "./request.ts";
import type { WrongField } from "./response.ts";

/** Meeting, sales, training and event session, and a meeting of audio alone; in the documents MC, $C, TC, EC and AO. */
export const sessionServices = ["MC", "SaC", "TC", "EC", "AO"] as const;

export type SessionService = (typeof sessionServices)[number];

/** `always`; only with the session's password or to a person who is of the session; `never`. */
export type Visibility = "always" | "password" | "never";

type Row = readonly [
  printed: string,
  path: string,
  MC: Visibility,
  SaC: Visibility,
  TC: Visibility,
  EC: Visibility,
  AO: Visibility,
];

const [yes, pw, no] = ["always", "password", "never"] as const;

/** What getSessionInfo shows of each service (protocol 6.6): the name as printed, and where it stands in the answer. */
const rows = [
  ["status", "status", yes, yes, yes, yes, no],
  ["isLocked", "isLocked", yes, yes, yes, yes, yes],
  ["presenter", "presenter", no, no, yes, no, no],
  ["panelistsInfo", "panelistsInfo", no, no, no, yes, no],
  ["programName", "programName", no, no, no, yes, no],
  ["sessionKey", "sessionkey", yes, yes, yes, yes, yes],
  ["confID", "confID", yes, yes, yes, yes, yes],
  ["verifyFlashMediaURL", "verifyFlashMediaURL", pw, pw, no, no, no],
  ["verifyWinMediaURL", "verifyWinMediaURL", pw, pw, no, no, no],
  ["accessControl", "accessControl", yes, yes, yes, yes, yes],
  ["sessionPassword", "accessControl.sessionPassword", pw, pw, pw, no, pw],
  ["listStatus", "accessControl.listStatus", yes, yes, yes, yes, yes],
  ["registration", "accessControl.registration", yes, no, yes, yes, no],
  ["registrationURL", "accessControl.registrationURL", pw, no, yes, yes, no],
  ["metaData", "metaData", yes, yes, yes, yes, yes],
  ["confName", "metaData.confName", yes, yes, yes, yes, yes],
  ["sessionType", "metaData.sessionType", yes, yes, yes, yes, yes],
  ["serviceType", "metaData.serviceType", yes, yes, yes, yes, yes],
  ["agenda", "metaData.agenda", pw, pw, pw, no, no],
  ["description", "metaData.description", no, no, yes, yes, no],
  ["account", "metaData.account", no, pw, no, no, no],
  ["opportunity", "metaData.opportunity", no, pw, no, no, no],
  ["isRecurring", "metaData.isRecurring", yes, yes, yes, yes, yes],
  ["telephony", "telephony", pw, pw, pw, no, pw],
  ["telephonySupport", "telephony.telephonySupport", pw, pw, pw, no, pw],
  ["extTelephonyDescription", "telephony.extTelephonyDescription", pw, pw, pw, no, pw],
  ["globalCallinNumbersURL", "telephony.globalCallInNumbersURL", pw, pw, pw, no, pw],
  ["tollFreeRestrictionsURL", "telephony.tollFreeRestrictionsURL", pw, pw, pw, no, pw],
  ["callInNum", "telephony.callInNum", pw, pw, pw, no, pw],
  ["backupTollNum", "telephony.callInNum.backupTollNum", pw, pw, pw, no, pw],
  ["participantAccessCode", "telephony.participantAccessCode", pw, pw, pw, no, pw],
  ["participantLimitedAccessLabel", "telephony.labels.participantLimitedAccessLabel", no, no, no, no, pw],
  ["material", "material", no, no, pw, yes, no],
  ["imageURL", "material.imageURL", no, no, no, yes, no],
  ["document", "material.document", no, no, pw, pw, no],
  ["name", "material.document.name", no, no, pw, pw, no],
  ["URL", "material.document.URL", no, no, pw, pw, no],
  ["size", "material.document.size", no, no, pw, pw, no],
  ["test", "test", no, no, pw, no, no],
  ["title", "test.title", no, no, pw, no, no],
  ["titleURL", "test.titleURL", no, no, pw, no, no],
  ["delivery", "test.delivery", no, no, pw, no, no],
  ["status (of a test)", "test.status", no, no, pw, no, no],
  ["action", "test.action", no, no, pw, no, no],
  ["actionURL", "test.actionURL", no, no, pw, no, no],
  ["host", "host", yes, yes, yes, yes, yes],
  ["firstName", "host.firstName", yes, yes, yes, yes, yes],
  ["lastName", "host.lastName", yes, yes, yes, yes, yes],
  ["email", "host.email", yes, yes, yes, yes, yes],
  ["webExID", "host.webExId", yes, yes, yes, yes, yes],
  ["alternateHost", "host.alternateHost", pw, pw, no, no, pw],
  ["schedule", "schedule", yes, yes, yes, yes, yes],
  ["startDate", "schedule.startDate", yes, yes, yes, yes, yes],
  ["duration", "schedule.duration", yes, yes, yes, yes, yes],
  ["timeZone", "schedule.timeZone", yes, yes, yes, yes, yes],
  ["sipURL", "sipURL", yes, no, yes, yes, no],
  ["isAutoRecord", "isAutoRecord", yes, no, yes, yes, no],
] as const satisfies readonly Row[];

export interface VisibilityRow {
  readonly printed: string;
  readonly path: VisiblePath;
  readonly shown: Readonly<Record<SessionService, Visibility>>;
}

export const visibilityTable: readonly VisibilityRow[] = rows.map(([printed, path, MC, SaC, TC, EC, AO]) => ({
  printed,
  path,
  shown: { MC, SaC, TC, EC, AO },
}));

/** The path of an element of the table, such as `telephony.callInNum`. */
export type VisiblePath = (typeof rows)[number][1];

type Whole = Response<"getSessionInfo">;

/** What stands at a path; of something within a list, what stands in each item. */
type ValueAt<Value, At extends string> = Value extends readonly (infer Item)[]
  ? readonly ValueAt<Item, At>[]
  : At extends `${infer Head}.${infer Rest}`
    ? Head extends keyof Value
      ? ValueAt<NonNullable<Value[Head]>, Rest>
      : never
    : At extends keyof Value
      ? NonNullable<Value[At]>
      : never;

/** An element as the site shows it to the one who asks. */
export type Seen<Value> =
  | { readonly is: "given"; readonly value: Value }
  /** The session's password, or a person who is of the session, would show it if there is one. */
  | { readonly is: "needs-password" }
  /** Sessions of this service have none to show. */
  | { readonly is: "never" }
  /** The one who asked would have been given it: the session has none. */
  | { readonly is: "absent" }
  /** Not given, and nothing in the answer tells why: the session has none, or the one who asked is not shown it. */
  | { readonly is: "unknown" }
  /** Given, but of another type than the table says. */
  | { readonly is: "wrong"; readonly field: WrongField };

/**
 * As whom the site answered, told by what it gave: `password`, to the session's password; `member`, to its host, an invited attendee, a
 * panelist or a presenter; `anonymous`, to neither; `password-refused`, with a password that is not the session's. `unknown`: nothing in
 * the answer tells, as of an event without documents.
 */
export type SessionMode = "anonymous" | "password" | "password-refused" | "member" | "unknown";

export interface SessionInfo {
  /** `other`: of a service that the visibility table does not have, such as a support session. */
  readonly service: SessionService | "other";
  readonly mode: SessionMode;
  readonly elements: { readonly [Path in VisiblePath]: Seen<ValueAt<Whole, Path>> };
  /** The whole answer, with what stands in no table: dialInSequences, meetingLink and others. */
  readonly answer: Whole;
  /** What of the answer has another type than the table says. */
  readonly wrong: readonly WrongField[];
}

export interface SessionInfoRequest {
  readonly sessionKey: string;
  readonly sessionPassword?: string;
}

export interface SessionInfoOptions {
  /** Other credentials than the client's; `{ form: "anonymous", site }` for the anonymous mode. */
  readonly as?: SecurityContext;
  /** The one who asks is known to be of the session. Its creator and alternate hosts are found out. */
  readonly isMember?: boolean;
}

/** What a site shows of a session. */
export async function getSessionInfo(
  api: Pick<XmlApi, "call" | "form">,
  request: SessionInfoRequest,
  { as, isMember = false }: SessionInfoOptions = {},
): Promise<Result<SessionInfo, XmlApiFault>> {
  const answer = await api.call("getSessionInfo", request, {
    reads: ["sessionkey", "metaData.serviceType", "isAudioOnly"],
    ...(as ? { as } : {}),
  });
  if (!answer.ok) return answer;
  const { value, wrong } = answer.value;
  const service = serviceOf(value);
  const isOfIt = isMember || value.isCreator === true || value.isAlternateHost === true;
  const isAnonymous = (as?.form ?? api.form) === "anonymous";
  const hasPassword = request.sessionPassword !== undefined;
  const mode = isOfIt ? "member" : modeOf(service, value, hasPassword, isAnonymous);
  return ok({ service, mode, elements: seenBy(mode, service, value, wrong), answer: value, wrong });
}

const services: Readonly<Record<string, SessionService>> = {
  MeetingCenter: "MC",
  SalesCenter: "SaC",
  TrainingCenter: "TC",
  EventCenter: "EC",
};

function serviceOf({ isAudioOnly, metaData }: Whole): SessionService | "other" {
  return isAudioOnly ? "AO" : (services[metaData?.serviceType ?? ""] ?? "other");
}

function modeOf(
  service: SessionService | "other",
  answer: Whole,
  hasPassword: boolean,
  isAnonymous: boolean,
): SessionMode {
  if (service === "other") return "unknown";
  const isInside = visibilityTable.some(
    ({ path, shown }) => shown[service] === "password" && holdsSomething(valueAt(answer, path.split("."))),
  );
  // A person who is of the session and sends its password besides is seen alike.
  if (isInside) return hasPassword ? "password" : "member";
  if (isAnonymous && !hasPassword) return "anonymous";
  // Whoever may see telephony is given it, since each session has a kind of it.
  const isTold = visibilityTable.some(({ path, shown }) => path === "telephony" && shown[service] === "password");
  if (!isTold) return "unknown";
  return hasPassword ? "password-refused" : "anonymous";
}

/** Whether there is more than empty elements. */
function holdsSomething(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsSomething);
  return value !== undefined && value !== "";
}

function seenBy(
  mode: SessionMode,
  service: SessionService | "other",
  answer: Whole,
  wrong: readonly WrongField[],
): SessionInfo["elements"] {
  const elements = visibilityTable.map(({ path, shown }): [VisiblePath, Seen<unknown>] => {
    const value = valueAt(answer, path.split("."));
    if (value !== undefined) return [path, { is: "given", value }];
    const field = wrong.find((one) => one.path.replaceAll(/\[\d+\]/g, "") === path);
    if (field) return [path, { is: "wrong", field }];
    return [path, { is: service === "other" ? "unknown" : missing(mode, shown[service]) }];
  });
  // Each path of the table has its element, with the value that the answer's type has there.
  return Object.fromEntries(elements) as unknown as SessionInfo["elements"];
}

/** Why an element is not in the answer. */
function missing(mode: SessionMode, visibility: Visibility): "needs-password" | "never" | "absent" | "unknown" {
  if (visibility === "never") return "never";
  if (visibility === "always" || mode === "member" || mode === "password") return "absent";
  return mode === "unknown" ? "unknown" : "needs-password";
}

function valueAt(value: unknown, [head, ...rest]: readonly string[]): unknown {
  if (value === undefined || head === undefined) return value;
  if (Array.isArray(value)) {
    const found = value.map((item) => valueAt(item, [head, ...rest])).filter((item) => item !== undefined);
    return found.length === 0 ? undefined : found;
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, head)) return undefined;
  return valueAt((value as Readonly<Record<string, unknown>>)[head], rest);
}
