import { wordsOf } from "../bridge/command-rules.ts";
import type { MessageSummary } from "../conference/facts.ts";
import type { EpochMs, TransId } from "../foundation/ids.ts";
import { counted } from "../foundation/text/counted.ts";
import { instantText } from "../foundation/time/shown-time.ts";
import type { ConferenceView, OutageView } from "../rpc/conference-view.ts";
import type { Explanation } from "../rpc/story.ts";
import { isAskedFor } from "./why/calls.ts";
import { askerIn, askerText, type Known, type KnownCall } from "./why/known.ts";
import { callerText, callsOf, messageTexts, numberText, rowsOf, serverText } from "./why/words.ts";

/** What is pending in a conference now. `owed`: the messages that the server which is behind is owed. */
interface Pending {
  readonly view: ConferenceView;
  readonly owed: readonly MessageSummary[];
}

/** Why is what was asked for not done, or WebEx not notified of it, yet? A function of what is pending now; `known` has its rows. */
export function whyNotYet({ view, owed }: Pending, known: Known, now: EpochMs): readonly Explanation[] {
  const commands = view.commands.flatMap((command): Explanation[] => {
    const issued = known.commands.get(command.id);
    if (!issued || !isAskedFor(issued, known)) return [];
    const call = issued.call === null ? undefined : known.calls.get(issued.call);
    const pending = wordsOf(command.type).pending.replace("CALL", () => (call ? callText(call) : "the call"));
    const question = `Why ${pending} yet?`;
    const asked = askerIn(issued.by) ? `${askerText(issued.by, known.askedBy(issued.by), issued)}. ` : "";
    const answer = `${asked}${whyPending(command, view, now)}`;
    return [{ at: issued.at, calls: call ? [call.call] : [], question, answer, rows: rowsOf(issued) }];
  });
  const posts = view.documents.flatMap(({ transId, host, attempts, dueAt, failure }): Explanation[] => {
    const post = known.posts.get(transId as TransId);
    // A post to a server that is behind is a probe.
    if (!post || failure === undefined || view.outages.some((outage) => outage.host === host)) return [];
    const messages = post.messages;
    const question = `Why is WebEx not notified yet ${messageTexts(messages)}?`;
    const next = dueAt > now ? `the next one begins at ${instantText(dueAt)}` : "the next one is under way";
    const answer = `${serverText(host)} has not confirmed it: attempt ${attempts} failed with ${failure}, and ${next}.`;
    return [{ at: post.since.at, calls: callsOf(messages), question, answer, rows: rowsOf(post.since, post.failed) }];
  });
  return [...commands, ...posts, ...view.outages.flatMap((outage) => whyOwed(outage, owed, known, now))];
}

/** One answer for each call, and one for the conference. */
function whyOwed(
  { host, since, why, messages, probeAt }: OutageView,
  owed: readonly MessageSummary[],
  known: Known,
  now: EpochMs,
): readonly Explanation[] {
  const probe =
    probeAt === null || probeAt <= now ? "the probe that is under way" : `the next probe, at ${instantText(probeAt)}`;
  const answer = `${serverText(host)} is behind since ${instantText(since)} (${why}), and is owed ${counted(messages, "message")}: it gets this once it confirms ${probe}, or posts a request before.`;
  const texts = owed.map((fact) => ({ fact, call: known.callOf(fact), owed: known.owed.get(fact.msgId) }));
  return [...Map.groupBy(texts, ({ call }) => call?.call).values()].map((own) => {
    const rows = own.flatMap(({ owed }) => owed ?? []);
    const question = `Why is WebEx not notified yet ${messageTexts(own)}?`;
    return { at: rows[0]?.at ?? since, calls: callsOf(own), question, answer, rows: rowsOf(...rows) };
  });
}

function callText(call: KnownCall): string {
  return call.isInside ? callerText(call) : numberText(call.number, call.extCallId);
}

function whyPending(
  { sent, taken, answerBy }: ConferenceView["commands"][number],
  { bridge }: ConferenceView,
  now: EpochMs,
): string {
  const name = bridge === null ? "its bridge" : `the bridge ${bridge}`;
  const late =
    answerBy !== null && now > answerBy ? ` It is late since ${instantText(answerBy)}; it still counts.` : "";
  if (taken) return `The agent of ${name} has the command, and the bridge has not answered yet.${late}`;
  if (sent === 0) return `The command waits to be sent to ${name}.${late}`;
  if (sent === 1) return `The command was sent, and no agent of ${name} has acknowledged it yet.${late}`;
  return `The command was sent ${sent} times, and no agent of ${name} has acknowledged it: the agent is away, or its link is broken.${late}`;
}
