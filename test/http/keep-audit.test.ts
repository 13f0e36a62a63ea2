import { expect, test } from "vitest";
import { Edge, type EdgePlace } from "../../src/edge.ts";
import type { DomainName } from "../../src/foundation/ids.ts";
import { type AuditPorts, audited, keepAsked, keepAudit, oweAsked } from "../../src/http/audited.ts";
import { asResponse } from "../../src/http/text-answer.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import { Clock } from "../kit/clock.ts";
import { domains, operators, operatorToken, viewerToken } from "../workers/test-domains.ts";

const domain = "local" as DomainName;
const entry = { person: "anna", action: "act", actionId: "k1", status: 202 } as AuditEntry;

/** What is asked of a directory whose answers are these, at which time, and what is logged. */
async function kept(
  answers: readonly ("kept" | "fails" | "hangs")[],
  { refusal = null, isOwed, mayOwe = true }: { refusal?: string | null; isOwed?: boolean; mayOwe?: boolean } = {},
) {
  const clock = new Clock(0);
  const asked: number[] = [];
  const logged: unknown[] = [];
  const owed: string[] = [];
  const answer = async () => {
    const now = answers[asked.push(clock.now) - 1];
    if (now === "hangs") await new Promise(() => {});
    if (now === "fails") throw new Error("it is broken");
  };
  const ports = {
    after: (ms: number, run: () => void) => clock.after(ms, run),
    directory: () => ({ keepAudit: answer }),
    log: (event: string, facts: object) => logged.push({ event, ...facts }),
    sessions: () => ({
      oweAudit: async (_: DomainName, { actionId }: AuditEntry) => mayOwe && owed.push(`${clock.now} ${actionId}`) > 0,
    }),
  };
  const keeping = keepAudit(ports, domain, { ...entry, refusal }, isOwed);
  await clock.pass(60_000);
  await keeping;
  return { asked, logged, owed };
}

test("an action that the directory keeps is told once", async () => {
  expect(await kept(["kept"])).toEqual({ asked: [0], logged: [], owed: [] });
});

const line = { event: "audit-not-kept", domain, person: "anna", action: "act", actionId: "k1" };
const note = "it is made good as soon as the directory answers";

test("what was done and is not kept at the first attempt is in the log, and owed to the audit at once", async () => {
  const logged = [{ ...line, error: "Error: it is broken", note }];
  expect(await kept(["fails"])).toEqual({ asked: [0], logged, owed: ["0 k1"] });
  expect((await kept(["hangs"])).owed).toEqual(["7000 k1"]);
});

test("what cannot be owed, and a refusal, is told again, within the time that the platform gives; then the log has it", async () => {
  const mayOwe = false;
  const told = { asked: [0, 1_000, 13_000], logged: [], owed: [] };
  expect(await kept(["fails", "hangs", "kept"], { mayOwe })).toEqual(told);
  const notKept = { asked: [0, 1_000, 6_000], logged: [{ ...line, error: "Error: it is broken" }], owed: [] };
  for (const more of [{ mayOwe }, { refusal: "not allowed" }])
    expect(await kept(["fails", "fails", "fails"], more)).toEqual(notKept);
});

test("the outcome of what is owed goes the same way, though the directory answers again; where that fails, to the directory", async () => {
  const logged = [{ ...line, note }];
  expect(await kept(["kept"], { isOwed: true })).toEqual({ asked: [], logged, owed: ["0 k1"] });
  expect(await kept(["kept"], { isOwed: true, refusal: "no such bridge" })).toMatchObject({ asked: [], logged });
  expect(await kept(["kept"], { isOwed: true, mayOwe: false })).toEqual({ asked: [0], logged: [], owed: [] });
});

test("what the audit cannot even be owed is in the log before it is done, with all that an entry has", async () => {
  const asked = { ...entry, at: 5, role: "operator", by: "token", about: { bridge: "b" }, from: "192.0.2.7" } as const;
  const answers = {
    owed: async () => true,
    full: async () => false,
    fails: () => Promise.reject(new Error("broken")),
    hangs: () => new Promise<boolean>(() => {}),
  };
  const became: unknown[] = [];
  for (const oweAudit of Object.values(answers)) {
    const clock = new Clock(0);
    const shown: unknown[] = [];
    const show = (of: DomainName, one: AuditEntry) => shown.push([of, one]);
    const owing = oweAsked(
      { after: (ms, run) => clock.after(ms, run), sessions: () => ({ oweAudit }), show },
      domain,
      asked,
    );
    await clock.pass(2_000);
    became.push([await owing, ...shown]);
  }
  expect(became).toEqual([[true], ...Array(3).fill([false, [domain, asked]])]);
});

const drainAddress = "http://edge.example.com/api/v1/domains/local/bridges/simulated/drain";

/** Where an edge runs whose objects are these. */
function edgePlace(
  clock: Clock,
  objects: object,
  log: (line: Record<string, unknown>) => unknown = () => {},
): EdgePlace {
  return {
    variables: {
      DOMAINS: JSON.stringify(domains),
      OPERATOR_TOKEN: operatorToken,
      OPERATORS: JSON.stringify(operators),
    },
    objects,
    counting: { measures: { text: () => "" } },
    log,
    disk: null,
    after: (ms: number, run: () => void) => clock.after(ms, run),
    now: () => clock.now,
    passedMs: () => clock.now,
    newId: () => "id",
    waitUntil: () => {},
  } as unknown as EdgePlace;
}

test("a drain that nobody can write down is a line of the log before it is done, and one behind it", async () => {
  const clock = new Clock(1_800_000_000_000);
  const happened: unknown[] = [];
  const fails = () => Promise.reject(new Error("no disk"));
  const drain = async () => void happened.push("drained");
  const objects = {
    directory: () => ({ keepAudit: fails }),
    sessions: () => ({ oweAudit: fails }),
    relay: () => ({ drain }),
  };
  const place = edgePlace(
    clock,
    objects,
    ({ event, action, about, person, status }) =>
      event === "operator-action" && happened.push({ action, about, person, status }),
  );
  const headers = { authorization: `Bearer ${operatorToken}` };
  const answer = await new Edge(place).fetch(new Request(drainAddress, { method: "PUT", headers }));

  expect(asResponse(answer).status).toBe(200);
  const line = { action: "drainBridge", about: { bridge: "simulated" }, person: "operator" };
  expect(happened).toEqual([{ ...line, status: 503 }, "drained", { ...line, status: 200 }]);
});

test("what a viewer may not ask, however often, is told to the directory once, and twenty seconds later with its number", async () => {
  const clock = new Clock(1_800_000_000_000);
  const told: AuditEntry[] = [];
  const place = edgePlace(clock, {
    directory: () => ({ keepAudit: async (_: DomainName, one: AuditEntry) => void told.push(one) }),
  });
  const edge = new Edge(place);
  const headers = { authorization: `Bearer ${viewerToken}` };
  for (let count = 0; count < 5; count += 1)
    expect(asResponse(await edge.fetch(new Request(drainAddress, { method: "PUT", headers }))).status).toBe(403);

  expect(told).toMatchObject([{ person: "anna", action: "drainBridge", status: 403 }]);
  await clock.pass(20_000);
  expect(told.map(({ count = 1 }) => count)).toEqual([1, 4]);
});

test("what is asked is written down, then done, and called done once it is on disk", async () => {
  const happened: string[] = [];
  const note = (what: string) => void happened.push(what);
  const edge = {
    now: () => happened.length,
    passedMs: () => happened.length,
    gate: () => {
      note("gate");
      return async () => note("on disk");
    },
    auditAsked: async () => {
      note("asked");
      return true;
    },
    audit: (_: DomainName, { at, refusal }: AuditEntry) => note(`at ${at} ${refusal}`),
  } as object as AuditPorts;
  const asked = { domain, signedIn: { person: {} }, about: {} } as Parameters<typeof audited>[1];
  await audited(edge, asked, false, async () => {
    note("done");
    return { response: new Response(), refusal: null };
  });
  expect(happened).toEqual(["gate", "asked", "done", "on disk", "at 0 null"]);
});

test("what is asked waits until the directory has it, and for two seconds at most", async () => {
  const directory = (answer: () => Promise<void>) => () => ({ keepAudit: answer });
  const answers = {
    kept: async () => {},
    fails: () => Promise.reject(new Error("broken")),
    hangs: () => new Promise<void>(() => {}),
  };
  const [tookMs, became]: [(number | null)[], boolean[]] = [[], []];
  for (const answer of Object.values(answers)) {
    const clock = new Clock(0);
    const after = (ms: number, run: () => void) => clock.after(ms, run);
    let over: number | null = null;
    void keepAsked({ after, directory: directory(answer) }, domain, entry).then((isKept) => {
      over = clock.now;
      became.push(isKept);
    });
    await clock.pass(60_000);
    tookMs.push(over);
  }
  expect([tookMs, became]).toEqual([
    [0, 0, 2_000],
    [true, false, false],
  ]);
});
