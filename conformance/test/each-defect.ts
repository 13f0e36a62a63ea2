import { expect, test } from "vitest";
import { allClauses } from "../clauses/all.ts";
import type { Clause } from "../clauses/clause.ts";
import { type DefectName, defects } from "../reference/defects.ts";
import { playReference } from "../reference/play.ts";

/** Time stands still in these tests, so a busy machine is all that can make one long. */
export const VIRTUAL_CLOCK_MS = 60_000;

/** Many callers and many conferences take most of the time, and tell something about few defects. */
const longClauses = ["1.3e", "4.15f", "T9", "T9c"];
export const mostClauses = allClauses.filter(({ id }) => !longClauses.includes(id));
/** A clause is played beside every sixtieth of the defects that are foreign to it; at night, with SHARE=1, beside all. */
export const SHARE = Number(process.env.SHARE ?? 60);
const names = Object.keys(defects) as DefectName[];

/** Each of a half of the defects is found by its clause, and by no clause that has nothing to do with it. Two halves, for two cores. */
export function eachDefect(half: "first" | "second"): void {
  const those = names.filter((_, index) => index % 2 === (half === "first" ? 0 : 1));

  test.each(those)("%s", { timeout: VIRTUAL_CLOCK_MS }, async (name) => {
    const { clause, also = "" }: { readonly clause: string; readonly also?: string } = defects[name];

    // What judges all traffic mostly finds its defect in a share of it.
    let failed: readonly string[] = [];
    for (const clauses of clausesFor(clause, names.indexOf(name))) {
      const results = await playReference(clauses, [name]);
      failed = results.filter(({ outcome }) => outcome === "failed").map(({ id }) => id);
      if (failed.includes(clause)) break;
    }
    expect(failed).toContain(clause);
    if (also === "*") return;
    const allowed = [clause, ...also.split(" ")];
    expect(failed.filter((id) => !allowed.includes(id))).toEqual([]);
  });
}

/** What is played one after the other until the clause fails: a clause that judges all traffic may need all of it. */
function clausesFor(clause: string, place: number): readonly (readonly Clause[])[] {
  const isLong = longClauses.includes(clause);
  const judgesAll = isLong || allClauses.some(({ id, kind }) => id === clause && kind !== "played");
  const all = isLong || clause === "1.3d" ? allClauses : mostClauses;
  const share = (of: number) =>
    all.filter(({ id, kind }, index) => id === clause || (kind === "played" ? (index + place) % of === 0 : judgesAll));
  return judgesAll ? [share(SHARE), share(Math.min(SHARE, 5)), all] : [share(SHARE)];
}
