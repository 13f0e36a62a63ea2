/** The timers that a class is handed: calls `run` once after `ms` milliseconds, unless the returned function is called before. */
export interface Timers {
  after(ms: number, run: () => void): () => void;
}
