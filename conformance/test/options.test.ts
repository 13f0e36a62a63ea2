import { expect, test } from "vitest";
import { program } from "../options.ts";

const given = ["--adapter", "http://127.0.0.1:9/", "--listen", "127.0.0.1:0"];

test.each([
  [["--adapter", "nowhere"], "--adapter"],
  [["--adapter", "http://127.0.0.1:9/", "--listen", "here"], "--listen"],
  [[...given, "--numbers", "1-408-5550123"], "--numbers"],
  [[...given, "--numbers", "1-415-xx"], "--numbers"],
  [[...given, "--mute-keys", "no"], "--mute-keys"],
  [[...given, "--only", ""], "--only"],
])("refuses %j in one sentence that names the option", (options, named) => {
  const said: string[] = [];
  const command = program().configureOutput({ writeErr: (text) => said.push(text) });

  expect(() => command.parse(options, { from: "user" })).toThrow(`'${named} `);
  expect(said.join("").trimEnd().split("\n")).toEqual([expect.stringContaining(named)]);
});
