import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { onTestFinished } from "vitest";
import { atExit, killGroup, removeFolder } from "../../scripts/at-exit.ts";
import { type LocalPostgres, notAsRoot, preparePostgres } from "../../scripts/local-postgres.ts";
import { freePorts } from "../../simulators/free-ports.ts";

/** A real PostgreSQL in a folder of its own, for a test or a proof. */
export class PostgresOnTest {
  readonly url: string;
  readonly #postgres: LocalPostgres;
  readonly #folder: string;
  #process: ChildProcess | null = null;
  #cancel = () => {};

  private constructor(folder: string, postgres: LocalPostgres) {
    this.#folder = folder;
    this.#postgres = postgres;
    this.url = postgres.url;
  }

  /** `replica`: it follows another one, under this name. */
  static async start(replica?: { readonly primary: string; readonly name: string }): Promise<PostgresOnTest> {
    const folder = mkdtempSync(join(tmpdir(), "bridgehead-postgres-"));
    const [port = 0] = await freePorts(1);
    const postgres = new PostgresOnTest(folder, await preparePostgres(folder, port, replica));
    await postgres.begin();
    return postgres;
  }

  /** Resolves once it answers. */
  async begin(): Promise<void> {
    const { command, args } = this.#postgres.launch;
    const child = spawn(command, args, { detached: true, stdio: "ignore" });
    this.#process = child;
    this.#cancel = atExit(() => killGroup(child.pid));
    while (!(await this.#answers())) await pause(20);
  }

  /** An empty database of its own. */
  async newDatabase(name: string): Promise<string> {
    await this.ask(`CREATE DATABASE ${name}`);
    return this.url.replace(/postgres$/, name);
  }

  /** Returns the URL of a database behind a pooler in this mode, which drops `options` and ends with the test. */
  async pooled(url: string, pooler: string, mode: "session" | "transaction"): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "bridgehead-pooler-"));
    const [port = 0] = await freePorts(1);
    const [command = "", ...args] = [...notAsRoot(folder), pooler, join(folder, "pgbouncer.ini")];
    writeFileSync(
      join(folder, "pgbouncer.ini"),
      `[databases]
      * = host=127.0.0.1 port=${new URL(url).port} user=bridgehead
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = ${port}
      unix_socket_dir =
      auth_type = any
      pool_mode = ${mode}
      ignore_startup_parameters = extra_float_digits,options`,
      { mode: 0o644 },
    );
    const child = spawn(command, args, { detached: true, stdio: "ignore" });
    const cancel = atExit(() => killGroup(child.pid));
    onTestFinished(() => {
      cancel();
      killGroup(child.pid);
      removeFolder(folder);
    });
    const pooled = url.replace(/:\d+\//, `:${port}/`);
    while (!(await this.#answers(pooled))) await pause(20);
    return pooled;
  }

  async ask(text: string, url = this.url): Promise<readonly object[]> {
    const client = new Client(url);
    client.on("error", () => {}); // The server is killed: what is asked rejects.
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    this.#cancel();
    if (!child) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // Each connection has a process that leads a group of its own: it would answer for a moment longer.
    const served = await this.ask("SELECT pid FROM pg_stat_activity").catch(() => []);
    for (const pid of [child.pid, ...served.map((row) => Number(Object.values(row)[0]))]) killGroup(pid);
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    removeFolder(this.#folder);
  }

  async #answers(url = this.url): Promise<boolean> {
    return this.ask("SELECT 1", url).then(
      () => true,
      () => false,
    );
  }
}
