import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { bridgehead as program } from "../../cli/bridgehead.ts";
import { showAlert } from "../../src/operators/alert-kinds.ts";
import { timelineLine } from "../builders.ts";
import { aCallRecord } from "../records/a-record.ts";
import { now } from "./view-examples.ts";

vi.mock("node:timers/promises", async (original) => ({ ...(await original<object>()), setTimeout: async () => {} }));

let server: Server | undefined;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
  process.stdout.removeAllListeners("error");
  server?.closeAllConnections();
  server?.close();
});

type Answers = Readonly<Record<string, readonly object[]>>;

/** Serves these answers, each path in its order. */
async function serve(answers: Answers): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const all: Answers = {
    "GET domains": [{ domains: [{ name: "acme", timeZone: "Europe/Berlin" }] }],
    "GET edges": [{ active: null, standbys: [] }],
    ...answers,
  };
  server = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    const path = decodeURIComponent(request.url ?? "").replace("/api/v1/", "");
    // An action's id is random.
    const name = `${request.method} ${path.replace(/(?<=actions\/)[-\da-f]{36}$/, "ID")}`;
    const whole = body === "" ? name : `${name} ${body}`;
    const key = whole in all ? whole : name;
    const times = asked.filter((one) => one.startsWith(key)).length;
    asked.push(whole);
    const found = all[key];
    const answer = found?.[Math.min(times, found.length - 1)] ?? { status: 404, detail: `there is no ${name}` };
    if ("dies" in answer) {
      response.writeHead(200);
      return void response.write(String(answer.dies), () => setImmediate(() => response.destroy()));
    }
    response.writeHead("status" in answer ? Number(answer.status) : 200);
    response.end("text" in answer ? answer.text : JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** What a command prints and warns of, and what it asks of an edge with these answers. */
async function bridgehead(answers: Answers, ...args: readonly string[]) {
  const { url, asked } = await serve(answers);
  vi.stubEnv("BRIDGEHEAD_URL", url);
  vi.stubEnv("OPERATOR_TOKEN", "token");
  let printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  let warnings = "";
  vi.spyOn(console, "error").mockImplementation((text) => {
    warnings += `${text}\n`;
  });
  const command = program({} as never).exitOverride();
  for (const one of command.commands) one.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync([...args], { from: "user" });
  vi.restoreAllMocks();
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { printed, warnings, asked: asked.slice(1), code };
}

const conference = { key: "1", phase: "running", callers: [], callOuts: [], host: "", extConfId: "7", attached: true };

const running = (key: string, createdAt = now) => ({
  key,
  createdAt,
  phase: "running",
  webexHost: "http://tsp1",
  bridge: "main",
  undelivered: 0,
  now: { attached: true, locked: false, callers: 2, rooms: 0, alerts: [], documents: 0, oldestDocumentAt: null },
});

test("groups its commands, and each has one line that begins with a verb", () => {
  const all = program({} as never);
  all.configureOutput({ getOutHelpWidth: () => 80 });
  expect(new Set(all.commands.map((command) => command.helpGroup())).size).toBe(6);
  const lines = all.helpInformation().match(/^ {2}[a-z].*/gm);
  expect(lines).toHaveLength(all.commands.length + 1);
  for (const line of lines ?? []) expect(line).toMatch(/^ {2}[a-z-]+( [[<].*[>\]])? {2,}[A-Za-z][a-z]+ /);
  expect(all.helpInformation()).not.toMatch(/^ {10}/m);
});

test("running conferences come from the directory in pages, the latest first", async () => {
  const path = "POST domains/acme/running-conferences";
  const answers = {
    [`${path} {}`]: [{ conferences: [running("1")], next: "1" }],
    [`${path} {"cursor":"1"}`]: [{ conferences: [running("2", now + 1)], next: null }],
  };
  const { printed, asked } = await bridgehead(answers, "conferences");
  expect(printed.match(/^\d+/gm)).toEqual(["2", "1"]);
  expect(asked).toEqual(Object.keys(answers));
});

test("`conferences --json` prints all of each conference, and texts as they are; a terminal is not controlled", async () => {
  const one = { ...conference, rooms: [], commands: [], documents: [], outages: [], domain: "acme" };
  const named = {
    ...one,
    callers: [{ call: "c1", extCallId: "a\u001b[2J\u202eb", number: "", attendeeId: "", room: "main" }],
  };
  const incomplete = [{ what: "conference 2", why: "did not answer" }];
  const answers = {
    "GET domains/acme/conferences": [{ conferences: [named], next: null, incomplete }],
    "GET domains/acme/conferences/1": [named],
  };
  const all = await bridgehead(answers, "conferences", "--json");
  expect(JSON.parse(all.printed)).toEqual([named]);
  expect(all.warnings).toBe("incomplete: conference 2 (did not answer)\n");
  expect(JSON.parse((await bridgehead(answers, "conferences", "1", "--json")).printed)).toEqual(named);
  expect((await bridgehead(answers, "conferences", "1")).printed).toContain("a\\u001b[2J\\u202eb");
});

test("calls in several domains are one list: those that go on, then the latest", async () => {
  const line = (call: string, from: number | null, to: number | null, what = "left") => {
    return { what, from, to, number: "1", attendeeId: "", conference: "5", call, why: "" };
  };
  const lines = {
    acme: [line("c1", now - 9_000, null, "inside"), line("c2", now - 9_000, now - 5_000)],
    bell: [line("c3", null, null, "being-called"), line("c4", now - 8_000, now - 1_000)],
  };
  const answers = Object.fromEntries(
    Object.entries(lines).map(([domain, lines]) => [
      `POST domains/${domain}/find {"text":"1","limit":100}`,
      [{ lines, conferences: [], next: null }],
    ]),
  );
  const domains = { "GET domains": [{ domains: [{ name: "acme" }, { name: "bell" }] }] };
  const { printed } = await bridgehead({ ...domains, ...answers }, "find", "1");
  expect(printed.match(/\bc\d\b/g)).toEqual(["c1", "c3", "c4", "c2"]);
});

const nothing = { lines: [], conferences: [], next: null };

test.each([
  [nothing, /^$/, 1],
  [{ ...nothing, incomplete: [{ what: "running conferences", why: "more match" }] }, /^incomplete: .*more match/, 1],
  [{ ...nothing, people: "none" }, /recordsPersonal/, 1],
  [{ ...nothing, next: "7-0" }, /more than these 100/, 1],
])("find %j warns %s and ends with %i", async (page, says, code) => {
  const found = await bridgehead({ 'POST domains/acme/find {"text":"a b","limit":100}': [page] }, "find", "a", "b");
  expect(found).toMatchObject({ warnings: expect.stringMatching(says), code });
});

test("lists calls in the prompt, and says if there are more", async () => {
  const end = { at: now, why: "stopped-keying", digits: 7 };
  const call = { id: 1, bridge: "main", call: "p1", number: "", dialled: "", at: now, steps: [], end };
  const answers = { 'POST domains/acme/prompt-calls {"limit":100}': [{ calls: [call], next: "1" }] };
  const { printed, warnings } = await bridgehead(answers, "prompt-calls");
  expect(printed).toMatch(/not admitted +withheld/);
  expect(warnings).toMatch(/^Each domain's latest 100 are listed\.\n$/);
});

test("names what is not known of servers, and lists agents of each bridge", async () => {
  const answers = {
    "GET domains/acme/activity": [
      { minutes: [], hosts: [], incomplete: [{ what: "the mailbox", why: "did not answer" }] },
    ],
    "GET domains/acme/agents": [{ bridges: [{ bridge: "main", agents: [], drainedSince: null, load: null }] }],
  };
  expect((await bridgehead(answers, "servers")).warnings).toBe("incomplete: the mailbox (did not answer)\n");
  expect((await bridgehead(answers, "agents")).printed).toMatch(/^main +no agent +not connected$/m);
});

test("reads the audit of a period page by page", async () => {
  const entry = (at: number) => ({ entries: [{ at, person: "anna", about: {}, refusal: null, from: "" }] });
  const path = "GET domains/acme/audit?limit=1000";
  const day = 86_400_000;
  const answers = {
    [path]: [{ ...entry(Date.now()), next: "1" }],
    [`${path}&cursor=1`]: [{ ...entry(Date.now() - day), next: "2" }],
    [`${path}&cursor=2`]: [{ ...entry(Date.now() - 4 * day), next: "3" }],
  };
  const since = new Date(Date.now() - 2 * day).toISOString().slice(0, 10);
  const { printed, asked } = await bridgehead(answers, "audit", "--since", since, "--json");
  expect(JSON.parse(printed)).toHaveLength(2);
  expect(asked).toHaveLength(3);
});

test.each([
  [3, [], "Erased from 3 records and calls in the prompt.", ""],
  [0, [], "Erased from 0 records", "has the number 1408. Check each digit."],
  [1, ["1555"], "Erased from 1 record", "Records also have 1555"],
])("an erasure of %i records, %j alike", async (erased, alike, prints, warns) => {
  const path = 'POST domains/acme/records/erasures {"number":"1408"}';
  const found = await bridgehead({ [path]: [{ erased, alike }] }, "erase", "1408", "--yes");
  // A repeated erasure finds nothing, and succeeds.
  expect(found).toMatchObject({ printed: expect.stringContaining(prints), code: 0, asked: [path] });
  expect(found.warnings).toContain(warns);
});

test.each([
  ["erase", "1408"],
  ["drain", "main"],
  ["hand-over", "main"],
])("%s without a terminal needs --yes", async (...args) => {
  const bridges = [{ bridge: "main", agents: [{ agent: "a1", role: "active" }] }];
  const { code, asked, warnings } = await bridgehead({ "GET domains/acme/agents": [{ bridges }] }, ...args);

  expect([code, asked.filter((one) => !one.startsWith("GET"))]).toEqual([1, []]);
  expect(warnings).toBe("Nothing was done. There is no terminal to ask for confirmation: add --yes.\n");
});

const records = (fields: object) => `POST domains/acme/records ${JSON.stringify(fields)}`;

test("lists ended conferences and calls, and says if there are more", async () => {
  const ended = { conference: "5", endedAt: now, recordedAt: now, endedBy: "webex", reason: "", status: "completed" };
  const all = [
    { ...ended, kind: "conference", webexHosts: [], seconds: 1, runningAt: now, calls: 3 },
    { ...ended, kind: "call", number: "14085551234", answeredAt: now, seconds: 1, attendeeId: "" },
  ];
  const answers = { [records({ limit: 100, order: "newest" })]: [{ records: all, next: "7" }] };
  const { printed, warnings } = await bridgehead(answers, "records");
  expect(printed).toMatch(/CONFERENCE [\s\S]*\n\nNUMBER [\s\S]*14085551234/);
  expect(warnings).toContain("--csv or --json prints all");
});

test("exports all pages of a month as CSV, after a broken answer and the edge's restart", async () => {
  const [first, second] = [aCallRecord({ number: "+1408" }), aCallRecord({ number: "two\n" })];
  const month = { kind: "call", month: "2026-10", limit: 1_000 };
  const answers = {
    [records(month)]: [{ dies: "{" }, { status: 503 }, { records: [{ cursor: "7-1", ...first }], next: "7-1" }],
    [records({ ...month, cursor: "7-1" })]: [{ records: [{ cursor: "7-2", ...second }], next: null }],
  };
  const { printed } = await bridgehead(answers, "records", "--month", "2026-10", "--csv");
  expect(printed).toMatch(
    /^cursor,recordedAt,conference,[^\r]*\r\n7-1,[^\r]*,'\+1408,[^\r]*\r\n7-2,[^\r]*,"two\n",[^\r]*\r\n$/,
  );
});

test("exports calls and conferences as lines of JSON", async () => {
  const page = [{ cursor: "7-1" }, { cursor: "7-2" }];
  const answers = { [records({ webexHost: "tsp1", limit: 1_000 })]: [{ records: page, next: null }] };
  const { printed } = await bridgehead(answers, "records", "--server", "tsp1", "--json");
  expect(printed).toBe('{"cursor":"7-1"}\n{"cursor":"7-2"}\n');
});

test("an export that fails says how to continue it", async () => {
  const asks = { kind: "call", limit: 1_000 };
  const answers = {
    [records({ ...asks, cursor: "7-1" })]: [{ records: [{ ...aCallRecord(), cursor: "7-2" }], next: "7-2" }],
    [records({ ...asks, cursor: "7-2" })]: [{ status: 503 }],
  };
  expect(await bridgehead(answers, "records", "--csv", "--after", "7-1")).toMatchObject({
    printed: expect.stringMatching(/^7-2,/),
    warnings: expect.stringContaining("the export is incomplete: --after 7-2 continues"),
    code: 1,
  });
});

test.each([
  [["records", "--csv", "--json"], "Choose one of --csv and --json."],
  [["records", "--after", "7-1"], "--after needs --csv or --json."],
  [
    ["explain", "1", "--since", "2026-11-21T02:40", "--until", "2026-11-20T02:50"],
    "--until 2026-11-20 02:50:00 is before --since 2026-11-21 02:40:00 (Europe/Berlin).",
  ],
])("%j is refused", async (args, why) => {
  expect(await bridgehead({}, ...args)).toMatchObject({ warnings: `${why}\n`, code: 1 });
});

test("explain --call is the timeline of that call; a call that never was is refused", async () => {
  const path = "GET domains/acme/conferences/1";
  const line = (seq: number, call: string) => {
    return timelineLine(seq, now + seq, "bridge > edge", "caller-muted", { call });
  };
  const answers = {
    [path]: [conference],
    [`${path}/timeline`]: [
      { lines: [line(1, "c1")], next: "1000" },
      { lines: [line(2, "c2")], next: null },
    ],
    [`${path}/timeline?cursor=1000`]: [{ lines: [line(2, "c2")], next: null }],
    "GET domains/acme/agents": [{ bridges: [] }],
  };
  const { printed } = await bridgehead(answers, "explain", "1", "--call", "c2", "--json");
  expect(JSON.parse(printed).lines.map(({ seq }: { seq: number }) => seq)).toEqual([2]);
  const never = await bridgehead(answers, "explain", "1", "--call", "c9", "--why");
  expect(never).toMatchObject({ warnings: expect.stringContaining("never had a call with the ID"), code: 1 });
});

const act = "POST domains/acme/conferences/1/actions";

test.each<[string[], object]>([
  [["unmute", "1", "c1"], { type: "unmute", call: "c1" }],
  [["expel", "1", "70001"], { type: "expel", call: "c1" }],
  [["move", "1", "c1", "r7"], { type: "move", call: "c1", room: "r7" }],
  ...["lock", "unlock", "mute-all", "unmute-all", "end"].map((type): [string[], object] => [[type, "1"], { type }]),
  [
    ["call-out", "1", "+1408", "--attendee-id", "44", "--muted"],
    { type: "call-out", number: "+1408", attendeeId: "44", muted: true },
  ],
])("%j asks for that", async (args, body) => {
  const callers = [{ call: "c1", extCallId: "70001", attendeeId: "", number: "", room: "main" }];
  const found = await bridgehead({ "GET domains/acme/conferences/1": [{ ...conference, callers }] }, ...args);
  expect(found).toMatchObject({ asked: expect.arrayContaining([`${act} ${JSON.stringify(body)}`]), code: 1 });
  expect(found.warnings).toContain("refused (404)");
});

test.each([
  ["confirmed", 0],
  ["waiting", 1],
])("an action with the notification %s ends with %i", async (is, code) => {
  const done = { result: { type: "done", at: now }, asked: now, onDisk: { seq: 1, at: now }, person: "anna", sent: [] };
  const answers = {
    "GET domains/acme/conferences/1": [conference],
    // What is not answered is asked again.
    [act]: [{ status: 503 }, { status: 202 }],
    "GET domains/acme/conferences/1/actions/ID": [
      { ...done, request: { type: "lock" }, notified: { is, at: now, why: "", transIds: ["1"] } },
    ],
  };
  const found = await bridgehead(answers, "lock", "1");
  expect([found.code, found.asked.filter((path) => path.startsWith(act)).length]).toEqual([code, 2]);
});

test("an action without an answer is named by its key", async () => {
  const answers = { "GET domains/acme/conferences/1": [conference], [act]: [{ dies: "" }] };
  const { warnings, code } = await bridgehead(answers, "lock", "1");
  expect(warnings).toMatch(/the result is unknown\. Its Idempotency-Key is [-\da-f]{36}\.\n$/);
  expect(code).toBe(1);
});

test.each([
  [[{ ended: 2 }], "Ended 2 sessions of boris.\n", "", 0],
  [[{ status: 403, detail: "End your own sessions." }], "", "refused (403): End your own sessions.\n", 1],
])("sign-out: %j", async (answer, printed, warnings, code) => {
  const found = await bridgehead({ "DELETE people/boris/sessions": answer }, "sign-out", "boris");
  expect(found).toMatchObject({ printed, warnings, code });
});

test.each([
  [{ conferences: 0, unanswered: [] }, 0, "No conference has a document for tsp1.\n"],
  [{ conferences: 2, unanswered: [] }, 0, "Asked 2 conferences to probe tsp1."],
  [{ conferences: 2, unanswered: ["555"] }, 1, "Not answered: 555. Run the command again."],
])("resyncs a server: %j", async (answer, code, text) => {
  const path = "POST domains/acme/servers/resync";
  const found = await bridgehead({ [path]: [{ server: "tsp1", ...answer }] }, "servers", "--resync", "tsp1");
  expect(found).toMatchObject({ asked: [`${path} {"server":"tsp1"}`], code, printed: expect.stringContaining(text) });
});

test.each(["", " --domain acme"])("status prints commands that run as they are, with %j", async (named) => {
  const one = showAlert({ kind: "no-agent", bridge: "main", since: null }, "acme");
  const domains = named === "" ? ["acme"] : ["acme", "beta"];
  const answers = {
    "GET domains": [{ domains: domains.map((name) => ({ name })) }],
    "GET domains/acme/alerts": [{ alerts: [one] }],
    "GET domains/beta/alerts": [{ alerts: [] }],
    ...Object.fromEntries(domains.map((name) => [`GET domains/${name}/figures`, [{ figures: [] }]])),
    ...Object.fromEntries(domains.map((name) => [`GET domains/${name}/agents`, [{ bridges: [] }]])),
  };
  const { printed } = await bridgehead(answers, "status");
  expect(printed).toContain(`  bridgehead acknowledge${named} no-agent:main "…"\n`);
});

test("status shows which of two edges is active, and since when", async () => {
  const active = { name: "edge-1", url: "https://edge-1", since: Date.now() - 90_000 };
  const other = { name: "edge-2", url: "https://edge-2", version: "1.0.0", silentMs: 700 };
  const lost = { ...other, name: "edge-3", url: "https://edge-3", silentMs: 90_000 };
  const answers = {
    "GET edges": [{ active, standbys: [other, lost] }],
    "GET domains/acme/alerts": [{ alerts: [] }],
    "GET domains/acme/figures": [{ figures: [] }],
    "GET domains/acme/agents": [{ bridges: [] }],
  };
  const { printed } = await bridgehead(answers, "status");
  expect(printed).toContain(
    [
      "edge-1 has been active for 1 min 30 s, at https://edge-1",
      "edge-2 is on standby at https://edge-2",
      "edge-3 is on standby at https://edge-3, silent for 1 min 30 s",
    ].join("\n"),
  );
});

test("an answer that cannot be printed is a failure", async () => {
  const { url } = await serve({ "POST domains/acme/running-conferences": [{ conferences: [], next: null }] });
  const file = openSync("/dev/full", "w");
  const child = spawn(process.execPath, ["scripts/bridgehead.ts", "conferences"], {
    stdio: ["ignore", file, "pipe"],
    env: { ...process.env, BRIDGEHEAD_URL: url, OPERATOR_TOKEN: "token" },
  });
  closeSync(file);
  let said = "";
  child.stderr?.on("data", (text) => {
    said += text;
  });
  const [code] = await once(child, "close");
  expect([code, said]).toEqual([1, "cannot print the answer (the disk is full)\n"]);
});
