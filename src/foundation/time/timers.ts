export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Calls `run` once after `ms` milliseconds, unless the returned function is called before. */
export interface Timers {
  after(ms: number, run: () => void): () => void;
}

export function wait(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => timers.after(ms, resolve));
}

/** The result of `work`, or a rejection after `ms` milliseconds: a neighbour that hangs must not hold up its caller. */
export function within<Value>(timers: Timers, ms: number, what: string, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(ms, () => reject(new Error(`${what} took longer than ${ms} ms`)));
    work.then(resolve, reject).finally(cancel);
  });
}
