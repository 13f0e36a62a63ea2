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

/** In place of the edge. */
const fakeEdge = `
  const serveNode = async ({ host, port, write, variables }) => {
    write("info", '{"time":"2026-11-21T09:41:29.321Z","level":"info","event":"begun"}');
    const server = createServer((request, response) => {
      if (request.url === "/reject") void Promise.reject(new Error("nobody waits"));
      if (request.url === "/throw") setImmediate(() => { throw new Error("nobody catches"); });
      if (request.url === "/domains") return response.end(variables.DOMAINS);
      response.end();
    });
    await new Promise((resolve) => server.listen(port, host, resolve));
    return { async stop() {} };
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

/** Runs the edge; `line` waits for what it prints. */
function run(): {
  line(text: string): Promise<void>;
  readonly lines: readonly string[];
} {
  const command = `
    import { createServer } from "node:http";
    import { runUntilStopped } from "./cli/edge/program.ts";
    import { serve } from "./cli/edge/serve.ts";
    ${fakeEdge}
    const edge = async () => ({ serveNode });
    await runUntilStopped(() => serve(${JSON.stringify(settings)}, { edge }));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", command], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  edge = child;
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  return {
    lines,
    line: (text) =>
      new Promise((found) => {
        const look = () => lines.some((line) => line.includes(text)) && found();
        waiting.add(look);
        look();
      }),
  };
}

/** Nothing of the edge itself is needed. */
const noEdge = { edge: () => Promise.reject(new Error("it is not refused")) };

test("wrong domains are refused at the start; of a domain that is right, no length is", async () => {
  write({ local: {} });
  await expect(serve(settings, noEdge)).rejects.toThrow(/^\S+edge\.json: domains\.local/);
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

test("at the start the log warns where no document can come in", async () => {
  const closed = { ...local, webex: { ...local.webex, from: ["192.0.2.7"] } };
  write({ local: closed });
  const { line } = run();
  await line("domain local takes no documents");
});

test("where no terminal is, each line is one of JSON: start and end with the version, and the edge's own", async () => {
  write({ local });
  const { line, lines } = run();
  await line("edge-serves");
  await fetch(`http://127.0.0.1:${port}/reject`);
  await line("unhandled-rejection");
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
    { time, level: "info", event: "token", msg: expect.stringContaining("operator-token") },
    { time, level: "info", event: "begun" },
    { ...about, event: "edge-serves", msg: `serves http://127.0.0.1:${port}` },
    { ...about, level: "error", ...rejected },
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
