import { expect, test } from "vitest";
import { allClauses } from "../clauses/all.ts";
import { defects } from "../reference/defects.ts";
import { playReference } from "../reference/play.ts";
import { eachDefect, VIRTUAL_CLOCK_MS } from "./each-defect.ts";

test("without a defect, the reference adapter passes every clause that can be seen", {
  timeout: VIRTUAL_CLOCK_MS,
}, async () => {
  const results = await playReference(allClauses);

  expect(results).toHaveLength(allClauses.length);
  expect(results.filter(({ outcome }) => outcome === "failed").map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
  const unseen = new Set(allClauses.filter(({ kind }) => kind === "unseen").map(({ id }) => id));
  const silent = results.filter(({ id, outcome }) => outcome === "not-testable" && !unseen.has(id)).map(({ id }) => id);
  // The partner's client and hybrid audio have no part in the kit; the ports in memory speak HTTP to the adapter.
  expect(silent).toEqual(["T2a", "2.3.2c", "2.3.11:CSPClientPassthrough"]);
});

test("each clause has an id of its own, and each documented one that is played is proved by a defect", () => {
  const ids = allClauses.map(({ id }) => id);
  const proved = new Set<string>(Object.values(defects).map(({ clause }) => clause));
  const played = allClauses.filter(({ kind, standing }) => kind === "played" && standing === "documented");

  expect(new Set(ids).size).toBe(ids.length);
  expect(Object.keys(defects).length).toBeGreaterThanOrEqual(60);
  expect(played.map(({ id }) => id).filter((id) => !proved.has(id))).toEqual([]);
});

eachDefect("first");
