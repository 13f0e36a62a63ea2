import { expect, test } from "vitest";
import { Stage } from "../transcripts/stage.ts";

const running = ["given a running conference"];
const many = (count: number, linesOf: (n: number) => readonly string[]) =>
  Array.from({ length: count }, (_, index) => linesOf(index + 1)).flat();
const create = (n: number, more = "") => [`W→A W2A_CreateConference MsgID=${n}${more}`];
const enters = (n: number) => [`B→A caller-entered c${n}`];
const leaves = (n: number) => [`B→A caller-left c${n}`];
const turnedAway = (n: number) => [
  `B→A caller-turned-away {"call":"c${n}","number":"","dialled":"","why":"locked","wrongKeys":0,"waitedMs":9}`,
];
const isKeyed = (n: number) => [`B→A attendee-identified c1 id=k${n} attendeeId=${n}`];

test.each<[string, readonly string[], readonly string[]]>([
  ["refuses the 51st create that waits", many(51, create), ["A→W tsp1 - A2W_RspCreateConference MsgID=51 Result=4"]],
  [
    "refuses the 51st create that waits for an end",
    [...running, "W→A W2A_CloseConference MsgID=900", ...many(51, create)],
    ["A→W tsp1 - A2W_RspCreateConference MsgID=51 Result=4"],
  ],
  [
    "refuses the 51st keep-alive close while the bridge creates",
    [...create(1), ...many(51, (n) => [`W→A W2A_CloseConference MsgID=${100 + n} KeepAlive=1`])],
    ["A→W tsp1 - A2W_RspCloseConference MsgID=151 Result=4"],
  ],
  [
    "knows the 50 newest handles that were replaced",
    [...running, ...many(50, (n) => create(n, ` ExtConfID=f${n}`)), "W→A W2A_CloseConference MsgID=9"],
    ["A→W tsp1 - A2W_RspCloseConference MsgID=9 Result=0"],
  ],
  [
    "forgets older handles",
    [...running, ...many(51, (n) => create(n, ` ExtConfID=f${n}`)), "W→A W2A_CloseConference MsgID=9"],
    ["A→W tsp1 - A2W_RspCloseConference MsgID=9 Result=1"],
  ],
  [
    "reports the newest 1,000 departures after an outage",
    [
      ...running,
      ...many(1_001, (n) => [...enters(n), `W→A W2A_RspNotifyUserEnter MsgID=n${n + 1} ExtCallID=${n}`, "confirmed"]),
      "B→A lock-changed locked=yes",
      "lost",
      ...many(1_001, leaves),
      "time 6 s",
      "lost",
    ],
    ["note: more than 1000 calls left unreported; dropped: 1"],
  ],
  [
    "waits for the names of the newest 100 lost entries",
    [...running, ...many(101, enters), "lost", ...many(101, leaves)],
    ["note: if WebEx names the call of message n2, it is not notified that the call left"],
  ],
  [
    "reports that an unnamed call left, though 1,000 others did",
    [
      ...running,
      ...many(1_001, (n) => [...enters(n), ...leaves(n), "confirmed"]),
      "W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=7",
    ],
    ["A→W tsp1 1001 A2W_NotifyUserChange MsgID=n1003 ExtCallID=7 Status=2"],
  ],
  [
    "knows the 50 newest calls that were turned away",
    [...running, "show facts", ...many(50, turnedAway), ...turnedAway(1)],
    [],
  ],
  [
    "forgets older calls that were turned away",
    [...running, "show facts", ...many(51, turnedAway), ...turnedAway(1)],
    ["fact: call-turned-away call=c1 why=locked waitedMs=9 by=report caller-turned-away"],
  ],
  [
    "knows the 10 newest keyings of a caller",
    [...running, ...enters(1), "W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=1", ...many(10, isKeyed), ...isKeyed(1)],
    [],
  ],
  [
    "forgets older keyings",
    [...running, ...enters(1), "W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=1", ...many(11, isKeyed), ...isKeyed(1)],
    ["A→W tsp1 1001 A2W_NotifyUserChange MsgID=n14 ExtCallID=1 Status=0 AttendeeID=1"],
  ],
])("%s", (_, lines, expected) => {
  const stage = new Stage();
  expect(lines.map((line) => stage.happen([line])).at(-1)).toEqual(expected);
});
