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
  "too-late": "it got to it too late",
  unreachable: "it could not be reached",
};

export function refusalText(why: string): string {
  return `The bridge refused it: ${refusalTexts[why as RefusalReason] ?? why}.`;
}

const outcomeTexts: Readonly<Partial<Record<LeaveReason | ResultWord, string>>> = {
  "hung-up": "The caller hung up.",
  expelled: "The bridge dropped it: somebody there wanted that, and not WebEx.",
  "conference-ended": "The conference ended, and its calls with it.",
  busy: "The line was busy.",
  "no-answer": "Nobody answered.",
  rejected: "The called party rejected the call or hung up.",
  "invalid-number": "The number does not exist.",
  cancelled: "The call was cancelled while it rang.",
  refused: "The bridge, or the policy of its agent, refused the call.",
  "not-found":
    "The bridge no longer had the call when conference and bridge were compared: word of its end had not come before.",
  "bridge-timeout": "The bridge did not answer in time.",
  "bridge-unreachable": "The bridge refused it or could not be reached.",
  "number-denied": "The domain's settings do not allow that number.",
  "capacity-exceeded":
    "There were as many callers as WebEx allows for this conference, or the bridge had no free port.",
  "no-such-conference": "The conference was not there, or was being closed.",
  "no-such-call": "The call was over, or WebEx had named another one.",
  "not-supported": "The bridge cannot do it, or it is not possible for this call.",
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
  speaking: "other people spoke",
  reporting: "whether it reports who speaks",
  locked: "the lock had changed",
  room: "there was another set of rooms",
  "call-out": "a call that was dialled was over, or was not wanted any more",
  lost: "it no longer had the conference",
  over: "it still had a conference that was over",
  bridge: "another bridge held it, with callers",
};

/** What a comparison with the bridge changed. */
export function repairsText(repairs: readonly FactOf<"repaired">[]): string {
  const counts = Object.entries(Object.groupBy(repairs, ({ what }) => repairTexts[what]));
  const texts = counts.map(([text, found = []]) => (found.length === 1 ? text : `${text} (${found.length} times)`));
  return `Conference and bridge were compared, and the bridge held it otherwise: ${texts.join(", ")}.`;
}

export const withheldTexts = {
  detached: "WebEx does not have the conference now: it has let it go on alone, or never created it.",
  unnamed: "WebEx has given this call no name.",
  "not-named-yet": "WebEx has given this call no name yet.",
} as const;

export const replaced = "Its server was replaced, and the next one is notified of all.";
export const expired = "WebEx could not be reached for so long that nobody waits for it any more.";
export const overtaken = "It is not sent any more: it is no longer so, or another message says it.";
export const undiallable = "Nobody can dial such a number, so the bridge was not asked to.";
export const mutedBefore =
  "It returned from a sub-conference, and was muted in the main conference before it went there.";
export const mutedUnseen =
  "The bridge held it as muted when conference and bridge were compared: word of the change had not come before.";
export const mutedItself = "The caller muted itself by the keys of its telephone.";
export const goneBefore =
  "It was to be dropped, and the bridge answered that the call was over already: word of its end had not come before.";
export const waits = "WebEx cannot be notified now. It is notified of this, or of how it is then, later.";
export const unmatched =
  "WebEx named the call, but the caller has entered no attendee ID, so WebEx cannot tell which person of the meeting it is.";
export const wasDetached =
  "WebEx did not have the conference then: it had closed the meeting and kept its audio, or never created it. It is not notified of who enters until it creates it.";

const lost =
  "The bridge no longer had it: it had ended there, or the bridge was started anew, and word of that had not come.";
const neverCreated =
  "The edge had found it on the bridge, and WebEx had not created it again in the time that the settings give it (orphanConferenceMinutes): it was ended, and its callers heard so.";

export function foundText(bridge: string | null): string {
  return `The edge found the conference on the bridge ${bridge} and did not know it, as after a loss of its state: WebEx was to create it again.`;
}

export function detachedText(at: number): string {
  return `WebEx closed the meeting at ${instantText(at)} and kept its audio: it wants to hear nothing of it until it opens it again.`;
}

/** Why a command has no result. */
export function overdueText(command: { readonly isUnacknowledged: boolean } | undefined): string {
  return command?.isUnacknowledged
    ? "No agent of the bridge took the command in time: the agent was away, or its link was broken."
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

/** Whoever has the operator's token goes by "operator". `null`: no operator asked. */
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
    return `${whoText(by)} had it dialled as a call that may only listen, so it was muted before it entered.`;
  if (participantType === "silent-monitor")
    return "It entered the ID of silent monitors as its attendee ID, so it entered muted and may only listen.";
  return by.some(({ type }) => type === "repair")
    ? "It had muted itself before the bridge could tell that it entered."
    : "It was muted already when the bridge reported that it entered.";
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
  const asked = endedBy === "operator" ? `${capitalized(person)} wanted that` : "WebEx closed it";
  const noBridge = "The settings did not have its bridge any more, so nobody was hung up there.";
  if (why === "lost") return endedBy === "operator" ? `${asked}. ${noBridge}` : lost;
  if (endedBy === "policy") return neverCreated;
  if (endedBy === "telephone") return "Somebody ended it by telephone, at the bridge.";
  if (endedBy !== "nobody") {
    const done = `ended it at ${instantText(at)}.`;
    return `${asked}${since(closedAt)}, and ${withoutBridge ? `${person} ${done} ${noBridge}` : `the bridge ${done}`}`;
  }
  if (!isOrphan)
    return `WebEx had closed the meeting${since(detachedAt)} and kept its audio, and nobody was left on the telephone.`;
  return by.some(({ type }) => type === "request")
    ? "The edge had found it on the bridge, and nobody was in it when WebEx created it again: that one is another."
    : "The edge had found it on the bridge, WebEx had not created it again, and nobody was left on the telephone.";
}
