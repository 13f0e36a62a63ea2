import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bridgehead } from "../../cli/bridgehead.ts";
import { type AuditOfDomain, OperatorClient, type RecordOfDomain } from "../../cli/operator/operator-client.ts";
import type { RecordLine } from "../../cli/operator/record-lines.ts";
import { auditText, recordsText } from "../../cli/operator/record-views.ts";
import { zonedTime } from "../../src/foundation/time/zone.ts";
import { inZone, now, painted, plain } from "./view-examples.ts";

let server: Server;
/** What the edge answers; and what it was asked, with the keys of actions. */
let answer: (path: string, response: ServerResponse, request: IncomingMessage) => void;
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer(async (request, response) => {
    const url = (request.url ?? "").replace("/api/v1/", "");
    const path = url.endsWith("/records") ? `${url} ${(await request.toArray()).join("")}` : url;
    if (path === "domains") return response.end('{"domains":[{"name":"acme","timeZone":"Europe/Berlin"}]}');
    asked.push(path);
    return answer(path, response, request);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
  // Each command has added one.
  process.stdout.removeAllListeners("error");
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const client = () => new OperatorClient({ url: url(), urlFrom: "here", token: "t", tokenFrom: "here" }, async () => {});

/** What the command prints, and what it complains of. */
async function said(...args: readonly string[]): Promise<{ readonly text: string; readonly complaints: string[] }> {
  vi.stubEnv("BRIDGEHEAD_URL", url());
  vi.stubEnv("OPERATOR_TOKEN", "token");
  const written = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const complained = vi.spyOn(console, "error").mockReturnValue();
  await bridgehead({} as never)
    .exitOverride()
    .parseAsync(args, { from: "user" });
  const text = written.mock.calls.map(([part]) => String(part)).join("");
  const complaints = complained.mock.calls.map(([line]) => String(line));
  written.mockRestore();
  complained.mockRestore();
  return { text, complaints };
}

function asksRecords(fields: object): string {
  return `domains/acme/records ${JSON.stringify(fields)}`;
}

async function whole(lines: AsyncIterable<RecordLine>): Promise<readonly RecordLine[]> {
  const found: RecordLine[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

/** Sends some of it, and then breaks the connection off. */
function breakOff(response: ServerResponse, some: string): void {
  response.writeHead(200);
  response.write(some, () => setImmediate(() => response.destroy()));
}

test("an export that breaks off is asked for the rest behind its last whole line, and is one table in the end", async () => {
  answer = (path, response) => {
    if (!path.includes("cursor")) return breakOff(response, "cursor,call\r\n7-1,a\r\n7-2,b\r\n7-3,c");
    if (path.includes("7-2")) return breakOff(response, "cursor,call\r\n7-3,c\r\n7-4");
    return response.end("cursor,call\r\n7-4,d\r\n");
  };
  const notices: string[] = [];
  const lines = client().exportRecords("acme", "csv", { kind: "call" }, undefined, (text) => notices.push(text));

  const found = await whole(lines);
  expect(found.map(({ text }) => text)).toEqual(["cursor,call", "7-1,a", "7-2,b", "7-3,c", "7-4,d"]);
  expect(asked).toEqual(
    [{}, { cursor: "7-2" }, { cursor: "7-3" }].map((place) => asksRecords({ kind: "call", format: "csv", ...place })),
  );
  expect(notices).toEqual([expect.stringMatching(/--after 7-2 goes on/), expect.stringMatching(/--after 7-3 goes on/)]);
});

test("an export that comes to nothing again and again is given up, and says from where it goes on", async () => {
  answer = (path, response) => {
    if (path.includes("cursor")) response.writeHead(503).end();
    else breakOff(response, '{"cursor":"7-1"}\n');
  };
  const lines = client().exportRecords("acme", "ndjson", {}, undefined, () => {});

  await expect(whole(lines)).rejects.toThrow("the export is not whole: --after 7-1 goes on");
  expect(asked).toHaveLength(5);
});

test("what the edge refuses of an export is told in its words, once", async () => {
  answer = (_, response) => response.writeHead(409).end('{"detail":"The directory was lost."}');
  const lines = client().exportRecords("acme", "csv", {}, "7-1", () => {});

  await expect(whole(lines)).rejects.toThrow("refused (409): The directory was lost.");
  expect(asked).toHaveLength(1);
});

test("records are printed as a table, as lines and as JSON, of a period in the domain's time zone", async () => {
  const ndjson = '{"cursor":"7-1","call":"a"}\n{"cursor":"7-2","call":"b"}\n';
  answer = (path, response) => response.end(path.includes('"csv"') ? "cursor,call\r\n7-1,a\r\n" : ndjson);
  const period = ["--since", "2026-11-01", "--until", "2026-12-01"];
  const [since, until] = ["2026-10-31T23:00Z", "2026-11-30T23:00Z"].map((at) => Date.parse(at));

  expect(await said("records", ...period, "--csv")).toEqual({ text: "cursor,call\r\n7-1,a\r\n", complaints: [] });
  expect(asked).toEqual([asksRecords({ since, until, format: "csv" })]);
  await said("records", "--month", "2026-11", "--csv");
  await said("records", "--month", "2026-10", "--csv");
  // Of 31 days, one has 25 hours.
  const october = Date.parse("2026-09-30T22:00Z");
  expect(asked.slice(1)).toEqual(
    [
      [since, until],
      [october, since],
    ].map(([since, until]) => asksRecords({ since, until, format: "csv" })),
  );
  expect((Number(since) - october) / 3_600_000).toBe(31 * 24 + 1);
  expect((await said("records", "--ndjson", "--server", "tsp1", "--ended-by", "webex")).text).toBe(ndjson);
  expect(asked[3]).toBe(asksRecords({ webexHost: "tsp1", endedBy: "webex", format: "ndjson" }));
  expect(JSON.parse((await said("records", "--json")).text)).toEqual([
    { cursor: "7-1", call: "a" },
    { cursor: "7-2", call: "b" },
  ]);
  expect((await said("records", "--csv", "--after", "7-1")).text).toBe("7-1,a\r\n");
  answer = (_, response) => response.end("");
  expect(JSON.parse((await said("records", "--json")).text)).toEqual([]);
});

test.each([
  [["--csv", "--json"], "say one of --csv, --ndjson and --json"],
  [["--after", "7-1"], "--after is for --csv, --ndjson and --json"],
  [["--month", "2026-11", "--since", "2026-11-02", "--csv"], "say --month, or --since and --until"],
])("records %j are refused", async (args, why) => {
  expect((await said("records", ...args)).complaints).toEqual([why]);
  expect([process.exitCode, asked]).toEqual([1, []]);
});

const record = {
  kind: "call",
  domain: "acme",
  conference: "5551",
  direction: "in",
  number: "14085551234",
  seconds: 69,
  endedAt: now,
  endedBy: "caller",
  status: "completed",
  reason: "hung-up",
} as RecordOfDomain;

test("for people, records are a line each, and more than these are told", async () => {
  const conference = {
    ...record,
    kind: "conference",
    calls: 3,
    endedBy: "operator",
    reason: "closed",
  } as RecordOfDomain;
  const busy = {
    ...record,
    direction: "out",
    answeredAt: null,
    seconds: 0,
    status: "busy",
    endedBy: "nobody",
  } as RecordOfDomain;
  const at = zonedTime(now, "Asia/Kolkata").slice(0, 19).replace("T", " ");
  const inKolkata = inZone("Asia/Kolkata");
  expect(recordsText([conference, record, busy], { ...inKolkata, width: 120 })).toEqual([
    "ENDED                CONFERENCE  WHAT        NUMBER       LASTED        CALLS  STATUS  ENDED BY",
    `${at}  5551        conference               1 min 9 s     3              operator: closed`,
    `${at}  5551        call in     14085551234  1 min 9 s                    caller: hung-up`,
    `${at}  5551        call out    14085551234  not answered         busy    nobody: hung-up`,
  ]);
  const unsure = recordsText([{ ...conference, clockDiffers: true } as RecordOfDomain], inKolkata);
  expect(unsure.join("\n")).toContain(" perhaps 1 min 9 s ");
  expect(recordsText([busy], painted).join("\n")).toContain("<yellow>busy</>");
  expect(inKolkata.times.heading).toBe("times in Asia/Kolkata");
  expect(recordsText([], plain)).toEqual(["no record"]);

  answer = (_, response) => response.end(JSON.stringify({ records: [record], next: "7-1" }));
  const { text, complaints } = await said("records");
  expect(text).toContain("14085551234");
  expect([asked, complaints]).toEqual([
    [asksRecords({ limit: 100, order: "newest" })],
    ["there may be more: --csv, --ndjson or --json has all"],
  ]);
});

const entry: AuditOfDomain = {
  domain: "acme",
  at: now,
  person: "anna",
  role: "viewer",
  by: "session",
  action: "mute",
  actionId: "k1",
  about: { confKey: "5551", call: "c1" },
  status: 403,
  refusal: "not allowed",
  from: "192.0.2.7",
};

test("what people have asked is a line each: who, what, about what, and what became of it", () => {
  const at = `${new Date(now).toISOString().slice(0, 19).replace("T", " ")}`;
  const wide = { ...plain, width: 200 };
  const erasure = {
    ...entry,
    action: "erase",
    about: { number: "**34" },
    status: 200,
    refusal: null,
    repeat: true as const,
  };
  expect(auditText([entry, erasure], now, wide)).toEqual([
    "WHEN                 WHO                     WHAT              ABOUT          OUTCOME          FROM",
    `${at}  anna (viewer, session)  mute              5551, call c1  403 not allowed  192.0.2.7`,
    `${at}  anna (viewer, session)  erase (repeated)  number **34    200              192.0.2.7`,
  ]);
  const long = { ...entry, about: { ...entry.about, confKey: "5".repeat(300) } };
  expect(auditText([long], now, wide)[1]?.length).toBeLessThan(150);
  expect(auditText([], now, plain)).toEqual(["nobody has asked anything"]);
});

test("the audit of a period is read page by page until its begin", async () => {
  const pages = [3, 2, 1].map((day) => ({ ...entry, at: now - (4 - day) * 86_400_000 }));
  answer = (path, response) => {
    const cursor = Number(/cursor=(\d)/.exec(path)?.[1] ?? 0);
    response.end(JSON.stringify({ entries: [pages[cursor]], next: String(cursor + 1) }));
  };
  const since = zonedTime(now - 2.5 * 86_400_000, "Europe/Berlin").slice(0, 16);

  expect(JSON.parse((await said("audit", "--since", since, "--json")).text)).toHaveLength(2);
  expect(asked).toEqual(["", "&cursor=1", "&cursor=2"].map((cursor) => `domains/acme/audit?limit=1000${cursor}`));
  asked = [];
  expect(JSON.parse((await said("audit", "--json")).text)).toHaveLength(1);
  expect(asked).toEqual(["domains/acme/audit?limit=100"]);
});

/** An edge with the conference 5551 and its caller c1, which answers actions with these, one after another. */
function answersActions(...statuses: readonly (number | "breaks off")[]): {
  readonly keys: unknown[];
  readonly bodies: string[];
} {
  const keys: unknown[] = [];
  const bodies: string[] = [];
  const at = now;
  answer = (path, response, request) => {
    if (path.endsWith("/5551")) {
      const callers = [{ call: "c1", extCallId: "70001", attendeeId: "", number: "", room: "main" }];
      return response.end(JSON.stringify({ key: "5551", phase: "running", callers, callOuts: [] }));
    }
    if (request.method === "GET") {
      const request = { type: "mute", call: "c1" };
      const result = { type: "done", at };
      const told = { transIds: ["t1"], confirmedAt: at };
      return response.end(
        JSON.stringify({ id: "k", person: "anna", request, asked: at, onDisk: { seq: 1, at }, sent: [], result, told }),
      );
    }
    keys.push(request.headers["idempotency-key"]);
    request.on("data", (body) => bodies.push(String(body)));
    return request.on("end", () => {
      const status = statuses[keys.length - 1] ?? 202;
      if (status === "breaks off") return response.destroy();
      return response.writeHead(status).end('{"detail":"The conference 5551 has no caller of this name."}');
    });
  };
  return { keys, bodies };
}

test("an action that is not answered is sent again under the same key", async () => {
  const { keys, bodies } = answersActions("breaks off", 503, 202);
  const place = { domain: "acme", confKey: "5551" };
  const path = "POST /domains/{domain}/conferences/{confKey}/actions";
  await client().insist(path, place, { body: { type: "lock" }, actionId: "k1" });

  expect([keys, bodies]).toEqual([["k1", "k1", "k1"], Array.from({ length: 3 }, () => '{"type":"lock"}')]);
});

test("a command that acts shows its stages until WebEx knows of it", async () => {
  const { keys, bodies } = answersActions(202);
  const { text, complaints } = await said("mute", "5551", "70001");

  expect([keys, bodies, complaints]).toEqual([
    [expect.stringMatching(/^[\da-f-]{36}$/)],
    ['{"type":"mute","call":"c1"}'],
    [],
  ]);
  expect(text.split("\n").map((line) => line.trim().split(" ")[0])).toEqual([
    "mute",
    "times",
    "asked",
    "on",
    "done",
    "posted",
    "notified",
    "",
  ]);
  expect(process.exitCode).toBeUndefined();
});

test.each([400, 403, 404, 405, 409, 413, 422, 429])(
  "what an edge refuses with %i is told in its words, and is exit code 1",
  async (status) => {
    answersActions(status);
    expect(await said("call-out", "5551", "+14085551234", "--muted")).toMatchObject({
      complaints: [`refused (${status}): The conference 5551 has no caller of this name.`],
    });
    expect(process.exitCode).toBe(1);
  },
);

test.each([
  [["unmute", "5551", "c1"], { type: "unmute", call: "c1" }],
  [["expel", "5551", "c1"], { type: "expel", call: "c1" }],
  [["move", "5551", "c1", "r7"], { type: "move", call: "c1", room: "r7" }],
  [["lock", "5551"], { type: "lock" }],
  [["unlock", "5551"], { type: "unlock" }],
  [["mute-all", "5551"], { type: "mute-all" }],
  [["unmute-all", "5551"], { type: "unmute-all" }],
  [["end", "5551"], { type: "end" }],
  [
    ["call-out", "5551", "+14085551234", "--attendee-id", "44", "--muted"],
    { type: "call-out", number: "+14085551234", attendeeId: "44", muted: true },
  ],
])("the command %j asks for that", async (args, body) => {
  const { bodies } = answersActions(202);
  await said(...args, "--json");
  expect(bodies.map((one) => JSON.parse(one))).toEqual([body]);
});
