import { expect, test } from "vitest";
import { forgotten, project } from "./copy.ts";

test("each command is issued, each ability needed, each setting read, each driver registered, each webhook on its page", async () => {
  expect(await forgotten(project)).toEqual([]);
});
