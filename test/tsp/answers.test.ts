import { expect, test } from "vitest";
import type { MsgId } from "../../src/foundation/ids.ts";
import { answerTo, type FromWebex, fromWebex, isAnswered, requestOf, toWebex } from "../../src/tsp/messages.ts";

const messages = [...Object.keys(fromWebex), "unknown"].map(
  (type) => ({ type, msgId: "1", replyTo: "h:80", extConfId: "7", element: "W2A_New" }) as unknown as FromWebex,
);

test("every message is answered but WebEx's own answers and client data (protocol 2.2.9 to 2.2.11)", () => {
  const unanswered = messages.filter((message) => !isAnswered(message)).map(({ type }) => type);

  expect(unanswered).toEqual(["caller-named", "passthrough", "message-refused"]);
});

test.each(messages.filter(isAnswered).map((message) => [message.type, message] as const))(
  "the answer to %s has its MsgID, and is a message of the tables (protocol T44)",
  (type, message) => {
    const request = requestOf(message);
    expect(request).toEqual({ type, msgId: "1", replyTo: "h:80", extConfId: "7" });
    const answer = request && answerTo(request, "rejected");
    expect(answer).toMatchObject({ msgId: "1", result: "rejected" });
    expect(Object.keys(toWebex)).toContain(answer?.type);
  },
);

test("an unknown message without MsgID cannot be answered", () => {
  expect(requestOf({ type: "unknown", element: "W2A_New" })).toBeNull();
  expect(requestOf({ type: "unknown", element: "W2A_New", msgId: "1" as MsgId })).not.toBeNull();
});
