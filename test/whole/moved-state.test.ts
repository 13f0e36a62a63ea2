import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { SqliteDisk } from "../../durable-objects/home/log/sqlite-disk.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import { PostgresOnTest } from "../../scripts/postgres/postgres-on-test.ts";
import { bridgehead } from "../bridgehead-command.ts";
import { newFolder, settingsOf, viewOf } from "./states.ts";
import { Meeting, startWorld } from "./world.ts";

afterEach(() => vi.unstubAllEnvs());

test("a state moves into a database and back, and a backup of either goes into the other", async () => {
  vi.stubEnv("BRIDGEHEAD_EDGE", "node");
  const postgres = await PostgresOnTest.start();
  onTestFinished(() => postgres.stop());
  const [url, second] = [await postgres.newDatabase("one"), await postgres.newDatabase("two")];
  const [folder, files] = [newFolder(), newFolder()];
  const world = await startWorld({ state: folder });
  const meeting = new Meeting(world);
  await meeting.create();
  await meeting.callIn("101");
  await world.webex.allNamed();
  await world.stop();
  const inDatabase = settingsOf(folder, url);

  const rescued = join(folder, "edge", "state.db.rescued");
  writeFileSync(rescued, "");
  expect((await bridgehead(["migrate", "--settings", inDatabase, "--from", folder])).stderr).toMatch(
    /^cannot copy the state to \S+: \S+state\.db\.rescued holds more than \S+state\.db: start the edge, /,
  );
  rmSync(rescued);
  const moved = await bridgehead(["migrate", "--settings", inDatabase, "--from", folder]);
  expect([moved.code, moved.stderr, moved.stdout]).toEqual([
    0,
    "",
    expect.stringMatching(
      /^copied \S+state\.db to postgresql:\/\/127\.0\.0\.1:\d+\/one: \d+ objects \(1 conference\), as of /,
    ),
  ]);
  expect((await bridgehead(["migrate", "--settings", inDatabase, "--from", folder])).stderr).toMatch(
    /^the state of \S+ was copied to postgresql:\S+\/one, and goes on there; /,
  );
  rmSync(join(folder, "edge", "moved-to"));
  expect((await bridgehead(["migrate", "--settings", inDatabase, "--from", folder])).stderr).toMatch(
    /^cannot copy the state to \S+: it has a state already: /,
  );
  writeFileSync(join(folder, "edge", "moved-to"), "postgresql://127.0.0.1:1/one");

  const old = await bridgehead(["check", "--settings", settingsOf(folder)]);
  expect([old.code, old.stdout]).toEqual([
    1,
    expect.stringMatching(/^WRONG state: .* was copied to postgresql:.*\/one,/m),
  ]);

  const [backup, again] = [join(files, "backup.db"), join(files, "again.db")];
  const made = await bridgehead(["backup", backup, "--settings", inDatabase]);
  expect([made.code, made.stdout]).toEqual([
    0,
    expect.stringMatching(/^backed up postgresql:\S+\/one to .* kB, as of /),
  ]);
  const restored = await bridgehead(["restore", backup, "--settings", settingsOf(folder, second)]);
  expect([restored.code, restored.stdout]).toEqual([
    0,
    expect.stringMatching(/^restored \S+ to postgresql:\S+\/two: /),
  ]);
  expect((await bridgehead(["backup", again, "--settings", settingsOf(folder, second)])).code).toBe(0);
  expect((await bridgehead(["reset-clock", "--settings", inDatabase])).stdout).toMatch(/: it was not ahead/);

  // A copy that was cut short is no state.
  await postgres.ask("UPDATE bridgehead.edge SET holder = 'a copy', life = 'ended', given_back = NULL", second);
  const cutShort = "a state is being copied into the database, or was not to its end";
  expect((await bridgehead(["reset-clock", "--settings", settingsOf(folder, second)])).stderr).toContain(cutShort);
  expect((await bridgehead(["check", "--settings", settingsOf(folder, second)])).stdout).toContain(cutShort);
  const part = await bridgehead(["backup", join(files, "part.db"), "--settings", settingsOf(folder, second)]);
  expect([part.code, part.stderr]).toEqual([1, expect.stringContaining(cutShort)]);
  const half = newFolder();
  mkdirSync(join(half, "edge"), { recursive: true });
  writeFileSync(join(half, "edge", "copying"), "");
  expect((await bridgehead(["check", "--settings", settingsOf(half)])).stdout).toContain(
    "a state was being copied into",
  );

  const [back, empty] = [newFolder(), await postgres.newDatabase("empty")];
  for (const command of [
    ["migrate", "--settings", settingsOf(back), "--from", empty],
    ["reset-clock", "--settings", settingsOf(back, empty)],
  ])
    expect(await bridgehead(command)).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining("there is no state in the database") },
    });
  expect(await postgres.ask("SELECT nspname FROM pg_namespace WHERE nspname = 'bridgehead'", empty)).toEqual([]);
  await postgres.ask("ALTER TABLE bridgehead.part RENAME TO away", url);
  expect((await bridgehead(["migrate", "--settings", settingsOf(back), "--from", url])).code).toBe(1);
  await postgres.ask("ALTER TABLE bridgehead.away RENAME TO part", url);
  expect(await postgres.ask("SELECT given_back FROM bridgehead.edge", url)).toEqual([{ given_back: "stopped" }]);
  const returned = await bridgehead(["migrate", "--settings", settingsOf(back), "--from", url]);
  expect([returned.code, returned.stderr]).toEqual([0, ""]);
  expect((await bridgehead(["check", "--settings", inDatabase])).stdout).toContain(
    "the database's state was copied to a folder",
  );
  const rows = (file: string) => new SqliteDisk(file, { readOnly: true });
  const namesIn = async (file: string) => {
    const disk = rows(file);
    const { objects, restoredAt } = await disk.open();
    await disk.close();
    return { names: objects.map(({ name }) => name).toSorted(), isRestored: restoredAt !== null };
  };
  const original = await namesIn(join(folder, "edge", "state.db"));
  expect(original.names).toContain(`conference/local/${meeting.confKey}`);
  expect(await namesIn(join(back, "edge", "state.db"))).toEqual(original);
  expect(await namesIn(again)).toEqual({ names: original.names, isRestored: true });

  // It goes on where it was: the bridge is gone with the run, so the meeting ends.
  const run = await LocalRun.start({ state: back });
  onTestFinished(async () => void (await run.stop()));
  expect((await viewOf(run, meeting.confKey)).status).toBe(200);
});
