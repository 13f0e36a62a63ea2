import * as v from "valibot";
import { expect, test } from "vitest";
import { type AuditEntry, auditEntry, isOutcomeKnown, shownEntry, unknownOutcome } from "../../src/operators/audit.ts";
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
    whatOf("resyncServer"),
    whatOf("unheardOf"),
  ]).toEqual(["mute-all", "action", "erase", "resync-server", "unheardOf"]);
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
