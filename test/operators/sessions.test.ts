import { expect, test } from "vitest";
import {
  IDLE_MS,
  isOver,
  newSessionText,
  SEEN_EVERY_MS,
  SESSION_MS,
  type Session,
  sessionEnd,
  sessionHashOf,
} from "../../src/operators/sessions.ts";

const key = "a key of the deployment";
const begunAt = 1_000_000_000;

function aSession(seenAt: number): Session {
  return { hash: "h", person: "anna", credential: "c", begunAt, seenAt, from: "" };
}

test("a session ends an hour after its last use and twelve after its start, on the millisecond", () => {
  expect([sessionEnd(aSession(begunAt)), sessionEnd(aSession(begunAt + SESSION_MS - 1))]).toEqual([
    begunAt + IDLE_MS,
    begunAt + SESSION_MS,
  ]);
  for (const seenAt of [begunAt, begunAt + SESSION_MS - 1]) {
    const end = sessionEnd(aSession(seenAt));
    expect([isOver(aSession(seenAt), end - 1), isOver(aSession(seenAt), end)]).toEqual([false, true]);
  }
});

test("a session is over where the clock stands more than a minute before its start", () => {
  const earliest = begunAt - SEEN_EVERY_MS;
  expect([earliest, earliest - 1].map((now) => isOver(aSession(begunAt), now))).toEqual([false, true]);
});

test("a cookie is a session's only with the seal of this deployment, and nothing more in it", async () => {
  const { text, hash } = await newSessionText(key);
  const other = await newSessionText(key);
  const [id = "", seal = ""] = text.split(".");

  expect(await sessionHashOf(key, text)).toBe(hash);
  expect(hash).not.toBe(other.hash);
  expect(text).toMatch(/^[A-Za-z0-9_-]{43}\.[0-9a-f]{64}$/);
  const wrong = [
    `${id}.${other.text.split(".")[1]}`,
    `${id}.${"0".repeat(64)}`,
    `${text}0`,
    `x${text}`,
    `${id}.${seal.slice(1)}`,
    `${id.slice(1)}.${seal}`,
    `${id}${seal}`,
    id,
    "",
  ];
  expect(await Promise.all(wrong.map((one) => sessionHashOf(key, one)))).toEqual(wrong.map(() => null));
  expect(await sessionHashOf("another key", text)).toBe(null);
});
