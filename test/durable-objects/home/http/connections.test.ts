import { expect, test } from "vitest";
import { Connection, Connections, limitsFor } from "../../../../durable-objects/home/http/connections.ts";

/** Connections by name, and which of them were closed to make room. */
function crowd(limits: Partial<ConstructorParameters<typeof Connections>[0]> = {}) {
  const closed: string[] = [];
  const connections = new Connections({ most: 4, mostOfNetwork: 4, ...limits });
  const open = (name: string, network: string | null = null) => {
    const connection = new Connection(network, () => closed.push(name));
    connections.opened(connection);
    return connection;
  };
  const webex = (name: string) => {
    const connection = open(name);
    connections.asked(connection);
    connections.admitted(connection);
    return connection;
  };
  return { connections, closed, open, webex };
}

test("beyond the limit a stranger's connection goes over which nothing was asked for longest, and the one that comes stays", () => {
  const { connections, closed, open } = crowd();
  const [first] = ["first", "second", "third", "fourth"].map((name) => open(name));
  // It has asked since the others came, so it is idle for less long.
  connections.asked(first as Connection);
  connections.answered(first as Connection);

  for (const name of ["fifth", "sixth"]) open(name);

  expect(closed).toEqual(["second", "third"]);
  expect(connections.size).toBe(4);
});

test("a stranger's request goes before an idle connection of WebEx; an agent and a post stay", () => {
  const { connections, closed, open, webex } = crowd();
  connections.upgraded(open("agent"));
  webex("post under way");
  connections.answered(webex("webex, idle"));
  connections.asked(open("stranger's request"));

  for (const name of ["a", "b"]) connections.upgraded(open(name));
  open("too many");

  expect(closed).toEqual(["stranger's request", "webex, idle", "too many"]);
});

test("a connection over which WebEx waits for a second answer stays", () => {
  const { connections, closed, open, webex } = crowd({ most: 1 });
  const one = webex("webex");
  connections.asked(one);
  connections.answered(one);
  open("too many");
  expect(closed).toEqual(["too many"]);

  connections.answered(one);
  open("another");
  expect(closed).toEqual(["too many", "webex"]);
});

test("a signed-in person's request goes behind idle connections of strangers, and before one of WebEx", () => {
  const { connections, closed, open, webex } = crowd();
  connections.answered(webex("webex, idle"));
  const person = open("person's request");
  connections.asked(person);
  connections.signedIn(person);
  for (const name of ["idle 1", "idle 2"]) open(name);
  for (const name of ["a", "b", "c"]) connections.upgraded(open(name));
  expect(closed).toEqual(["idle 1", "idle 2", "person's request"]);

  // Who was answered is a stranger again, as long as nobody asks.
  const { connections: others, closed: gone, open: opened } = crowd();
  const idle = opened("a person's, idle");
  others.asked(idle);
  others.signedIn(idle);
  others.answered(idle);
  for (const name of ["a", "b", "c", "d"]) others.upgraded(opened(name));
  expect(gone).toEqual(["a person's, idle"]);
});

test("a person who asks over a connection of WebEx, as through a proxy, makes it no stranger's", () => {
  const { connections, closed, open, webex } = crowd();
  const shared = webex("webex");
  connections.asked(shared);
  connections.signedIn(shared);
  for (const name of ["1", "2", "3"]) connections.upgraded(open(name));
  open("stranger");
  expect(closed).toEqual(["stranger"]);
});

test("an address that has its share loses its own oldest; others, and those that many share, lose none", () => {
  const { closed, open } = crowd({ most: 100, mostOfNetwork: 2 });
  for (const name of ["theirs 1", "theirs 2"]) open(name, "192.0.2.1");
  for (const name of ["of a proxy 1", "of a proxy 2", "of a proxy 3"]) open(name);

  for (const name of ["1", "2", "3", "4"]) open(name, "203.0.113.9");

  expect(closed).toEqual(["1", "2"]);
});

test("what is closed already changes nothing any more", () => {
  const { connections, closed, open } = crowd({ most: 1 });
  const gone = open("gone");
  open("there");
  connections.answered(gone);
  connections.upgraded(gone);
  connections.closed(gone);

  expect([closed, connections.size]).toEqual([["gone"], 1]);
});

test("of the files that a process may have, a part is left for its state, its posts and its agents", () => {
  expect(limitsFor(256)).toEqual({ most: 123, mostOfNetwork: 61 });
  // Where there are hardly any, it still serves one after the other.
  expect([64, 50, 20].map((files) => limitsFor(files).most)).toEqual([8, 1, 1]);
  expect(limitsFor(1_048_576).most).toBe(30_000);
});

test("an idle connection of a stranger goes before one of WebEx, though WebEx was there first", () => {
  const { connections, closed, open, webex } = crowd({ most: 2 });
  connections.answered(webex("webex, idle"));
  const stranger = open("stranger");
  connections.asked(stranger);
  connections.answered(stranger);
  open("new");

  expect(closed).toEqual(["stranger"]);
});

test("what is answered once its connection was closed takes no room", () => {
  const { connections, closed, open } = crowd({ most: 2 });
  const gone = open("gone");
  connections.closed(gone);
  connections.answered(gone);
  for (const name of ["one", "other"]) open(name);

  expect([closed, connections.size]).toEqual([[], 2]);
});
