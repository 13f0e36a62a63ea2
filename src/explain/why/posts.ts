import { BACK_END } from "../../conference/draft.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { FactOf, Known, Questions, WhyRow } from "./known.ts";
import { callsOf, explained, type Moment, messageTexts, serverText, timeText } from "./words.ts";

type GoneFact = FactOf<"post-given-up" | "post-dropped">;

const owed = "As soon as the server can be reached, it is told how things are then.";

/** Why was WebEx, or the partner's back end, not told of something? */
export const posts: Questions = {
  "post-given-up": (fact, row, known) => {
    if (fact.probe) return null;
    const failed = known.posts.get(fact.transId)?.failed ?? null;
    const why = failed ? `its last known attempt failed with ${failed.why}` : "it could not be written or posted";
    const then = isOwed(fact, row) ? ` ${owed}` : "";
    const answer = `did not confirm the message in the attempts that the settings allow: ${why}. It was given up at ${timeText(row.at)}.${then}`;
    return notTold(fact, row, known, answer, failed);
  },
  "post-dropped": (fact, row, known) => {
    if (isOwed(fact, row))
      return notTold(fact, row, known, `could not be reached: a post before it was given up. ${owed}`);
    const next = row.facts.find((one) => one.kind === "conference-taken-over");
    const then = next ? ` ${next.host} was told how the conference is instead.` : "";
    const answer = `was replaced by another server before it had confirmed the message.${then}`;
    return notTold(fact, row, known, answer, known.posts.get(fact.transId)?.failed);
  },
};

function notTold(
  fact: GoneFact,
  row: WhyRow,
  known: Known,
  answer: string,
  failed?: Moment | null,
): Explanation | null {
  const post = known.posts.get(fact.transId);
  if (!post) return null;
  const messages = known.messagesIn(fact);
  const who = post.host === BACK_END ? "the partner's back end" : "WebEx";
  const question = `Why was ${who} not told ${messageTexts(messages)}?`;
  return explained(row, callsOf(messages), question, `${serverText(post.host)} ${answer}`, post.since, failed);
}

function isOwed({ messages }: GoneFact, { facts }: WhyRow): boolean {
  return facts.some((fact) => fact.kind === "message-owed" && messages.some(({ msgId }) => msgId === fact.msgId));
}
