import { expect, test } from "vitest";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { theSessions } from "./fakes.ts";

const dayMs = 86_400_000;

const sessionsAt = (time: { now: number }) => theSessions(new Clock(0), { now: () => time.now });

const session = (hash: string, person = "anna") => ({ hash, person, credential: "c", from: "192.0.2.1" });

test("a clock that is set back makes no session longer", async () => {
  const time = { now: 100 * dayMs };
  const sessions = sessionsAt(time);
  await sessions.begin(session("a"));
  time.now -= dayMs;

  expect(await sessions.find("a", true)).toBeNull();
});

test("a user has at most a hundred sessions, and the oldest end", async () => {
  const time = { now: 1_000_000 };
  const sessions = sessionsAt(time);
  await sessions.begin(session("b", "boris"));
  for (let count = 0; count < 103; count += 1) {
    time.now += 1;
    await sessions.begin(session(`a${count}`));
  }

  expect((await sessions.list("anna")).map(({ hash }) => hash)).toEqual(
    Array.from({ length: 100 }, (_, index) => `a${index + 3}`),
  );
  expect(await sessions.list("boris")).toHaveLength(1);
});

test("keeps the record of sign-ins for 400 days", async () => {
  const time = { now: 0 };
  const sessions = sessionsAt(time);
  await sessions.begin(session("a"));
  time.now = 399 * dayMs;
  await sessions.begin(session("b"));
  expect((await sessions.list(null)).map(({ hash }) => hash)).toEqual(["b"]);
  expect((await sessions.signIns(null, 10)).signIns).toHaveLength(2);
  time.now = 400 * dayMs;
  await sessions.refused("192.0.2.2");

  expect((await sessions.signIns(null, 10)).signIns).toEqual([
    { at: 400 * dayMs, person: "", outcome: "refused", from: "192.0.2.2" },
    { at: 399 * dayMs, person: "anna", outcome: "signed-in", from: "192.0.2.1" },
  ]);
});

test("an expired session is neither shown nor accepted", async () => {
  const time = { now: 100 * dayMs };
  const sessions = sessionsAt(time);
  await sessions.begin(session("a"));
  time.now += 3_600_000;
  expect(await sessions.list(null)).toEqual([]);
  expect(await sessions.list("anna")).toEqual([]);
  expect(await sessions.find("a", true)).toBeNull();
});

test("records who signed out and whose sessions were ended", async () => {
  const sessions = sessionsAt({ now: 1_000_000 });
  await sessions.begin(session("a"));
  await sessions.end("made up", "192.0.2.9");
  expect(await sessions.endAll("boris", "operator", "")).toBe(0);
  await sessions.end("a", "192.0.2.2");
  await sessions.begin(session("b"));
  expect(await sessions.endAll("anna", "operator", "")).toBe(1);
  const { signIns, next } = await sessions.signIns(null, 4);
  expect(signIns.map(({ person, outcome, of }) => [person, outcome, of])).toEqual([
    ["operator", "sessions-ended", "anna"],
    ["anna", "signed-in", undefined],
    ["anna", "signed-out", undefined],
    ["anna", "signed-in", undefined],
  ]);
  // That was all.
  expect(next).toBeNull();
});

test("creates the index of refused sign-ins at the start", () => {
  const sql = new Database();
  theSessions(new Clock(0), { sql });

  expect(sql.exec("SELECT name FROM sqlite_master WHERE name = 'sign_in_deletable'")).toHaveLength(1);
});
