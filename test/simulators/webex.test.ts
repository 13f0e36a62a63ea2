import { expect, test } from "vitest";
import { serverIds } from "../../simulators/webex/client.ts";

test("composes ids of server, second of the day and counter (protocol T33, section 5, row 19)", () => {
  const ids = serverIds(7, () => Date.UTC(2026, 0, 1, 0, 2, 5));

  expect(ids.transId()).toBe("07001250000");
  expect(ids.transId()).toBe("07001250001");
  expect(ids.msgId()).toBe("07001250000");
});
