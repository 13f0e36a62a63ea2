import type { Explanation } from "../../rpc/story.ts";
import { askerIn, askerText, type FactOf, type Known, operatorText, type Questions, type WhyRow } from "./known.ts";
import { callerText, explained, leaveText, numberText, resultText, sentence, timeText } from "./words.ts";

/** Why did a call end, and why did one that was dialled not enter? */
export const ends: Questions = {
  "call-left": left,
  "call-not-entered": ({ call, why, record, by }, row, known) => {
    const who = numberText(record.number, record.extCallId === "" ? null : record.extCallId);
    const question =
      record.answeredAt === null
        ? `Why was ${who} not brought into the conference?`
        : `Why did the call to ${who}, which was picked up, end before it entered?`;
    const asker = why === "cancelled" ? askerIn(by) : undefined;
    const answer = asker
      ? `${sentence(operatorText(asker) ?? "WebEx")} cancelled the call while it rang.`
      : why === "bridge-timeout"
        ? known.noAnswerText(known.commandFor("dial", call))
        : leaveText(why);
    return explained(row, [call], question, answer, known.calls.get(call)?.dialled);
  },
  "post-queued": notDialled,
};

function left({ call: id, why, by }: FactOf<"call-left">, row: WhyRow, known: Known): Explanation | null {
  const call = known.calls.get(id);
  if (!call) return null;
  const expel = known.commandFor("expel", id);
  const since = askerIn(by) && expel;
  let answer = leaveText(why);
  if (why === "expelled" && since) {
    const asked = known.askedBy(by);
    const who =
      asked === "cancel-call-out" ? `WebEx cancelled the call at ${timeText(since.at)}` : askerText(by, asked, since);
    answer = `${who}, and the bridge dropped it at ${timeText(row.at)}.`;
  } else if (why === "expelled" && by.some(({ type }) => type === "deadline" || type === "post"))
    answer = `Its private talk was over, and the bridge dropped it at ${timeText(row.at)}.`;
  else if (why === "not-found" && since)
    answer =
      "It was to be dropped, and the bridge answered that the call was over already: word of its end had not come before.";
  return explained(row, [id], `Why did the call of ${callerText(call)} end?`, answer, since);
}

/** A call-out that was refused before it was dialled. */
function notDialled({ type, result = "ok", extCallId }: FactOf<"post-queued">, row: WhyRow, known: Known) {
  if (type !== "called-out" || result === "ok" || extCallId === undefined || known.callNamed(extCallId)) return null;
  const asked = row.input?.type === "webex" ? row.input.messages : [];
  const request = asked.find((one) => one.type === "call-out" && one.extCallId === extCallId);
  if (request?.type !== "call-out") return null;
  const { country, area, local } = request.phone;
  const who = numberText(`${country}${area}${local}`, extCallId);
  return explained(row, [], `Why was ${who} not brought into the conference?`, resultText(result));
}
