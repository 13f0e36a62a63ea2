import type { CommandType } from "../../bridge/commands.ts";
import type { CallId } from "../../foundation/ids.ts";
import type { Explanation } from "../../rpc/story.ts";
import {
  askerIn,
  askerText,
  type FactOf,
  type Known,
  type KnownCommand,
  operatorText,
  type Questions,
  type WhyRow,
} from "./known.ts";
import { callerText, explained, refusalText, sentence, timeText } from "./words.ts";

/** What asks for a mute as such; a mute may also be a part of something else. */
const muteRequests = ["update-caller", "mute", "unmute", "mute-all", "unmute-all"];

const notDoneTexts: Readonly<Partial<Record<CommandType, string>>> = {
  mute: "not muted",
  unmute: "not unmuted",
  expel: "not dropped",
};

/** Why was a caller muted, and why not muted or dropped although it was asked for? */
export const mutes: Questions = {
  "call-muted": (fact, row, known) =>
    fact.muted ? answer(known, fact.call, "muted", row, ...whyMuted(fact, row, known)) : null,
  "call-entered": (fact, row, known) =>
    fact.muted ? answer(known, fact.call, "muted", row, whyEnteredMuted(fact)) : null,
  // Of a late failure it is told already that there was no answer in time.
  "command-failed": (fact, row, known) =>
    fact.late || fact.why === "conference-over"
      ? null
      : notDone(fact, row, known, `The bridge refused it: ${refusalText(fact.why)}.`),
  "command-expired": (fact, row, known) =>
    notDone(fact, row, known, known.noAnswerText(known.commands.get(fact.command))),
};

function whyMuted({ call, by }: FactOf<"call-muted">, row: WhyRow, known: Known): [string, KnownCommand | undefined] {
  const command = muteDoneIn(row, call, known);
  const asked = known.askedBy(by);
  if (asked !== null && !muteRequests.includes(asked))
    return ["It returned from a sub-conference, and was muted in the main conference before it went there.", command];
  if (askerIn(by))
    return [`${askerText(by, asked, command ?? row)}, and the bridge did it at ${timeText(row.at)}.`, command];
  if (by.some(({ type }) => type === "repair"))
    return [
      "The bridge held it as muted when conference and bridge were compared: word of the change had not come before.",
      command,
    ];
  return ["The caller muted itself by the keys of its telephone.", command];
}

function whyEnteredMuted({ participantType, direction, by }: FactOf<"call-entered">): string {
  const who = sentence(operatorText(askerIn(by)) ?? "WebEx");
  if (direction === "out")
    return `${who} had it dialled as a call that may only listen, so it was muted before it entered.`;
  if (participantType === "silent-monitor")
    return "It keyed the ID of silent monitors as its attendee ID, so it entered muted and may only listen.";
  return by.some(({ type }) => type === "repair")
    ? "It had muted itself before the bridge could tell that it entered."
    : "It was muted already when the bridge told that it entered.";
}

function notDone(
  { command: id }: FactOf<"command-failed" | "command-expired">,
  row: WhyRow,
  known: Known,
  why: string,
): Explanation | null {
  const command = known.commands.get(id);
  const what = command && notDoneTexts[command.type];
  if (!command || !what || !isAskedFor(command, known)) return null;
  const asked = known.askedBy(command.by);
  const call = command.call === null ? undefined : known.calls.get(command.call);
  if (!call?.isInside || asked === null) return null;
  return answer(known, call.call, what, row, `${askerText(command.by, asked, command)}. ${why}`, command);
}

/** False: this mute is a part of something else, and nobody asks why it is not done. */
export function isAskedFor({ type, by }: KnownCommand, known: Known): boolean {
  return (type !== "mute" && type !== "unmute") || muteRequests.includes(known.askedBy(by) ?? "");
}

function answer(
  known: Known,
  id: CallId,
  what: string,
  row: WhyRow,
  text: string,
  since?: KnownCommand,
): Explanation | null {
  const call = known.calls.get(id);
  return call ? explained(row, [id], `Why was ${callerText(call)} ${what}?`, text, since) : null;
}

function muteDoneIn({ facts }: WhyRow, call: string, known: Known): KnownCommand | undefined {
  const done = facts.flatMap((fact) => (fact.kind === "command-done" ? (known.commands.get(fact.command) ?? []) : []));
  return done.find((command) => command.type === "mute" && command.call === call);
}
