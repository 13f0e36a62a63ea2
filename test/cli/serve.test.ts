import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serve } from "../../cli/edge/serve.ts";
import { StartError } from "../../cli/edge/supervise.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { version } from "../../src/foundation/version.ts";
import { localDomain } from "../../src/settings/local-domain.ts";

const local = localDomain({ agents: [{ name: "agent-1", publicKey: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw" }] });
const sweden = { number: "+46 8 465 004 10", kind: "toll", label: "å".repeat(60) };
/** Fewer characters than are too many, and more bytes. */
const tooLong = { long: { ...local, globalNumbers: { SE: Array.from({ length: 800 }, () => sweden) } } };

/** In place of workerd: says which domains it is handed, and answers the first time only when asked at /answer, or handed more. */
const fakeEdge = `#!${process.execPath}
const { createServer } = require("node:http");
const [, port] = /address = "[^"]*:(\\d+)"/.exec(require("node:fs").readFileSync(process.argv[3], "utf8"));
let answer = () => {};
let held = new Promise((resolve) => { answer = resolve; });
let handed = 0;
createServer(async (request, response) => {
  if (request.url === "/answer") answer();
  if (request.url === "/crash") {
    console.error("kj/disk.c++:1: error: no disk\\nstack: 55a 55b");
    process.kill(process.pid, "SIGKILL");
  }
  if (request.url === "/reload/operators") console.log("people: " + (await request.toArray()).join(""));
  if (request.url === "/reload") {
    const domains = Object.keys(JSON.parse((await request.toArray()).join("")));
    console.log("handed " + domains);
    handed += 1;
    if (handed > 1) answer();
    await held;
    console.log("answered " + domains);
  }
  response.end();
}).listen(Number(port), "127.0.0.1");
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
  const workerd = join(folder, "workerd");
  writeFileSync(workerd, fakeEdge);
  chmodSync(workerd, 0o700);
  const command = `
    import { writeFileSync } from "node:fs";
    import { serve } from "./cli/edge/serve.ts";
    import { runUntilStopped } from "./cli/edge/supervise.ts";
    const worker = async () => { ${whileItStarts}; return new Uint8Array(); };
    const parts = { workerd: () => ${JSON.stringify(workerd)}, worker };
    process.stdin.on("data", () => {
      process.emit("SIGHUP");
      process.emit("SIGHUP");
      fetch("http://127.0.0.1:${port}/answer");
    });
    await runUntilStopped(() => serve(${JSON.stringify(settings)}, parts), { hangUp: "own" });`;
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

test("domains that are too long for a process are refused at the start, and change nothing later", async () => {
  write(tooLong);
  const parts = { workerd: () => "", worker: async () => new Uint8Array() };
  const fault = /^\S+edge\.json: all domains together have 14\d{4} bytes/;
  await expect(serve(settings, parts)).rejects.toThrow(fault);
  await expect(serve(settings, parts)).rejects.toBeInstanceOf(StartError);

  write({ local });
  const { line, lines } = run();
  await line("serves");
  write(tooLong);
  edge?.kill("SIGHUP");
  await line("settings stay as they were: ");
  expect(lines.filter((one) => one.includes("handed"))).toEqual([]);
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
    ...["handed local", "answered local"],
    ...["handed local", "answered local"],
  ]);
});

test("where no terminal is, each line of a service is one of JSON: its start and end with the version, a crash, reloads", async () => {
  write({ local });
  const { line, lines } = run();
  await line("edge-serves");
  await fetch(`http://127.0.0.1:${port}/answer`);
  await fetch(`http://127.0.0.1:${port}/crash`).catch(() => {});
  await line("edge-serves", 2);
  write({ local: {} });
  edge?.kill("SIGHUP");
  await line("reload-refused");
  const ended = edge && once(edge, "close");
  edge?.kill("SIGTERM");
  await ended;

  const time = expect.stringMatching(/^\d{4}-.*Z$/);
  const about = { time, level: "info", version };
  expect(lines.map((one) => JSON.parse(one))).toEqual(
    expect.arrayContaining([
      { ...about, event: "edge-started", msg: expect.stringMatching(/^process \d+$/), process: expect.any(Number) },
      { ...about, event: "edge-serves", msg: `serves http://127.0.0.1:${port}` },
      { time, level: "error", event: "workerd", msg: "kj/disk.c++:1: error: no disk" },
      { ...about, level: "error", event: "edge-ended", msg: "ended (SIGKILL); is started again", code: "SIGKILL" },
      { time, level: "error", event: "reload-refused", msg: expect.stringContaining("settings stay as they were: ") },
      { ...about, event: "edge-stops", msg: "stops" },
    ]),
  );
});

test.each([
  [{ host: "::1" }, "; host counts after a restart"],
  [{ host: "::1", port: 1 }, "; host and port count after a restart"],
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
