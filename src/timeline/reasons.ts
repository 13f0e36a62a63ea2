import type { RefusalReason } from "../bridge/commands.ts";
import { promptEnds } from "../bridge/prompt-call.ts";
import type { Cause, LeaveReason, SingleFact } from "../conference/facts.ts";
import { BACK_END } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import { capitalized } from "../foundation/text/sentence.ts";
import { instantText } from "../foundation/time/shown-time.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";

export type FactOf<Kind extends SingleFact["kind"]> = Extract<SingleFact, { kind: Kind }>;

/** Why the bridge refused a command, to follow "The bridge refused it: ". */
const refusalTexts: Readonly<Record<RefusalReason, string>> = {
  refused: "it gave no reason",
  capacity: "it has no free port, or is drained",
  "not-supported": "it cannot do that",
  "no-such-conference": "it no longer had the conference",
  "no-such-call": "the call was over already",
  "no-such-room": "it no longer had the room",
  locked: "the conference was locked",
  "too-late": "the command came too late",
  unreachable: "it could not be reached",
};

export function refusalText(why: string): string {
  return `The bridge refused it: ${refusalTexts[why as RefusalReason] ?? why}.`;
}

const outcomeTexts: Readonly<Partial<Record<LeaveReason | ResultWord, string>>> = {
  "hung-up": "The caller hung up.",
  expelled: "The bridge disconnected the call. WebEx did not ask for it.",
  "conference-ended": "The conference ended.",
  busy: "The line was busy.",
  "no-answer": "Nobody answered.",
  rejected: "The called party rejected the call or hung up.",
  "invalid-number": "The number does not exist.",
  cancelled: "The call was cancelled while it rang.",
  refused: "The bridge, its trunk, or the policy of its agent, refused the call.",
  "not-found": "A comparison with the bridge showed that the call was over. The bridge had not reported its end.",
  "bridge-timeout": "The bridge did not answer in time.",
  "bridge-unreachable": "The bridge refused it or could not be reached.",
  "number-denied": "The domain's settings do not allow that number.",
  "capacity-exceeded": "The conference had as many callers as WebEx allows, or the bridge had no free port.",
  "no-such-conference": "The conference did not exist, or was being closed.",
  "no-such-call": "The call was over, or WebEx named another call.",
  "not-supported": "The bridge or this call does not support it.",
  "conference-closed": "The conference was over.",
  "conference-locked": "The conference was locked.",
};

/** Why a call ended, or WebEx was refused a request. */
export function outcomeText(why: string): string {
  const text = outcomeTexts[why as keyof typeof outcomeTexts];
  return text ?? (why in refusalTexts ? refusalText(why) : `The answer was ${why}.`);
}

const repairTexts: Readonly<Record<FactOf<"repaired">["what"], string>> = {
  entered: "a caller had entered",
  left: "a caller had left",
  muted: "a caller's mute had changed",
  moved: "a caller was in another room",
  speaking: "other callers spoke",
  reporting: "the reporting of speakers had changed",
  locked: "the lock had changed",
  room: "the rooms had changed",
  "call-out": "a call-out was over or no longer wanted",
  lost: "the bridge no longer had the conference",
  over: "the bridge still had an ended conference",
  bridge: "another bridge had it, with callers",
};

/** What a comparison with the bridge changed. */
export function repairsText(repairs: readonly FactOf<"repaired">[]): string {
  const counts = Object.entries(Object.groupBy(repairs, ({ what }) => repairTexts[what]));
  const texts = counts.map(([text, found = []]) => (found.length === 1 ? text : `${text} (${found.length} times)`));
  return `A comparison with the bridge showed differences: ${texts.join(", ")}.`;
}

export const withheldTexts = {
  detached: "WebEx does not have the conference now. It closed the meeting, or never created it.",
  unnamed: "WebEx has not named this call.",
  "not-named-yet": "WebEx has not named this call yet.",
} as const;

export const replaced = "The TSP server was replaced. The new one is notified of everything.";
export const expired = "WebEx was unreachable for too long, so the notification expired.";
export const overtaken = "No longer sent, because it is outdated or another message says it.";
export const undiallable = "The number cannot be dialed, so the bridge was not asked.";
export const mutedBefore =
  "The caller returned from a sub-conference, and had been muted in the main conference before.";
export const mutedUnseen = "A comparison with the bridge showed the mute. The bridge had not reported it.";
export const mutedItself = "The caller muted itself by DTMF digits.";
export const goneBefore =
  "The call should be disconnected, but the bridge answered that it was over. The bridge had not reported its end.";
export const waits = "WebEx is unreachable now. It is notified later, of this or of the newer state.";
export const unmatched =
  "WebEx named the call. The caller entered no attendee ID, so WebEx cannot match it to a person of the meeting.";
export const wasDetached =
  "WebEx did not have the conference then. It had closed the meeting and kept its audio, or never created it. It is notified of callers once it creates it.";

const lost = "The bridge no longer had it. It ended there, or the bridge restarted, and no report of that arrived.";
const neverCreated =
  "The edge had found it on the bridge, and WebEx did not create it again within orphanConferenceMinutes. So the edge ended it, and its callers heard a message.";

export function foundText(bridge: string | null): string {
  return `The edge found an unknown conference on the bridge ${bridge}, for example after a loss of state. WebEx should create it again.`;
}

export function detachedText(at: number): string {
  return `WebEx closed the meeting at ${instantText(at)} and kept its audio. Until it creates the conference again, it is not notified.`;
}

/** Why a command has no result. */
export function overdueText(command: { readonly isUnacknowledged: boolean } | undefined): string {
  return command?.isUnacknowledged
    ? "No agent acknowledged the command in time. The agent was disconnected, or its link was broken."
    : "The bridge did not answer in time.";
}

export function serverText(host: string | undefined): string {
  if (host === BACK_END) return "The partner's back end";
  return host === undefined ? "WebEx" : `WebEx's server ${host}`;
}

type Asker = Extract<Cause, { type: "request" | "action" }>;

/** The first who asked, of all causes. */
export function askerIn(by: readonly Cause[]): Asker | undefined {
  return by.find((cause): cause is Asker => cause.type === "request" || cause.type === "action");
}

/** Returns `null` if no operator asked. The operator's token has the name "operator". */
function operatorText(cause: Asker | undefined): string | null {
  if (cause?.type !== "action") return null;
  return cause.person === "" || cause.person === "operator" ? "an operator" : `the operator ${cause.person}`;
}

/** As "WebEx", or "The operator anna". */
export function whoText(by: readonly Cause[]): string {
  return capitalized(operatorText(askerIn(by)) ?? "WebEx");
}

/** As "WebEx asked for it at …". */
export function askedText(by: readonly Cause[], at: number): string {
  return `${askerIn(by) ? whoText(by) : "The edge"} asked for it at ${instantText(at)}`;
}

export function turnedAwayText({ why, reason, wrongKeys, waitedMs }: FactOf<"call-turned-away">): string {
  const refused = reason ? refusalText(reason).replace("refused it", "refused to admit it") : promptEnds[why];
  const before = wrongKeys > 0 ? ` It had entered ${counted(wrongKeys, "wrong key")} before.` : "";
  return `${refused} It was in the prompt for ${Math.round(waitedMs / 1_000)} s.${before}`;
}

export function enteredMutedText({ participantType, direction, by }: FactOf<"call-entered">): string {
  if (direction === "out")
    return `${whoText(by)} had it dialed as a listen-only call, so it was muted before it entered.`;
  if (participantType === "silent-monitor")
    return "Its attendee ID is the ID of silent monitors, so it entered muted and may only listen.";
  return by.some(({ type }) => type === "repair")
    ? "The caller had muted itself before the bridge reported its entry."
    : "It was already muted when the bridge reported its entry.";
}

/** What the timeline knows of a conference that ends. */
interface Ending {
  readonly at: number;
  /** When the bridge was first asked to end it. */
  readonly closedAt: number | null;
  /** When WebEx let it go on alone. */
  readonly detachedAt: number | null;
  /** It was found on the bridge, and WebEx has not created it since. */
  readonly isOrphan: boolean;
  /** A user ended it although the settings no longer have its bridge. */
  readonly withoutBridge: boolean;
}

/** Why a conference ended. */
export function endText({ endedBy, why, by }: FactOf<"conference-ended">, ending: Ending): string {
  const { at, closedAt, detachedAt, isOrphan, withoutBridge } = ending;
  const since = (time: number | null) => (time === null ? "" : ` at ${instantText(time)}`);
  const person = operatorText(askerIn(by)) ?? "an operator";
  const asked = endedBy === "operator" ? `${capitalized(person)} asked for the end` : "WebEx closed it";
  const noBridge = "The settings no longer had its bridge, so no call there was disconnected.";
  if (why === "lost") return endedBy === "operator" ? `${asked}. ${noBridge}` : lost;
  if (endedBy === "policy") return neverCreated;
  if (endedBy === "telephone") return "The host ended it by telephone.";
  if (endedBy !== "nobody") {
    const done = `ended it at ${instantText(at)}.`;
    return `${asked}${since(closedAt)}, and ${withoutBridge ? `${person} ${done} ${noBridge}` : `the bridge ${done}`}`;
  }
  if (!isOrphan) return `WebEx had closed the meeting${since(detachedAt)} and kept its audio, and no caller was left.`;
  return by.some(({ type }) => type === "request")
    ? "The edge had found it on the bridge, and no caller was left when WebEx created it again. The new one is another conference."
    : "The edge had found it on the bridge, WebEx had not created it again, and no caller was left.";
}
