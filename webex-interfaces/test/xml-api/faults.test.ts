import { expect, test } from "vitest";
import { mayBeCarriedOut, sayFault, whyRefused, type XmlApiFault } from "../../client/xml-api/faults.ts";

const refused = { kind: "refused", why: "other", exceptionId: "", reason: "", subErrors: [] } as const;

test.each<[XmlApiFault, string]>([
  [
    { kind: "wrong-request", operation: "getMeeting", path: "meetingKey", rule: "must be digits, as text", value: "x" },
    'getMeeting: meetingKey must be digits, as text (it is "x")',
  ],
  [{ kind: "not-reached", reason: "refused" }, "the WebEx site was not reached: refused"],
  [
    { kind: "not-reached", reason: "Network connection lost." },
    "the WebEx site was not reached: Network connection lost",
  ],
  [
    { kind: "timed-out", afterMs: 30_000, wasSent: false },
    "the request was not sent: others went to the WebEx site for 30000 ms",
  ],
  [{ kind: "timed-out", afterMs: 30_000, wasSent: true }, "the WebEx site did not answer within 30000 ms"],
  [
    { kind: "redirected", status: 302 },
    "the WebEx site answered with a redirect (HTTP 302); check the address of its XML API",
  ],
  [
    { kind: "http-status", status: 503, looksLike: "html" },
    "the WebEx site answered with HTTP 503 and an HTML page instead of XML",
  ],
  [{ kind: "too-large", limitBytes: 10 }, "the answer of the WebEx site is longer than 10 bytes"],
  [{ kind: "not-xml", looksLike: "empty" }, "the WebEx site answered with nothing; check the address of its XML API"],
  [
    { kind: "bad-xml", reason: "it is cut off" },
    "the answer of the WebEx site is no XML that is accepted: it is cut off",
  ],
  [
    { kind: "not-a-message", reason: "it has no header" },
    "the answer of the WebEx site is no message of the XML API: it has no header",
  ],
  [
    { kind: "wrong-field", operation: "getUser", path: "webExId", rule: "is missing" },
    "in the answer to getUser, webExId is missing",
  ],
  [refused, "the WebEx site refused: without a reason"],
  [{ ...refused, reason: "Not today. " }, "the WebEx site refused: Not today"],
  [
    {
      ...refused,
      why: "access-denied",
      exceptionId: "000001",
      reason: "no",
      value: "dora",
      subErrors: [{ exceptionId: "1", reason: "part", value: "x".repeat(99) }],
    },
    `the WebEx site refused: 000001 no (it is "dora"); 1 part (it is "${"x".repeat(60)}…") (the user may not do this)`,
  ],
  [
    { ...refused, why: "access-denied", reason: `No.\n\n${"word ".repeat(200_000)}` },
    `the WebEx site refused: No. ${"word ".repeat(79)}w… (the user may not do this)`,
  ],
])("%o is said", (fault, said) => {
  expect(sayFault(fault)).toBe(said);
});

test.each([
  ["password", "check the user name and the password"],
  ["ticket", "check the user name and the ticket"],
  ["token", "check the token, and whose it is"],
  [undefined, "check the user name, and its password or token"],
] as const)("refused by its %s, it says what to check", (proof, advice) => {
  expect(sayFault({ ...refused, why: "wrong-credentials", reason: "no" }, proof)).toBe(
    `the WebEx site refused: no (${advice})`,
  );
});

test.each<[boolean, XmlApiFault]>([
  [false, { kind: "wrong-request", operation: "getUser", path: "webExId", rule: "is missing" }],
  [true, { kind: "not-reached", reason: "other side closed" }],
  [false, { kind: "not-reached", reason: "connect ECONNREFUSED", wasSent: false }],
  [true, { kind: "timed-out", afterMs: 1, wasSent: true }],
  [false, { kind: "timed-out", afterMs: 1, wasSent: false }],
  [false, { kind: "redirected", status: 302 }],
  [true, { kind: "http-status", status: 504, looksLike: "html" }],
  [false, { kind: "http-status", status: 404, looksLike: "html" }],
  [true, { kind: "too-large", limitBytes: 1 }],
  [true, { kind: "not-xml", looksLike: "empty" }],
  [true, { kind: "bad-xml", reason: "it is cut off" }],
  [true, { kind: "not-a-message", reason: "it has no header" }],
  [true, { kind: "wrong-field", operation: "createMeeting", path: "meetingkey", rule: "is missing" }],
  [true, { ...refused, why: "not-responding" }],
  [false, { ...refused, why: "access-denied" }],
])("carried out, perhaps: %s after %o", (may, fault) => {
  expect(mayBeCarriedOut(fault)).toBe(may);
});

test.each([
  ["030002", "wrong-credentials"],
  ["999999", "other"],
  ["toString", "other"],
  ["", "other"],
])("the exception id %s means %s", (id, why) => {
  expect(whyRefused(id)).toBe(why);
});

test("a part of a refusal without an id is said without a gap", () => {
  const subErrors = [{ exceptionId: "", reason: "firstName is required" }];

  expect(sayFault({ ...refused, reason: "The request does not keep to the schema", subErrors })).toBe(
    "the WebEx site refused: The request does not keep to the schema; firstName is required",
  );
});
