import { expect, test } from "vitest";
import { Edge, type EdgePlace } from "../../src/edge.ts";
import type { DomainName } from "../../src/foundation/ids.ts";
import { type AuditPorts, audited } from "../../src/http/audited.ts";
import { asResponse } from "../../src/http/text-answer.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import { Clock } from "../kit/clock.ts";
import { domains, operators, operatorToken } from "../workers/test-domains.ts";

test.each([
  ["fails", () => Promise.reject(new Error("no disk")), "Error: no disk"],
  ["hangs", () => new Promise(() => {}), "the directory"],
])("answers and logs an action whose row cannot be stored, as the directory %s", async (_, keepAudit, error) => {
  const clock = new Clock(1_800_000_000_000);
  const happened: object[] = [];
  const kept: Promise<unknown>[] = [];
  const relay = { drain: async () => happened.push({ event: "drained" }) };
  const place = {
    variables: {
      DOMAINS: JSON.stringify(domains),
      OPERATOR_TOKEN: operatorToken,
      OPERATORS: JSON.stringify(operators),
    },
    objects: { directory: () => ({ keepAudit }), relay: () => relay },
    counting: { measures: { text: () => "" } },
    log: (line: object) => happened.push(line),
    disk: null,
    after: (ms: number, run: () => void) => clock.after(ms, run),
    now: () => clock.now,
    passedMs: () => clock.now,
    newId: () => "id",
    waitUntil: (work: Promise<unknown>) => kept.push(work),
  } as unknown as EdgePlace;
  const headers = { authorization: `Bearer ${operatorToken}` };
  const drain = "http://edge.example.com/api/v1/domains/local/bridges/simulated/drain";
  const answer = await new Edge(place).fetch(new Request(drain, { method: "PUT", headers }));
  await clock.pass(20_000);
  await Promise.all(kept);

  expect(asResponse(answer).status).toBe(200);
  const action = { action: "drain", about: { bridge: "simulated" }, person: "operator", role: "operator", by: "token" };
  expect(happened).toMatchObject([
    { event: "operator-action", ...action },
    { event: "drained" },
    { event: "audit-not-kept", ...action, status: 200, error: expect.stringContaining(error) },
  ]);
});

test.each([
  ["done", async () => new Response(), { status: 200, refusal: null }],
  ["failed", () => Promise.reject(new Error("broken")), { status: 503, refusal: "failed for now" }],
])("logs an action, waits for the disk, and stores that it has %s", async (_, act, outcome) => {
  const happened: unknown[] = [];
  const edge: AuditPorts = {
    now: () => happened.length,
    logAction: () => void happened.push("logged"),
    mayLeave: async () => void happened.push("on disk"),
    audit: (_domain: DomainName, { at, status, refusal }: AuditEntry) => void happened.push({ at, status, refusal }),
  };
  const asked = { domain: "local", signedIn: { person: {} }, about: {} } as Parameters<typeof audited>[1];
  await audited(edge, asked, act).catch(() => happened.push("thrown"));
  const onDisk = outcome.refusal === null ? ["on disk"] : [];
  const thrown = outcome.refusal === null ? [] : ["thrown"];
  expect(happened).toEqual(["logged", ...onDisk, { at: 0, ...outcome }, ...thrown]);
});
