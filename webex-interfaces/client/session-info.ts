import { ok, type Result } from "../doors/foundation.ts";
import type { Answered } from "../tables/operations.ts";
import { type SessionService, type Visibility, type VisiblePath, visibilityRows } from "../tables/session.ts";
import type { WrongField } from "../wire/codec.ts";
import type { XmlApiFault } from "./faults.ts";
import type { XmlApi } from "./xml-api.ts";

/** The state of an element in the site's answer. */
export type Seen =
  | { readonly is: "given"; readonly value: unknown }
  /** Only shown with the session's password or to its members, if the session has it. */
  | { readonly is: "needs-password" }
  /** Never shown for this service. */
  | { readonly is: "never" }
  /** The caller may see it, so the session has none. */
  | { readonly is: "absent" }
  /** Not in the answer, for an unknown reason. */
  | { readonly is: "unknown" }
  | { readonly is: "wrong"; readonly field: WrongField };

/** Rights of the caller, inferred from the answer. `member`: host, invited attendee, panelist or presenter. */
export type SessionMode = "anonymous" | "password" | "password-refused" | "member" | "unknown";

export interface SessionInfo {
  /** `other`: a service without a column in the table of visibility, such as a support session. */
  readonly service: SessionService | "other";
  readonly mode: SessionMode;
  readonly elements: Readonly<Record<VisiblePath, Seen>>;
  readonly answer: Answered<"getSessionInfo">;
  readonly wrong: readonly WrongField[];
}

/** Asks the site for a session, and classifies every element. */
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
  // Every session has `telephony`, so its absence means that the caller may not see it.
  if (!rows.some(({ path }) => path === "telephony")) return "unknown";
  return hasPassword ? "password-refused" : "anonymous";
}

/** True if any element is not empty. */
function holdsSomething(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsSomething);
  return value !== undefined && value !== "";
}

/** Returns why an element is not in the answer. */
function missing(mode: SessionMode, visibility: Visibility): "needs-password" | "never" | "absent" | "unknown" {
  if (visibility === "never") return "never";
  if (visibility === "always" || mode === "member" || mode === "password") return "absent";
  return mode === "unknown" ? "unknown" : "needs-password";
}

/** Returns the value at a path. For a path within a list, returns each item's value. */
function valueAt(value: unknown, [head, ...rest]: readonly string[]): unknown {
  if (value === undefined || head === undefined) return value;
  if (Array.isArray(value)) {
    const found = value.map((item) => valueAt(item, [head, ...rest])).filter((item) => item !== undefined);
    return found.length === 0 ? undefined : found;
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, head)) return undefined;
  return valueAt((value as Readonly<Record<string, unknown>>)[head], rest);
}
