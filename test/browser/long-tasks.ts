import type { Page } from "playwright-core";

/** In which a page could do nothing else. */
export interface LongTask {
  readonly tookMs: number;
  /** Without the time in which other processes had the core: this is what to judge by on a machine that has more to do. */
  readonly computedMs: number;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** In microseconds. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

const LONG_MS = 50;

/**
 * The tasks from 50 ms on of a page while something is done. By Chromium's trace: a `PerformanceObserver` in the page misses the task in
 * which it is made, which at times is the one that reads the whole page.
 */
export async function longTasks(page: Page, deed: () => Promise<unknown>): Promise<readonly LongTask[]> {
  const browser = page.context().browser();
  if (!browser) throw new Error("the page has no browser");
  await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline"] });
  let trace: Buffer;
  try {
    await deed();
  } finally {
    trace = await browser.stopTracing();
  }
  const { traceEvents: events }: { traceEvents: readonly TraceEvent[] } = JSON.parse(trace.toString());
  const thread = ({ pid, tid }: TraceEvent) => `${pid}.${tid}`;
  const ofPages = new Set(
    events.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain").map(thread),
  );
  return events
    .filter((event) => event.name === "RunTask" && ofPages.has(thread(event)))
    .map(({ dur = 0, tdur = 0 }) => ({ tookMs: dur / 1000, computedMs: tdur / 1000 }))
    .filter(({ tookMs }) => tookMs >= LONG_MS);
}
