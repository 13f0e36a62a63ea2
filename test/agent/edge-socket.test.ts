import { expect, test } from "vitest";
import { ReconnectingSocket, type SocketEvents } from "../../bridge-agent/link/reconnecting-socket.ts";
import { ok } from "../../src/foundation/result.ts";
import { Clock } from "../simulation/clock.ts";

type Lost = (...said: [code: number, why: string, closes: number]) => "at once" | "soon" | "late" | number;

/** A socket over a network that does what the test says; `lost`: when it is to come again. */
function aSocket(lost: Lost = () => "soon", longestPauseMs = 5_000) {
  const clock = new Clock();
  const connections: { readonly events: SocketEvents<string>; readonly sent: unknown[]; readonly closes: string[] }[] =
    [];
  const heard: string[] = [];
  const losses: Parameters<Lost>[] = [];
  let pings = 0;
  const socket = new ReconnectingSocket<string, string>({
    openSocket: (_url, _headers, _codec, events) => {
      const [sent, closes]: [unknown[], string[]] = [[], []];
      connections.push({ events: events as unknown as SocketEvents<string>, sent, closes });
      return { send: (message) => void sent.push(message), close: (how) => void closes.push(how) };
    },
    url: () => "ws://edge/",
    codec: { decode: ok, encode: (text) => [text], maxBytes: 1 },
    timers: clock,
    random: () => 1,
    ...{ greetingMs: 8_000, pongMs: 1_000, longestPauseMs },
    message: (message) => heard.push(message.ok ? message.value : message.error),
    ping: () => {
      pings += 1;
    },
    lost: (...said) => {
      losses.push(said);
      return lost(...said);
    },
  });
  socket.connect();
  const last = () => connections.at(-1) ?? expect.unreachable("there is none");
  return {
    ...{ clock, socket, connections, heard, losses, last },
    get pings() {
      return pings;
    },
    /** The other end closes it, after a greeting if it is to be pinged; returns the pause until the next attempt. */
    breaks(pingEveryMs: number | null): number {
      if (pingEveryMs !== null) socket.greeted(pingEveryMs);
      last().events.closed(1000, "closed");
      const [pause = 0] = clock.due();
      clock.advance(pause);
      return pause;
    },
  };
}

test("a connection that is over is not heard any more, and is over once, also when another one has its place", () => {
  const { clock, socket, connections, heard, losses, last } = aSocket();
  const old = last();
  old.events.message(ok("first"));
  socket.end("enough");
  old.events.message(ok("late"));
  old.events.closed(1000, "late");
  socket.end("nothing is there to end");
  socket.send("nobody reads this");
  clock.advance(100);
  old.events.message(ok("later"));
  old.events.closed(1000, "later");
  last().events.message(ok("second"));
  socket.send("hello");

  expect(heard).toEqual(["first", "second"]);
  expect(losses).toEqual([[1006, "enough", 0]]);
  expect(connections.map(({ sent, closes }) => [sent, closes])).toEqual([
    [[], ["at once"]],
    [["hello"], []],
  ]);
});

test("ends after a greeting are counted until a connection has lasted five seconds; other ends are not", () => {
  const { clock, socket, losses, breaks } = aSocket();
  const closes = () => losses.map(([, , count]) => count);
  breaks(1_000);
  breaks(null);
  breaks(1_000);
  socket.greeted(10_000);
  socket.end("enough");
  clock.advance(5_000);
  expect(closes()).toEqual([1, 0, 2, 0]);

  socket.greeted(10_000);
  socket.answered();
  clock.advance(4_999);
  breaks(null);
  expect(closes().at(-1)).toBe(3);
  socket.greeted(10_000);
  socket.answered();
  clock.advance(5_000);
  expect(breaks(null)).toBe(100);
  expect(closes().at(-1)).toBe(1);
});

test("pauses grow with each failure: to the longest, and after a greeting to three seconds at least", () => {
  const short = aSocket(() => "soon", 500);
  expect([null, null, null, null, 1_000, 1_000].map((greets) => short.breaks(greets))).toEqual([
    100, 200, 400, 500, 1_600, 3_000,
  ]);
  const long = aSocket(() => "soon", 6_000);
  expect(Array.from({ length: 7 }, () => long.breaks(1_000)).slice(-2)).toEqual([3_200, 6_000]);
});

test("whoever hears of an end says when the next attempt is, and one at once is no failure", () => {
  const answers = (["at once", "soon", "at once", "soon", "late", 1_234] as const).values();
  const { breaks } = aSocket(() => answers.next().value ?? "soon");

  expect(Array.from({ length: 6 }, () => breaks(null))).toEqual([0, 100, 0, 200, 5_000, 1_234]);
});

test("a greeting that comes again changes the interval of the pings, and sends none", () => {
  const world = aSocket();
  world.socket.greeted(1_000);
  world.socket.greeted(3_000);
  expect(world.pings).toBe(1);
  world.socket.answered();
  world.clock.advance(1_000);
  world.socket.answered();
  expect(world.pings).toBe(2);
  world.clock.advance(2_999);
  expect(world.pings).toBe(2);
  world.clock.advance(1);
  expect([world.pings, world.losses]).toEqual([3, []]);
});

test("a connection without a greeting is given up after its time, and says so", () => {
  const { clock, losses, last } = aSocket();
  clock.advance(7_999);
  expect(losses).toEqual([]);
  clock.advance(1);
  expect(losses).toEqual([[1006, "it has not answered for 8 s", 0]]);
  expect(last().closes).toEqual(["at once"]);
});

test("a socket that is stopped leaves no timer, and comes no more, also when it is stopped by word of its end", () => {
  const stopped = aSocket();
  stopped.socket.greeted(1_000);
  stopped.socket.stop();
  stopped.last().events.closed(1000, "closed");
  stopped.last().events.message(ok("late"));
  expect(stopped.last().closes).toEqual(["orderly"]);
  expect([stopped.clock.due(), stopped.losses, stopped.heard]).toEqual([[], [], []]);

  const told = aSocket(() => {
    told.socket.stop();
    return "at once";
  });
  told.last().events.closed(1000, "closed");
  told.clock.advance(60_000);
  expect([told.connections.length, told.losses.length]).toEqual([1, 1]);
});
