import { type Options, type Outcome, run } from "./world.ts";

/** How long the search may take. */
const patienceMs = 60_000;

/**
 * The same failure with as few faults and actions as can be found: whatever can be spared without the same rule being
 * kept is spared, in large portions first. Must be called from the event loop itself.
 */
export function minimise(world: Pick<Options, "seed" | "edge">, tell: (line: string) => void): Outcome {
  const until = Date.now() + patienceMs;
  let spared: ReadonlySet<string> = new Set();
  let best = run(world);
  const [rule] = best.violations.map((violation) => violation.rule);
  const names = () => [...best.faults, ...best.actions];
  if (rule === undefined) return run({ ...world, withStory: true });
  tell(`${names().length} faults and actions; looking for those that matter to: ${rule}`);
  for (
    let portion = Math.ceil(names().length / 2);
    portion >= 1;
    portion = portion === 1 ? 0 : Math.ceil(portion / 2)
  ) {
    const candidates = names();
    for (let at = 0; at < candidates.length && Date.now() < until; at += portion) {
      const attempt = new Set([...spared, ...candidates.slice(at, at + portion)]);
      const result = run({ ...world, spared: attempt });
      if (!result.violations.some((violation) => violation.rule === rule)) continue;
      spared = attempt;
      best = result;
    }
  }
  tell(`${names().length} are left`);
  return run({ ...world, spared, withStory: true });
}
