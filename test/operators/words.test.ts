import * as v from "valibot";
import { expect, test } from "vitest";
import { type AuditEntry, auditEntry, isOutcomeKnown, shownEntry, unknownOutcome } from "../../src/operators/audit.ts";
import {
  documentsText,
  joinedPortions,
  messagesText,
  probeId,
  sendAgainId,
  unlistedText,
} from "../../src/operators/send-again.ts";
import { shellWord } from "../../src/operators/shell-word.ts";

test("a word is quoted where a shell would take it for something else", () => {
  expect(["*back-end", "tsp.example.com:80", "it's", "", "a b", "/x_1@y"].map(shellWord)).toEqual([
    "'*back-end'",
    "tsp.example.com:80",
    "'it'\\''s'",
    "''",
    "'a b'",
    "/x_1@y",
  ]);
});

test("an entry of the audit is named as its command, or as it was asked", () => {
  const whatOf = (action: string, about: Record<string, string> = {}) =>
    shownEntry({ action, about } as Partial<AuditEntry> as AuditEntry).what;
  expect([
    whatOf("act", { type: "mute-all" }),
    whatOf("act"),
    whatOf("eraseNumber", { type: "mute-all" }),
    whatOf("sendAllAgain"),
    whatOf("unheardOf"),
  ]).toEqual(["mute-all", "action", "erase", "send-again", "unheardOf"]);
});

test("an entry may say that it is a repeat, and nothing else of it", () => {
  const entry = {
    at: 1,
    person: "anna",
    role: "viewer",
    by: "token",
    action: "act",
    about: {},
    actionId: "k",
    status: 202,
    refusal: null,
    from: "",
  };
  expect([entry, { ...entry, repeat: true }, { ...entry, repeat: false }].map((one) => v.is(auditEntry, one))).toEqual([
    true,
    true,
    false,
  ]);
});

test("an outcome is unknown where status and refusal are those of one that is not known", () => {
  const known = (more: object) => isOutcomeKnown({ ...unknownOutcome, ...more } as AuditEntry);
  expect([known({}), known({ status: 202 }), known({ refusal: null }), known({ refusal: "not allowed" })]).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

test("portions of what is sent again are added up, each conference once, the most frequent reason first", () => {
  const portion = (more: object) => ({ server: "tsp", documents: 1, conferences: ["5"], not: [], next: "7", ...more });
  const why = (reason: string, documents: number) => ({ reason, says: reason, documents });
  expect(
    joinedPortions([
      portion({ not: [why("old", 1), why("settled", 2)] }),
      portion({ documents: 2, conferences: ["5", "6"], not: [why("settled", 3)], next: null }),
    ]),
  ).toEqual({
    server: "tsp",
    documents: 3,
    conferences: ["5", "6"],
    not: [why("settled", 5), why("old", 1)],
    next: null,
  });
  expect(joinedPortions([])).toEqual({ server: "", documents: 0, conferences: [], not: [], next: null });
});

test("what is sent again is said in words", () => {
  expect([documentsText({ documents: 3, conferences: ["5"] }), unlistedText(1), unlistedText(2)]).toEqual([
    "3 documents of 1 conference",
    expect.stringMatching(/^1 more document is counted/),
    expect.stringMatching(/^2 more documents are counted/),
  ]);
  expect([messagesText({ messages: ["A", "B"] }), messagesText({ messages: ["A"], further: 40 })]).toEqual([
    "A, B",
    "A, and 40 more",
  ]);
  expect([sendAgainId(5), probeId(6)]).toEqual(["send-again 5", "probe 6"]);
});
