import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { guarded } from "./guarded.ts";
import { callees, callers } from "./sipp-scenarios.ts";

/** Separates what is said on sipp's control connection. */
const END = "\x1b";

/** A sipp process whose calls do what they are told. */
export class Sipp {
  readonly #folder = mkdtempSync(join(tmpdir(), "bridgehead-sipp-"));
  readonly #process: ChildProcess;
  readonly #cancelGuard: () => void;
  #control: Socket | undefined;
  #complaints = "";
  #isStopped = false;

  private constructor(program: string, options: readonly string[], scenario: string) {
    const file = join(this.#folder, "scenario.xml");
    writeFileSync(file, scenario);
    // Its watchdog would end it on a busy machine. `-aa`: what the other side asks beside the call is answered with 200.
    const always = ["-sf", file, "-i", "127.0.0.1", "-nostdin", "-aa", "-watchdog_interval", "0", "-l", "10000"];
    // A path is from where this process stands; a name is looked for in PATH.
    this.#process = spawn(program.includes("/") ? resolve(program) : program, [...always, ...options], {
      cwd: this.#folder,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#cancelGuard = guarded(this.#process.pid);
    this.#process.once("error", ({ message }) => {
      this.#complaints += message;
    });
    this.#process.stderr?.on("data", (data: Buffer) => {
      this.#complaints += data;
    });
  }

  /** For telephones that call. `controlPort` is a free one. */
  static async ofCallers(
    program: string,
    ports: { sip: number; own: number; control: number },
    says: Says,
  ): Promise<Sipp> {
    const control = `127.0.0.1:${ports.control}`;
    const sipp = new Sipp(program, ["-p", `${ports.own}`, "-3pcc", control, `127.0.0.1:${ports.sip}`], callers);
    // It listens, once it has read its scenario.
    for (const deadline = Date.now() + 10_000; ; await pause(10)) {
      const socket = await connected(ports.control);
      if (socket) {
        sipp.#take(socket, says);
        return sipp;
      }
      sipp.#mustRun(Date.now() < deadline);
    }
  }

  /** For telephones that are called. */
  static async ofCallees(program: string, ports: { own: number }, says: Says): Promise<Sipp> {
    const server: Server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    const control = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const sipp = new Sipp(program, ["-p", `${ports.own}`, "-3pcc", control], callees);
    const socket = new Promise<Socket>((done) => server.once("connection", done));
    for (const deadline = Date.now() + 10_000; ; ) {
      const found = await Promise.race([socket, pause(100)]);
      if (found) {
        server.close();
        sipp.#take(found, says);
        return sipp;
      }
      sipp.#mustRun(Date.now() < deadline);
    }
  }

  tell(call: string, what: string): void {
    this.#control?.write(`Call-ID: ${call}\r\nDo: ${what}\r\n\r\n${END}`);
  }

  /** What sipp has written about messages that it did not expect. */
  get complaints(): string {
    return this.#complaints;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const ended = new Promise<void>((done) => this.#process.once("close", () => done()));
    this.#control?.destroy();
    const isRunning = this.#isRunning;
    this.#process.kill("SIGKILL");
    if (isRunning) await ended;
    this.#cancelGuard();
    rmSync(this.#folder, { recursive: true, force: true }); // If it never started.
  }

  #take(socket: Socket, says: Says): void {
    this.#control = socket;
    rmSync(this.#folder, { recursive: true }); // It has read its scenario, and writes nothing.
    let buffered = "";
    socket.setNoDelay(true);
    socket.on("error", () => {}); // It ends, and with it the calls.
    socket.on("data", (data: Buffer) => {
      const messages = (buffered + data).split(END);
      buffered = messages.pop() ?? "";
      for (const message of messages) {
        const [, call] = /^call-id: (\S+)/im.exec(message) ?? [];
        const [, what] = /^says: (.*?)\r?$/im.exec(message) ?? [];
        // When something that is not in the scenario ends a call, sipp says so in words of its own.
        if (call) says(call, what?.split(" ") ?? ["aborted"]);
      }
    });
    socket.on("close", () => {
      if (!this.#isStopped) says(null, ["gone"]);
    });
  }

  get #isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  #mustRun(inTime: boolean): void {
    if (inTime && this.#isRunning) return;
    void this.stop();
    throw new Error(`sipp does not start: ${this.#complaints}`);
  }
}

/** What a call says; `null`: all of them. */
type Says = (call: string | null, words: readonly string[]) => void;

function connected(port: number): Promise<Socket | null> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => done(socket));
    socket.once("error", () => done(null));
  });
}
