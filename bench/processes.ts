import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { atExit, killGroup } from "../scripts/at-exit.ts";
import { type Launch, Part, startGuard } from "../scripts/supervise.ts";

/** Processes of a benchmark, with their logs in one folder; none of them outlives the benchmark. */
export class Processes {
  readonly #folder: string;
  readonly #guard = startGuard();
  readonly #parts: Part[] = [];
  readonly #pids = new Map<string, number>();
  readonly #cancelKill: () => void;

  constructor(folder: string) {
    this.#folder = folder;
    this.#cancelKill = atExit(() => [...this.#pids.values()].map((pid) => killGroup(pid)));
  }

  start(name: string, launch: Launch): void {
    const onStart = (pid: number) => {
      this.#pids.set(name, pid);
      this.#guard.watch([...this.#pids.values()]);
    };
    const part = new Part({ name, launch, logFile: join(this.#folder, `${name}.log`), onStart });
    this.#parts.push(part);
    part.start();
  }

  pid(name: string): number {
    return this.#pids.get(name) ?? 0;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.stop(500)));
    this.#cancelKill();
    this.#guard.watch([]);
  }
}

/** `null`: nobody answers. */
export async function statusOf(url: string): Promise<number | null> {
  const response = await fetch(url).catch(() => null);
  await response?.arrayBuffer();
  return response?.status ?? null;
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await holds()) return;
    await pause(50);
  }
  throw new Error(`expected within 20 s: ${what}`);
}
