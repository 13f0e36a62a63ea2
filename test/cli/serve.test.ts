import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkEdge } from "../../cli/edge/check.ts";
import { StartError } from "../../cli/edge/program.ts";
import { serve } from "../../cli/edge/serve.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { version } from "../../src/foundation/version.ts";
import { localDomain } from "../../src/settings/local-domain.ts";

const local = localDomain({ agents: [{ name: "agent-1", publicKey: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw" }] });
const sweden = { number: "+46 8 465 004 10", kind: "toll", label: "å".repeat(60) };
/** More than the system hands to a process. */
const long = { ...local, globalNumbers: { SE: Array.from({ length: 1_500 }, () => sweden) } };

/** In place of the edge: says what it is handed, and answers the first time only when asked at /answer, or handed more. */
const fakeEdge = `
  let answer = () => {};
  const held = new Promise((resolve) => { answer = resolve; });
  let handed = 0;
  const serveNode = async ({ host, port, write, variables }) => {
    write("info", '{"time":"2026-11-21T09:41:29.321Z","level":"info","event":"begun"}');
    const server = createServer((request, response) => {
      if (request.url === "/answer") answer();
      if (request.url === "/reject") void Promise.reject(new Error("nobody waits"));
      if (request.url === "/throw") setImmediate(() => { throw new Error("nobody catches"); });
      if (request.url === "/domains") return response.end(variables.DOMAINS);
      response.end();
    });
    await new Promise((resolve) => server.listen(port, host, resolve));
    return {
      async reloadPeople(people) { console.log("people: " + people); return { ok: true }; },
      async reload(json) {
        const domains = Object.keys(JSON.parse(json));
        console.log("handed " + domains);
        handed += 1;
        if (handed > 1) answer();
        await held;
        console.log("answered " + domains);
        return { ok: true };
      },
      async stop() {},
    };
  };
`;

let folder: string;
let settings: string;
let port: number;
let edge: ChildProcess | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-serve-"));
  settings = join(folder, "edge.json");
  [port = 0] = await freePorts(1);
});
afterEach(async () => {
  if (edge?.kill("SIGTERM")) await once(edge, "exit");
  edge = undefined;
  rmSync(folder, { recursive: true });
});

function write(domains: object): void {
  writeFileSync(settings, JSON.stringify({ port, state: "edge", domains }));
}

/** Runs the edge, with a line of JavaScript where it waits for its bundle; `line` waits for what it prints. */
function run(whileItStarts = ""): {
  line(text: string, times?: number): Promise<void>;
  readonly lines: readonly string[];
} {
  const command = `
    import { writeFileSync } from "node:fs";
    import { createServer } from "node:http";
    import { runUntilStopped } from "./cli/edge/program.ts";
    import { serve } from "./cli/edge/serve.ts";
    ${fakeEdge}
    const edge = async () => { ${whileItStarts}; return { serveNode }; };
    process.stdin.on("data", () => {
      process.emit("SIGHUP");
      process.emit("SIGHUP");
      answer();
    });
    await runUntilStopped(() => serve(${JSON.stringify(settings)}, { edge }), { hangUp: "own" });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", command], { stdio: ["pipe", "pipe", "inherit"] });
  edge = child;
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  return {
    lines,
    line: (text, times = 1) =>
      new Promise((found) => {
        const look = () => lines.filter((line) => line.includes(text)).length >= times && found();
        waiting.add(look);
        look();
      }),
  };
}

/** Nothing of the edge itself is needed. */
const noEdge = { edge: () => Promise.reject(new Error("it is not refused")) };

test("wrong domains are refused at the start; of a domain that is right, no length is", async () => {
  write({ local: {} });
  await expect(serve(settings, noEdge)).rejects.toThrow(/^\S+edge\.json: DOMAINS\.local/);
  await expect(serve(settings, noEdge)).rejects.toBeInstanceOf(StartError);

  write({ long });
  const { line } = run();
  await line("edge-serves");
  const served = await (await fetch(`http://127.0.0.1:${port}/domains`)).text();
  expect(Buffer.byteLength(served)).toBeGreaterThan(128 * 1024);
});

test.each([
  ["a", "is shorter than 16 characters"],
  ["ab".repeat(12), "has fewer than 8 different characters"],
])(
  "the operator's token %j is refused at the start, in one line that says which rule it breaks",
  async (token, rule) => {
    write({});
    mkdirSync(join(folder, "edge"));
    writeFileSync(join(folder, "edge", "operator-token"), token);

    const refused = serve(settings, noEdge);
    await expect(refused).rejects.toThrow(
      new RegExp(`^the operator's token in \\S+ can be guessed: it ${rule}; delete .*$`),
    );
    await expect(refused).rejects.toBeInstanceOf(StartError);
    expect((await checkEdge(settings)).find(({ about }) => about === "token")).toMatchObject({
      verdict: "WRONG",
      says: expect.stringContaining(rule),
    });
  },
);

test("at the start and at a reload the log warns where no document can come in", async () => {
  const closed = { ...local, webex: { ...local.webex, from: ["192.0.2.7"] } };
  write({ local: closed });
  const { line } = run();
  await line("domain local takes no documents");
  await line("edge-serves");
  await fetch(`http://127.0.0.1:${port}/answer`);
  edge?.kill("SIGHUP");
  await line("domain local takes no documents", 2);
});

test("a SIGHUP while the edge starts counts as soon as it serves", async () => {
  write({ local });
  const next = JSON.stringify(JSON.stringify({ port, state: "edge", domains: { local, next: local } }));
  const { line, lines } = run(`writeFileSync(${JSON.stringify(settings)}, ${next}); process.emit("SIGHUP")`);

  await line("handed local,next");
  await fetch(`http://127.0.0.1:${port}/answer`);
  await line("domains read again");
  expect(lines.filter((one) => one.includes('"edge-serves"'))).toHaveLength(1);
});

test("a SIGHUP hands over people, before the domains; wrong ones change nothing", async () => {
  const people = [{ name: "anna", tokenSha256: "0".repeat(64), role: "viewer", domains: ["one"] }];
  const write = (operators: object) =>
    writeFileSync(settings, JSON.stringify({ port, state: "edge", operators, domains: { one: local } }));
  write({ people: [] });
  const { line, lines } = run();
  await line("serves http");
  write({ people: [{}] });
  edge?.kill("SIGHUP");
  await line("operators.people.0.name is missing");
  write({ people });
  edge?.kill("SIGHUP");
  await line("handed one");
  await fetch(`http://127.0.0.1:${port}/answer`);
  await line("domains read again");

  expect(lines.filter((text) => /^(people|handed)/.test(text))).toEqual([
    `people: ${JSON.stringify({ people })}`,
    "handed one",
  ]);
});

test("of two SIGHUPs the second waits until the edge has answered the first", async () => {
  write({ local });
  const { line, lines } = run();
  await line("serves");
  edge?.stdin?.write("go\n");
  await line("handed local");
  await fetch(`http://127.0.0.1:${port}/answer`);
  await line("domains read again", 2);

  expect(lines.filter((one) => /^(handed|answered)/.test(one))).toEqual([
    "handed local",
    "answered local",
    "handed local",
    "answered local",
  ]);
});

test("where no terminal is, each line is one of JSON: start and end with the version, the edge's own, reloads", async () => {
  write({ local });
  const { line, lines } = run();
  await line("edge-serves");
  await fetch(`http://127.0.0.1:${port}/reject`);
  await line("unhandled-rejection");
  write({ local: {} });
  edge?.kill("SIGHUP");
  await line("reload-refused");
  const ended = edge && once(edge, "close");
  edge?.kill("SIGTERM");
  await ended;

  const time = expect.stringMatching(/^\d{4}-.*Z$/);
  const about = { time, level: "info", version };
  const rejected = {
    event: "unhandled-rejection",
    msg: "work of the edge failed (nobody waits)",
    stack: expect.stringContaining("nobody waits"),
  };
  expect(lines.map((one) => JSON.parse(one))).toEqual([
    { time, level: "info", event: "begun" },
    { time, level: "info", event: "token", msg: expect.stringContaining("operator-token") },
    { ...about, event: "edge-serves", msg: `serves http://127.0.0.1:${port}` },
    { ...about, level: "error", ...rejected },
    { time, level: "error", event: "reload-refused", msg: expect.stringContaining("settings stay as they were: ") },
    { ...about, event: "edge-stops", msg: "stops" },
  ]);
  expect(edge?.exitCode).toBe(0);
});

test("an error that nobody catches ends the process with one line", async () => {
  write({ local });
  const { line, lines } = run();
  await line("edge-serves");
  const ended = edge && once(edge, "close");
  await fetch(`http://127.0.0.1:${port}/throw`);
  await ended;

  const about = { level: "error", event: "edge-ended", msg: "ends of an error of its own (nobody catches)", version };
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject(about);
  expect(edge?.exitCode).toBe(1);
});

test.each([
  [{ url: "http://e" }, "; url counts after a restart"],
  [{ host: "::1", port: 1, state: "s" }, "; host, port, state and operatorTokenFile count after a restart"],
])("a reload says what waits for a restart: %j", async (changed, rest) => {
  write({ local });
  const { line } = run();
  await line("edge-serves");
  await fetch(`http://127.0.0.1:${port}/answer`);
  writeFileSync(settings, JSON.stringify({ port, state: "edge", domains: { local }, ...changed }));
  edge?.kill("SIGHUP");

  await line(`edge.json${rest}"`);
});
