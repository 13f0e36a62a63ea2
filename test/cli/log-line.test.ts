import { expect, test } from "vitest";
import { forTerminal, outputLine } from "../../cli/log-line.ts";

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

test.each([
  ['{"time":"2026-11-21T09:41:29.321Z","level":"warn"}', null],
  ["workerd/server.c++:71: error: no disk; stack: 5593a4 5593a8", ["error", "workerd/server.c++:71: error: no disk"]],
  ["kj/async.c++:12: warning: slow", ["warn", "kj/async.c++:12: warning: slow"]],
  ["*** Fatal uncaught kj::Exception: bind", ["error", "*** Fatal uncaught kj::Exception: bind"]],
])("a line of the edge's output is a line of JSON: %j", (line, wrapped) => {
  const [level, msg] = wrapped ?? [];
  const expected = { time: "1970-01-01T00:00:01.000Z", level, event: "workerd", msg };

  expect(outputLine(line, 1_000)).toBe(wrapped ? JSON.stringify(expected) : line);
});

test.each(["stack: 5593a4 5593a8", "stack:", "  "])("addresses of workerd's own code are left out: %j", (line) => {
  expect(outputLine(line, 0)).toBeNull();
});
