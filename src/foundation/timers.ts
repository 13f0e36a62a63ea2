/** Time as something handed in: runs `run` once after `ms` milliseconds, unless the returned function is called before. */
export interface Timers {
  after(ms: number, run: () => void): () => void;
}
