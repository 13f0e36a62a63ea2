import { expect, test } from "vitest";
import { forTerminal } from "../../cli/log-line.ts";

test("a line of the log is one for people on a terminal, and what others sent moves no cursor", () => {
  const line = {
    time: "2026-11-21T09:41:29.321Z",
    level: "warn",
    event: "post-failed",
    domain: "acme",
    conference: "*******21",
    attempt: 2,
    why: "HTTP status 500\u001b[2J\u009b2J\u202e",
  };

  expect(forTerminal(JSON.stringify(line))).toBe(
    '2026-11-21T09:41:29.321Z warn  post-failed            domain=acme conference=*******21 attempt=2 why="HTTP status 500\\u001b[2J\\u009b2J\\u202e"',
  );
});

test.each([
  ["workerd/server.c++: error: no", "workerd/server.c++: error: no"],
  ['{"time":', '{"time":'],
  ["", ""],
  ["uncaught: \u001b]0;title\u0007\u202e", "uncaught: \\u001b]0;title\\u0007\\u202e"],
])("another line is not taken apart, and moves no cursor: %j", (line, shown) => {
  expect(forTerminal(line)).toBe(shown);
});
