import { expect, test } from "vitest";
import { isSame } from "../../scripts/demo/flow.ts";

const [first, second, third] = ["A→B move c1 to main", "A→B move o1 to main", "A→B close-room r1"];
const posted = "A→W tsp1 1001 A2W_NotifySpeakingStatus ExtCallIDs=1%2 SpeakingFlags=Y%N";
const turned = posted.replace("1%2 SpeakingFlags=Y%N", "2%1 SpeakingFlags=N%Y");
const expected = [first, second, third, posted];
const [admit, entered] = ["A→B admit o1", "A→W tsp1 1001 A2W_NotifyUserEnter ExtCallID=123"];
const [dial, answered] = ["A→B dial o1", "A→W tsp1 1001 A2W_RspCallout MsgID=2 Result=0"];
const callOut = [dial, answered, admit, entered];
const [confirmed, change] = ["A→W tsp1 - Confirmation Result=0", "A→W tsp1 1001 A2W_NotifyUserChange MsgID=n4"];
const another = "A→W tsp1 1001 A2W_NotifyUserChange MsgID=n5";
const [toRoom, toMain] = ["A→B move c1 to r1", "A→B move c1 to main"];
const [answers, hangsUp] = [3, 4].map((status) => `A→W tsp1 1001 A2W_NotifyCallStatus ExtCallID=1 Status=${status}`);

test.each([
  ["a post may follow the command below it", expected, [posted, first, second, third], true, true],
  [
    "commands change places on a bridge that does several things at once",
    [second, first, third, posted],
    expected,
    false,
    true,
  ],
  ["a post may not precede the line above it", [answered, dial, admit, entered], callOut, false, true],
  ["a command may come before the post above it", [dial, admit, answered, entered], callOut, true, true],
  ["the entry comes after the command above it", [dial, answered, entered, admit], callOut, false, true],
  [
    "a Confirmation and a post come over two connections",
    [change, confirmed, another],
    [confirmed, change, another],
    true,
    true,
  ],
  ["a Confirmation stays before later posts", [confirmed, another, change], [confirmed, change, another], false, false],
  ["speakers who begin at the same moment have no order", [turned], [posted], true, true],
  ["flags belong to their calls", [posted.replace("1%2", "2%1")], [posted], false, false],
  ["each flag counts", [first, second, third, posted.replace("Y%N", "N%Y")], expected, false, false],
  ["kinds keep their order", [first, third, second, posted], expected, false, false],
  ["each command comes once", [first, first, third, posted], expected, false, false],
  ["changes of one caller keep their order", [toMain, toRoom], [toRoom, toMain], false, false],
  ["the status of one call keeps its order", [hangsUp, answers], [answers, hangsUp], false, false],
] as [string, string[], string[], boolean, boolean][])("%s", (_, lines, wanted, isInOrder, isAtOnce) => {
  expect([isSame(lines, wanted), isSame(lines, wanted, true)]).toEqual([isInOrder, isAtOnce]);
});
