import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { EndReason } from "../../src/bridge/events.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { type Acting, act } from "./acting-driver.ts";
import { AsteriskOnTest } from "./asterisk-on-test.ts";

const conference = "987654321" as ConfKey;
const call = "leg-1" as CallId;
const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: null };
const number = { country: "1", area: "408", local: "5551234", extension: "" };
const dial = (waitMs = 60_000): BridgeCommand => ({ type: "dial", call, number, waitMs });

/** The other end of the trunk, by hand: it must not answer an INVITE as any SIP program would. */
class Trunk {
  /** How it answers an INVITE, one after the other. */
  answers: readonly string[] = [];
  /** The INVITEs that came, each time anew: its dialog and transaction. */
  readonly invites = new Set<string>();
  readonly #socket: Socket = createSocket("udp4");

  async open(port: number): Promise<void> {
    this.#socket.on("message", (data, from) => this.#came(data.toString(), from));
    await new Promise<void>((bound) => this.#socket.bind(port, "127.0.0.1", bound));
  }

  close(): void {
    this.#socket.close();
  }

  #came(message: string, { port, address }: RemoteInfo): void {
    const header = (name: string) => new RegExp(`^${name}: *(.*)$`, "mi").exec(message)?.[1]?.trim() ?? "";
    const answer = (status: string, sequence = header("CSeq")) => {
      const tag = status.startsWith("100") ? "" : ";tag=trunk";
      const same = ["Via", "From", "Call-ID"].map((name) => `${name}: ${header(name)}`);
      const lines = [`SIP/2.0 ${status}`, ...same, `To: ${header("To")}${tag}`, `CSeq: ${sequence}`];
      this.#socket.send([...lines, "Content-Length: 0", "", ""].join("\r\n"), port, address);
    };
    if (message.startsWith("OPTIONS ")) answer("200 OK");
    if (message.startsWith("CANCEL ")) {
      answer("200 OK");
      answer("487 Request Terminated", header("CSeq").replace("CANCEL", "INVITE"));
    }
    if (!message.startsWith("INVITE ")) return;
    this.invites.add(`${header("Call-ID")} ${header("CSeq")} ${/branch=[^;\s]+/.exec(header("Via"))}`);
    for (const status of this.answers) answer(status);
  }
}

describe.each(inject("asterisks"))("an agent of $version that dials by SIP", (home) => {
  let asterisk: AsteriskOnTest;
  let trunk: Trunk;
  const drivers: AsteriskDriver[] = [];
  beforeEach(async () => {
    asterisk = await AsteriskOnTest.start(home, { dialIn: { "18005551234": "bridgehead" } });
    trunk = new Trunk();
    await trunk.open(asterisk.ports.trunk);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(drivers.splice(0).map((driver) => driver.stop()));
    trunk.close();
    await asterisk.stop();
  });

  function begin(): Promise<Acting> {
    const { url, user, password } = asterisk;
    const talking = { silenceMs: 200, level: 256 };
    const settings = { url, user, password, application: "bridgehead", endpoint: "PJSIP/{number}@trunk", talking };
    const identity = { agent: "agent-1", owner: "local/asterisk" };
    const driver = new AsteriskDriver({ type: "asterisk", ...settings }, driverPorts, identity);
    drivers.push(driver);
    return act(driver, 1);
  }

  /** `before`: what it asks of Asterisk never leaves it; `after`: it does not hear that Asterisk has taken it. */
  async function killed(when: "before" | "after"): Promise<void> {
    const { driver } = await begin();
    expect(await driver.execute("create" as CommandId, conference, create)).toEqual({ done: true });
    const { fetch } = globalThis;
    const asked = new Promise<void>((resolve) => {
      vi.spyOn(globalThis, "fetch").mockImplementation(async (url, init) => {
        if (init?.method !== "POST" || !`${url}`.endsWith("/dial")) return fetch(url, init);
        const { signal, ...rest } = init;
        if (when === "after") {
          const answer = await fetch(url, rest);
          if (answer.status === 409) return answer; // Its channel is about to be ready.
          expect(answer.status).toBe(204);
        }
        resolve();
        return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("killed"))));
      });
    });
    const result = driver.execute("dial" as CommandId, conference, dial());
    await asked;
    await driver.stop();
    expect(await result).toEqual({ done: "unknown" });
    vi.restoreAllMocks();
  }

  test.each<[readonly string[], EndReason, string?]>([
    ...[401, 403, 407, 408, 502, 503].map(
      (status) => [[`${status} No`], "refused", `status ${status}`] as [string[], EndReason, string],
    ),
    [["100 Trying"], "refused", "no answer"],
    [["180 Ringing"], "no-answer"],
    [["180 Ringing", "403 Forbidden"], "rejected"],
    [["603 Decline"], "rejected"],
    [["480 Temporarily Unavailable"], "no-answer"],
  ])("reports a call that its trunk answers with %j as %s", async (answers, reason, trouble) => {
    trunk.answers = answers;
    const { driver, reports } = await begin();
    await driver.execute("create" as CommandId, conference, create);
    await driver.execute("dial" as CommandId, conference, dial(trouble === "no answer" || !trouble ? 300 : 5_000));
    const end = { type: "ended", call, conference, reason, ...(trouble && { trunk: trouble }) };
    await vi.waitFor(() => expect(reports).toEqual([end]));
  });

  test("killed before it did is followed by one that dials", async () => {
    trunk.answers = ["100 Trying", "180 Ringing"];
    await killed("before");
    expect(trunk.invites.size).toBe(0);

    const { driver, reports } = await begin();

    await vi.waitFor(() => expect(trunk.invites.size).toBe(1));
    expect((await driver.state())?.calls).toMatchObject([{ call, stage: "ringing" }]);
    expect(reports).toEqual([]);
  });

  test.each([
    ["nobody has answered at all", []],
    ["nobody rings yet", ["100 Trying"]],
  ])("killed after it did, and %s: no telephone is called again", async (_, answers) => {
    trunk.answers = answers;
    await killed("after");
    await vi.waitFor(() => expect(trunk.invites.size).toBe(1));

    const { reports } = await begin();

    const refused = { type: "ended", call, conference, reason: "refused" };
    await vi.waitFor(() => expect(reports).toEqual([refused]));
    expect(trunk.invites.size).toBe(1);
  });

  test("killed after the telephone rings: it rings on without another call", async () => {
    trunk.answers = ["100 Trying", "180 Ringing"];
    await killed("after");
    await vi.waitFor(() => expect(trunk.invites.size).toBe(1));

    const { driver, reports } = await begin();

    // Longer than the agent waits before it dials what does not ring.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await driver.state())?.calls).toMatchObject([{ call, stage: "ringing" }]);
    expect([trunk.invites.size, reports]).toEqual([1, []]);
  });
});
