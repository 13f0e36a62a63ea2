import { Command } from "commander";
import { expect, test, vi } from "vitest";
import { addActions } from "../../cli/operator/actions.ts";
import { capitalized } from "../../src/foundation/text/sentence.ts";
import { actRoute } from "../../src/http/api/conferences.ts";
import { openApiOf } from "../../src/http/api/openapi.ts";
import { actions, says, wave } from "../conference/one-more-action.ts";

/** An edge with one caller, as its API answers; what it is asked to do is kept in `acted`. */
function fakeApi(acted: unknown[]) {
  const conference = { key: "5", callers: [{ call: "c1", extCallId: "", attendeeId: "444" }], callOuts: [] };
  const at = 1_000;
  const stages = { id: "k1", person: "anna", request: wave, asked: at, onDisk: { seq: 9, at }, sent: [] };
  const done = {
    ...stages,
    result: { type: "done", at },
    notified: { is: "not needed", at: null, why: "", transIds: [] },
  };
  return async (url: string, { method, body }: RequestInit) => {
    if (method === "POST") acted.push(JSON.parse(String(body)));
    const answer = url.endsWith("/domains") ? { domains: [{ name: "local" }] } : url.endsWith("/5") ? conference : done;
    return Response.json(answer);
  };
}

test("one more row is a command, which says what it does and has it done", async () => {
  const acted: unknown[] = [];
  vi.stubEnv("BRIDGEHEAD_URL", "http://edge.example.com");
  vi.stubEnv("OPERATOR_TOKEN", "token");
  vi.stubGlobal("fetch", fakeApi(acted));
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  const program = new Command();
  addActions(program, actions);
  try {
    await program.parseAsync(["wave", "5", "444"], { from: "user" });
  } finally {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
  }

  expect(acted).toEqual([wave]);
  expect(written[0]).toContain("Conference 5: Wave at c1");
  const help = program.commands.find((command) => command.name() === "wave")?.helpInformation() ?? "";
  expect(help.replaceAll(/\s+/g, " ")).toContain(`wave [options] <key> <call> ${capitalized(says)}; <call>: its ID`);
});

test("describes the added action in the API", () => {
  expect(JSON.stringify(openApiOf([actRoute(actions)]))).toMatch(/Acts on a conference: mute, .*, wave"/);
});
