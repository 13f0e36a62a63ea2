import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Disk, NoState } from "./disk.ts";
import { type StateFile, stateFile } from "./sqlite-file.ts";

interface Asked {
  readonly id: number;
  readonly name: keyof StateFile;
  readonly asked: readonly never[];
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string; readonly errcode?: number };
}

/** Writes the state file in a worker thread, so that a slow sync does not block the event loop. */
export function sqliteDisk(file: string): Disk {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { stateFile: file } });
  // Only a pending call keeps the process alive.
  worker.unref();
  worker.on("message", ({ id, value, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (error) asked?.reject(errorOf(error));
    else asked?.resolve(value);
  });
  let ended: Error | null = null;
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
  };
  worker.on("error", end);
  worker.on("exit", () => end(new Error("the disk's thread has ended")));
  const ask = (name: keyof StateFile, ...asked: readonly unknown[]): Promise<never> => {
    if (ended) return Promise.reject(ended);
    const answer = Promise.withResolvers<unknown>();
    last += 1;
    waiting.set(last, answer);
    worker.ref();
    worker.postMessage({ id: last, name, asked });
    return answer.promise as Promise<never>;
  };
  return {
    place: { file },
    open: () => ask("open"),
    schemaOf: (name) => ask("schemaOf", name),
    rowsOf: (name, after) => ask("rowsOf", name, after),
    write: (flush) => ask("write", flush),
    trustClock: () => ask("trustClock"),
    close: async () => {
      await ask("close");
      await worker.terminate();
    },
  };
}

function errorOf({ name, message, errcode }: NonNullable<Answer["error"]>): Error {
  return name === "NoState" ? new NoState(message) : Object.assign(new Error(message), { errcode });
}

const { stateFile: ownFile }: { readonly stateFile?: string } = isMainThread ? {} : (workerData ?? {});
if (ownFile !== undefined) serve(stateFile(ownFile));

function serve(state: StateFile): void {
  parentPort?.on("message", ({ id, name, asked }: Asked) => {
    try {
      const value = (state[name] as (...asked: readonly never[]) => unknown)(...asked);
      parentPort?.postMessage({ id, value } satisfies Answer);
    } catch (error) {
      const { name: kind, message, errcode } = error as NonNullable<Answer["error"]>;
      parentPort?.postMessage({ id, error: { name: kind, message, ...(errcode !== undefined && { errcode }) } });
    }
  });
}
