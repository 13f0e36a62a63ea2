import { expect, test } from "vitest";
import { play } from "./stage.ts";

test("drops client data beyond 100 pieces while the back end accepts none (protocol 4.22)", async () => {
  const data = Array.from(
    { length: 102 },
    (_, n) => `W→A W2A_CSPClientPassthrough MsgID=${n + 2} ExtCallID=77 Data=${n}`,
  );
  const played = await play(
    ['settings {"passthroughUrl":"http://127.0.0.1:9/client"}', "given a running conference", ...data].join("\n"),
  );

  const dropped = played.split("\n").filter((line) => line.includes("is dropped"));
  expect(dropped).toEqual(
    Array(2).fill("      note: client data for call 77 is dropped: 100 others wait for the back end"),
  );
});
