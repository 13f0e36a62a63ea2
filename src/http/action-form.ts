import type { OperatorRefusal, OperatorRequest } from "../conference/operator-requests.ts";
import { writtenNumber } from "../foundation/dial-rules.ts";
import type { CallId, RoomId } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { sha256 } from "../foundation/secrets.ts";

const ofAll = ["lock", "unlock", "mute-all", "unmute-all", "end"] as const;
const ofCall = ["mute", "unmute", "expel"] as const;

/** What a form of a conference's page asks, or what is wrong with it, in a sentence. */
export function readAction(form: URLSearchParams): Result<OperatorRequest, string> {
  const given = (name: string) => (form.get(name) ?? "").trim();
  const type = given("type");
  const call = given("call") as CallId;
  const all = ofAll.find((one) => one === type);
  if (all) return ok({ type: all });
  const one = ofCall.find((each) => each === type);
  if (one) return call === "" ? err("The form names no call. Load the page again.") : ok({ type: one, call });
  if (type === "move") {
    const room = given("room") as RoomId;
    if (call === "" || room === "") return err("The form names no call or no room. Load the page again.");
    return ok({ type, call, room });
  }
  if (type === "call-out") return readCallOut(given("number"), given("attendeeId"), given("muted") !== "");
  return err(`${type === "" ? "Nothing" : `"${type.slice(0, 40)}"`} is no action of this page. Load it again.`);
}

function readCallOut(text: string, attendeeId: string, muted: boolean): Result<OperatorRequest, string> {
  const number = writtenNumber(text);
  if (number === null) {
    return err(
      `"${text.slice(0, 40)}" is no telephone number. Write it with its country code, such as +1 408 555 0101.`,
    );
  }
  if (!/^[\x20-\x7e]{0,64}$/.test(attendeeId)) return err("The attendee ID may have 64 characters of ASCII at most.");
  return ok({ type: "call-out", number, ...(attendeeId !== "" && { attendeeId }), ...(muted && { muted }) });
}

/**
 * The id of an action: the same for the same request of one person on the same `mark`, which says how the conference was when the page
 * was made. So a form that is sent twice acts once, and one that is filled in anew acts again.
 */
export async function actionIdOf(request: OperatorRequest, person: string, mark: string): Promise<string> {
  const known = /^[0-9a-z]{1,12}$/.test(mark) ? mark : "none";
  const digest = await sha256(JSON.stringify([request, person, known]));
  return `console-${known}-${digest.slice(0, 24)}`;
}

/** Why an action is refused, in a sentence. */
export const refusalTexts: Readonly<Record<OperatorRefusal, string>> = {
  "no-such-conference": "The conference does not run any more, or is being ended.",
  "no-such-call": "The call is over, or has not entered yet.",
  "no-such-room": "There is no such room, or it is not open.",
  "not-supported": "The conference's bridge cannot do that.",
  "denied-by-policy": "The domain's settings do not let this number be called.",
  "in-private-talk": "The caller talks to somebody in private. A move would end that talk, which WebEx alone may do.",
  "conference-locked":
    "The conference is locked, and the domain's settings let nobody be called into it. Unlock it first.",
  "conference-full": "WebEx allows no more callers for this conference.",
};
