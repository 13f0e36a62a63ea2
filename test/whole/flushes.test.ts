import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

const folder = mkdtempSync(join(tmpdir(), "bridgehead-flushes-"));
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A kill does not show whether anything was flushed: the system keeps what a process has written. */
test.skipIf(spawnSync("strace", ["true"]).status !== 0)(
  "a mute is flushed to disk before its Confirmation and before its answer, and by the agent before and after it acts",
  async () => {
    const meeting = new Meeting(world);
    await meeting.create();
    const { extCallId } = await meeting.callIn("401");
    const { edge, agent } = world.run.pids();
    const traces = [await Trace.of(edge), await Trace.of(agent)];

    const mutes = 10;
    for (let mute = 0; mute < mutes; mute += 1) {
      const request = meeting.muteRequest(extCallId, mute % 2 === 0);
      await meeting.ask(request);
      await meeting.answerTo(request.msgId, "ok");
    }

    const [byEdge, byAgent] = await Promise.all(traces.map((trace) => trace.end()));
    expect(byEdge).toBeGreaterThanOrEqual(2 * mutes);
    expect(byAgent).toBeGreaterThanOrEqual(2 * mutes);
  },
);

/** Counts the flushes of one process and of those that it has started. */
class Trace {
  readonly #file: string;
  readonly #strace: ReturnType<typeof spawn>;

  private constructor(pid: number) {
    this.#file = join(folder, String(pid));
    const children = spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
      .stdout.split("\n")
      .filter(Boolean);
    const processes = [String(pid), ...children].flatMap((one) => ["-p", one]);
    this.#strace = spawn("strace", ["-f", "-e", "trace=fsync,fdatasync", "-o", this.#file, ...processes]);
  }

  static async of(pid: number): Promise<Trace> {
    const trace = new Trace(pid);
    let said = "";
    trace.#strace.stderr?.on("data", (text) => {
      said += text;
    });
    await eventually("strace is there", async () => said.includes("attached"));
    return trace;
  }

  async end(): Promise<number> {
    this.#strace.kill("SIGINT");
    await new Promise((resolve) => this.#strace.once("exit", resolve));
    return readFileSync(this.#file, "utf8")
      .split("\n")
      .filter((line) => /sync\(\d+\)\s+=/.test(line)).length;
  }
}
