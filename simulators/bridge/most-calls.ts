/** SIMULATED_BRIDGE_CALLS; `null`: without it there is no limit. `fail` is told, in one line, what to put right. */
export function mostCalls(fail: (problem: string) => never): number | null {
  const text = process.env.SIMULATED_BRIDGE_CALLS;
  if (!text) return null;
  const calls = Number(text);
  if (Number.isSafeInteger(calls) && calls > 0) return calls;
  return fail(`SIMULATED_BRIDGE_CALLS is "${text}"; it must be a whole number from 1 on, for example 24`);
}
