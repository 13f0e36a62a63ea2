import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { SampleValues } from "../../bridge-agent/drivers/asterisk/setup/sample-config.ts";
import { asteriskArguments, type FolderOptions, writeAsteriskFolder } from "../../scripts/asterisk/asterisk-folder.ts";
import type { AsteriskHome } from "../../scripts/tools/find-asterisk.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { guarded } from "../../simulators/telephones/guarded.ts";

/** Starts in 0.25 s, on a busy machine in some more. */
const READY_WITHIN_MS = 12_000;

interface AsteriskOptions extends Partial<SampleValues>, FolderOptions {}

/** An Asterisk with the sample configuration, in a folder and at ports of its own. It ends with the test, whatever that dies of. */
export class AsteriskOnTest {
  readonly home: AsteriskHome;
  readonly user = "bridgehead";
  readonly password: string;
  readonly ports: { readonly http: number; readonly sip: number; readonly trunk: number };
  readonly folder = mkdtempSync(join(tmpdir(), "bridgehead-asterisk-"));
  #process: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #output = "";

  private constructor(home: AsteriskHome, ports: readonly number[], options: AsteriskOptions) {
    const [http = 0, sip = 0, trunk = 0] = ports;
    this.home = home;
    this.password = options.ariPassword ?? crypto.randomUUID();
    this.ports = { http, sip, trunk };
    this.#write(options);
  }

  static async start(home: AsteriskHome, options: AsteriskOptions = {}): Promise<AsteriskOnTest> {
    const asterisk = new AsteriskOnTest(home, await freePorts(3), options);
    try {
      await asterisk.restart();
    } catch (error) {
      await asterisk.stop();
      throw error;
    }
    return asterisk;
  }

  /** Of ARI, as the agent's settings name it. */
  get url(): string {
    return `http://127.0.0.1:${this.ports.http}/ari`;
  }

  /** 0 while there is none. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** What it has written since the test began. */
  get log(): string {
    const file = join(this.folder, "state", "messages.log");
    return this.#output + (existsSync(file) ? readFileSync(file, "utf8") : "");
  }

  /** One request of ARI, beside the driver. */
  ari(method: string, path: string, body?: object): Promise<Response> {
    const authorization = `Basic ${btoa(`${this.user}:${this.password}`)}`;
    const headers = { authorization, "content-type": "application/json" };
    return fetch(`${this.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  }

  /** What Asterisk's console prints for a command. */
  async cli(command: string): Promise<string> {
    const args = ["-C", join(this.folder, "etc", "asterisk.conf"), "-rx", command];
    const { stdout } = await promisify(execFile)(this.home.asterisk, args);
    return stdout;
  }

  /** Kills it at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#ended;
  }

  /** Asks it to end: its calls end at once, and it some second later; `ended` resolves then. */
  term(): void {
    this.#process?.kill("SIGTERM");
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Starts it anew with the same files and ports; one that runs is killed first. Resolves when it answers. */
  restart(): Promise<void> {
    // One in some hundred hangs while it loads its modules, and never answers.
    const again = () => this.#start();
    return again().catch(again).catch(again).catch(again);
  }

  async #start(): Promise<void> {
    await this.kill();
    // A group of its own: the guard kills groups.
    const child = spawn(this.home.asterisk, asteriskArguments(this.folder), {
      cwd: this.folder,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    const release = guarded(child.pid);
    let fault = "";
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.on("data", (data: Buffer) => {
        this.#output += data;
      });
    }
    this.#ended = new Promise((done) => {
      const over = () => {
        release();
        this.#process = undefined;
        done();
      };
      child.once("error", (error) => {
        fault = error.message;
        over();
      });
      child.once("close", over);
    });
    for (const deadline = Date.now() + READY_WITHIN_MS; !(await this.#isReady()); await pause(10)) {
      const why = this.#process ? Date.now() > deadline && "it does not answer" : `it has ended ${fault}`;
      if (why) throw new Error(`Asterisk does not start (${why}):\n${this.log.slice(-4_000)}`);
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<boolean> {
    const answer = await this.ari("GET", "/asterisk/ping").catch(() => null);
    // It answers before all modules run.
    return answer?.status === 200 && /has fully booted/.test(await this.cli("core waitfullybooted"));
  }

  #write({ added = {}, change, ...values }: AsteriskOptions): void {
    const { http, sip, trunk } = this.ports;
    const own = {
      httpPort: http,
      sipPort: sip,
      trunkPort: trunk,
      // The same for all: one of them that finds a port taken tries the next. Below the ports that the system gives to others.
      rtpPorts: { first: 20_000, last: 29_999 },
    };
    const options = { added, ...(change && { change }) };
    writeAsteriskFolder(this.home, this.folder, { ...own, ...values, ariPassword: this.password }, options);
    // Asterisk starts with half the work, for it searches its help for each function; its console explains nothing.
    writeOptions(join(this.home.data, "documentation"), join(this.folder, "data", "documentation"));
  }
}

/** Of the documentation, what modules must find there of each option that they read. */
function writeOptions(from: string, to: string): void {
  rmSync(to, { force: true });
  mkdirSync(to, { recursive: true });
  for (const file of existsSync(from) ? readdirSync(from).filter((name) => name.endsWith(".xml")) : []) {
    const options = readFileSync(join(from, file), "utf8").match(/<configInfo [\s\S]*?<\/configInfo>/g) ?? [];
    const docs = '<docs xmlns:xi="http://www.w3.org/2001/XInclude">';
    writeFileSync(join(to, file), `<?xml version="1.0" encoding="UTF-8"?>\n${docs}${options.join("\n")}</docs>`);
  }
}
