import type { CountsData } from "../foundation/metrics.ts";

/** What one process counted, one portion after another; a portion that comes twice counts once. */
export interface CountsPortion {
  readonly number: number;
  readonly counts: CountsData;
}

/** What all processes of the deployment counted. */
export interface CountsRpc {
  /** `from`: the process, which numbers its portions. They come in order, each time from the first that is not known to be here. */
  add(from: string, portions: readonly CountsPortion[]): Promise<void>;
  all(): Promise<CountsData>;
}
