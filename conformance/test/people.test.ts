import { expect, test } from "vitest";
import { allClauses } from "../clauses/all.ts";
import { MemoryPorts } from "../ports-memory.ts";
import { ReferenceAdapter } from "../reference/adapter.ts";
import { run } from "../run.ts";
import { noTelephones } from "../telephones/none.ts";

test("a telephone that never rings is looked at less and less often, up to the end of the patience", async () => {
  const ports = new MemoryPorts();
  const { adapter } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const looks: number[] = [];
  const telephones = {
    ...noTelephones,
    cannot: () => null,
    number: async () => ["1", "408", "5550100"] as const,
    called: async () => {
      looks.push(ports.now());
      return null;
    },
  };
  const clauses = allClauses.filter(({ id }) => id === "4.3c");
  const options = { adapterUrl: `http://${adapter}/`, listen: ["webex1:80", "webex2:80"], atOnce: 1 };
  const times = { patienceMs: 25_000, quietMs: 300, muteKeys: "*6", mergeKeys: "*1" };

  const [result] = await ports.run(run(ports, telephones, clauses, { ...options, ...times }));

  expect(result).toMatchObject({ outcome: "failed", why: expect.stringContaining("did not ring") });
  const [first = 0, second = 0, last = 0] = [looks[0], looks[1], looks.at(-1)];
  expect(second - first).toBeLessThanOrEqual(25);
  expect(last - first).toBe(25_000);
  expect(looks.length).toBeLessThan(70);
});
