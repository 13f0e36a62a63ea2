import { expect, test } from "vitest";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import type { CallId } from "../../../src/foundation/ids.ts";
import { entered } from "../../builders.ts";
import { asked, decided, factsOf, reported, running } from "./decided.ts";

const create = { type: "create-conference", replyTo: "tsp1:80", confKey: "555" };

test("a create is kept as it says who may come in, and a later one changes what it says (protocol 4.18)", () => {
  const rulesOf = (message: object, head?: object) => {
    const { changes } = decided({ head: head ?? { phase: "absent" } }, asked({ ...create, ...message }));
    const { maxCallers, anonymousId, accessCodes, formerSecrets } = { ...(changes.head as ReturnType<typeof running>) };
    return { maxCallers, anonymousId, accessCodes, formerSecrets };
  };
  const none = { maxCallers: null, anonymousId: null, accessCodes: undefined, formerSecrets: undefined };

  expect(decided({ head: { phase: "absent" } }, asked(create)).head).not.toHaveProperty("formerSecrets");
  expect(rulesOf({})).toEqual(none);
  expect(rulesOf({ subscriberCode: "11" })).toEqual({ ...none, accessCodes: { subscriber: "11", participant: null } });
  expect(rulesOf({ participantCode: "22" })).toEqual({ ...none, accessCodes: { subscriber: null, participant: "22" } });
  const before = running({ maxCallers: 9, anonymousId: "5", accessCodes: { subscriber: "11", participant: "22" } });
  expect(rulesOf({ participantCode: "33" }, before)).toEqual({
    ...{ maxCallers: 9, anonymousId: "5", accessCodes: { subscriber: "11", participant: "33" } },
    formerSecrets: ["5", "11", "22"],
  });
});

test("a code that nobody could key whole leads nobody in", () => {
  const codes = (length: number) =>
    decided({ head: { phase: "absent" } }, asked({ ...create, subscriberCode: "1".repeat(length) })).head?.accessCodes;
  expect([codes(64)?.subscriber?.length, codes(65)]).toEqual([64, undefined]);
});

test("of codes that were replaced the newest twenty are kept", () => {
  const formerSecrets = Array.from({ length: 20 }, (_, id) => `f${id}`);
  const { head } = decided(
    { head: running({ formerSecrets, anonymousId: "now" }) },
    asked({ ...create, anonymousId: "next" }),
  );
  expect(head?.formerSecrets).toEqual([...formerSecrets.slice(1), "now"]);
});

test("who has keyed what leads in, or did, is named by nobody, also once that is forgotten", () => {
  const head = running({ anonymousId: "5", formerSecrets: ["4"] });
  const ids = ["5", "4", "3", null];
  const decision = decided(
    { head },
    reported(...ids.map((attendeeId, index) => entered({ call: `c${index}`, attendeeId }))),
  );

  expect(factsOf(decision, "call-entered").map((fact) => "attendeeId" in fact && fact.attendeeId)).toEqual([
    null,
    null,
    "3",
    null,
  ]);
  const marks = ids.map((_, index) => decision.changes.callers.get(`c${index}` as CallId)?.keyedSecret);
  expect(marks).toEqual([true, true, undefined, undefined]);
});

test("a bridge that refused the entry rules is told them again when the pause is over", () => {
  const commands = (at: number) =>
    decided({ head: running({ renewAt: 5_000 }) }, { type: "time", at } as ConferenceInput).commands.map(
      ({ type }) => type,
    );
  expect([commands(4_999), commands(5_000)]).toEqual([[], ["create-conference"]]);
});
