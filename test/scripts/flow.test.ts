import { expect, test } from "vitest";
import { isSame } from "../../scripts/demo/flow.ts";

const expected = [
  "A→B move c1 to main",
  "A→B move o1 to main",
  "A→B close-room r1",
  "A→W tsp1 1001 A2W_NotifySpeakingStatus ExtCallIDs=1%2 SpeakingFlags=Y%N",
];

test("two sides are compared each in its own order", () => {
  const [first = "", second = "", third = "", posted = ""] = expected;

  expect(isSame([first, second, third, posted], [posted, first, second, third])).toBe(true);
  expect(isSame([second, first, third, posted], expected)).toBe(false);
});

test("a post may not come before what stands above it for the bridge, and may come before what stands below it", () => {
  const [admit, entered] = ["A→B admit o1", "A→W tsp1 1001 A2W_NotifyUserEnter ExtCallID=123"];
  const [dial, answered] = ["A→B dial o1", "A→W tsp1 1001 A2W_RspCallout MsgID=2 Result=0"];
  const callOut = [dial, answered, admit, entered];

  expect(isSame([dial, admit, answered, entered], callOut)).toBe(true);
  expect(isSame([dial, answered, entered, admit], callOut)).toBe(false);
  expect(isSame([answered, dial, admit, entered], callOut)).toBe(false);
  expect(isSame([answered, dial, admit, entered], callOut, true)).toBe(true);
});

test("a Confirmation and a post come over two connections: either may be the first", () => {
  const [confirmed, posted] = ["A→W tsp1 - Confirmation Result=0", "A→W tsp1 1001 A2W_NotifyUserChange MsgID=n4"];
  const another = "A→W tsp1 1001 A2W_NotifyUserChange MsgID=n5";

  expect(isSame([posted, confirmed, another], [confirmed, posted, another])).toBe(true);
  expect(isSame([confirmed, another, posted], [confirmed, posted, another])).toBe(false);
});

test("who begins to speak in one moment stands in a list without an order", () => {
  const [posted = ""] = expected.slice(-1);

  expect(isSame([posted.replace("1%2 SpeakingFlags=Y%N", "2%1 SpeakingFlags=N%Y")], [posted])).toBe(true);
  expect(isSame([posted.replace("1%2", "2%1")], [posted])).toBe(false);
});

test("on a bridge that does several things at once, those of one kind may change places, and no others", () => {
  const [first = "", second = "", third = "", posted = ""] = expected;
  const turned = posted.replace("1%2 SpeakingFlags=Y%N", "2%1 SpeakingFlags=N%Y");

  expect(isSame([second, first, third, turned], expected, true)).toBe(true);
  expect(isSame([first, third, second, posted], expected, true)).toBe(false);
  expect(isSame([first, second, third, posted.replace("Y%N", "N%Y")], expected, true)).toBe(false);
  expect(isSame([first, first, third, posted], expected, true)).toBe(false);
});

test.each([
  [["A→B move c1 to r1", "A→B move c1 to main"]],
  [["ExtCallID=1 Status=3", "ExtCallID=1 Status=4"].map((what) => `A→W tsp1 1001 A2W_NotifyCallStatus ${what}`)],
])("what becomes of one caller keeps its order even there: %j", (lines) => {
  expect(isSame(lines.toReversed(), lines, true)).toBe(false);
});
