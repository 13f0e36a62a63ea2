import { expect, test } from "vitest";
import { Lanes } from "../../durable-objects/relay/lanes.ts";

test("work of one name waits for its turn, and work of another name does not", async () => {
  const lanes = new Lanes();
  const done: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();

  lanes.run("a", async () => {
    await gate;
    done.push("a1");
  });
  lanes.run("a", async () => {
    done.push("a2");
    finished.resolve();
  });
  await new Promise<void>((resolve) =>
    lanes.run("b", async () => {
      done.push("b1");
      resolve();
    }),
  );
  open();
  await finished.promise;

  expect(done).toEqual(["b1", "a1", "a2"]);
});
