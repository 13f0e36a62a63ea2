import { expect, test } from "vitest";
import { knownExceptions, sayFault, whyRefused, type XmlApiFault } from "../../../src/webex/xml-api/faults.ts";

const refused = { kind: "refused", why: "other", exceptionId: "", reason: "", subErrors: [] } as const;

test.each<[XmlApiFault, string]>([
  [
    { kind: "wrong-request", operation: "getMeeting", path: "meetingKey", rule: "must be digits, as text", value: "x" },
    'getMeeting: meetingKey must be digits, as text (it is "x")',
  ],
  [{ kind: "not-reached", reason: "refused" }, "the WebEx site was not reached: refused"],
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
])("%o is said", (fault, said) => {
  expect(sayFault(fault)).toBe(said);
});

test("each known exception id has six digits and its meaning", () => {
  for (const [id, { why }] of Object.entries(knownExceptions)) {
    expect(id).toMatch(/^\d{6}$/);
    expect(whyRefused(id)).toBe(why);
  }
  expect(whyRefused("toString")).toBe("other");
});
