import { ok, type Result } from "../doors/foundation.ts";
import type { Answered } from "../tables/operations.ts";
import { type SessionService, type Visibility, type VisiblePath, visibilityRows } from "../tables/session.ts";
import type { WrongField } from "../wire/codec.ts";
import type { XmlApiFault } from "./faults.ts";
import type { XmlApi } from "./xml-api.ts";

/** An element as the site shows it to the caller. */
export type Seen =
  | { readonly is: "given"; readonly value: unknown }
  /** The session's password, or an account of the session, would show it if there is one. */
  | { readonly is: "needs-password" }
  /** Sessions of this service have none to show. */
  | { readonly is: "never" }
  /** The caller would have been given it: the session has none. */
  | { readonly is: "absent" }
  /** Not given, and nothing in the answer says why. */
  | { readonly is: "unknown" }
  | { readonly is: "wrong"; readonly field: WrongField };

/** How the site saw the caller, inferred from its answer. `member`: host, invited attendee, panelist or presenter. */
export type SessionMode = "anonymous" | "password" | "password-refused" | "member" | "unknown";

export interface SessionInfo {
  /** `other`: a service without a column in the table of visibility, such as a support session. */
  readonly service: SessionService | "other";
  readonly mode: SessionMode;
  readonly elements: Readonly<Record<VisiblePath, Seen>>;
  readonly answer: Answered<"getSessionInfo">;
  readonly wrong: readonly WrongField[];
}

/** What a site shows of a session. */
export async function getSessionInfo(
  api: Pick<XmlApi, "call" | "form">,
  request: { readonly sessionKey: string; readonly sessionPassword?: string },
): Promise<Result<SessionInfo, XmlApiFault>> {
  const reads = ["sessionkey", "metaData.serviceType", "isAudioOnly"];
  const answer = await api.call("getSessionInfo", request, reads);
  if (!answer.ok) return answer;
  const { value, wrong } = answer.value;
  const service = value.isAudioOnly ? "AO" : (services[value.metaData?.serviceType ?? ""] ?? "other");
  const mode = modeOf(service, value, request.sessionPassword !== undefined, api.form === "anonymous");
  const elements = visibilityRows.map(({ path, shown }): [VisiblePath, Seen] => {
    const found = valueAt(value, path.split("."));
    if (found !== undefined) return [path, { is: "given", value: found }];
    const field = wrong.find((one) => one.path.replaceAll(/\[\d+\]/g, "") === path);
    if (field) return [path, { is: "wrong", field }];
    return [path, { is: service === "other" ? "unknown" : missing(mode, shown[service]) }];
  });
  const all = Object.fromEntries(elements) as SessionInfo["elements"];
  return ok({ service, mode, elements: all, answer: value, wrong });
}

const services: Readonly<Record<string, SessionService>> = {
  MeetingCenter: "MC",
  SalesCenter: "SaC",
  TrainingCenter: "TC",
  EventCenter: "EC",
};

function modeOf(
  service: SessionService | "other",
  answer: Answered<"getSessionInfo">,
  hasPassword: boolean,
  isAnonymous: boolean,
): SessionMode {
  if (answer.isCreator || answer.isAlternateHost) return "member";
  if (service === "other") return "unknown";
  const rows = visibilityRows.filter(({ shown }) => shown[service] === "password");
  const isInside = rows.some(({ path }) => holdsSomething(valueAt(answer, path.split("."))));
  if (isInside) return hasPassword ? "password" : "member";
  if (isAnonymous && !hasPassword) return "anonymous";
  // Each session has a kind of telephony, so it is shown to everybody who may see it.
  if (!rows.some(({ path }) => path === "telephony")) return "unknown";
  return hasPassword ? "password-refused" : "anonymous";
}

/** True if there is more than empty elements. */
function holdsSomething(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsSomething);
  return value !== undefined && value !== "";
}

/** Why an element is not in the answer. */
function missing(mode: SessionMode, visibility: Visibility): "needs-password" | "never" | "absent" | "unknown" {
  if (visibility === "never") return "never";
  if (visibility === "always" || mode === "member" || mode === "password") return "absent";
  return mode === "unknown" ? "unknown" : "needs-password";
}

/** The value at a path; of something within a list, the value in each item. */
function valueAt(value: unknown, [head, ...rest]: readonly string[]): unknown {
  if (value === undefined || head === undefined) return value;
  if (Array.isArray(value)) {
    const found = value.map((item) => valueAt(item, [head, ...rest])).filter((item) => item !== undefined);
    return found.length === 0 ? undefined : found;
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, head)) return undefined;
  return valueAt((value as Readonly<Record<string, unknown>>)[head], rest);
}
