import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, ConferenceSnapshot, Report } from "../../src/bridge/events.ts";
import { AgentWorld } from "../agent/agent-world.ts";
import { ShortNames } from "./short-names.ts";
import { secondsIn } from "./stage.ts";
import { commandLine, pairs, type Step } from "./transcript.ts";
import { CONF_KEY } from "./transcript-lines.ts";

/** Plays a transcript on an agent with its journal, bridge, telephones and edge, on a virtual clock. */
export class AgentStage {
  readonly #world = new AgentWorld();
  readonly #names = new ShortNames();
  readonly #commands = new Map<string, BridgeCommand>();
  readonly #printed = { acts: 0, reports: 0, announced: 0 };

  constructor() {
    this.#names.give(CONF_KEY, "KEY");
  }

  async happen([line = "", ...more]: Step["happens"]): Promise<readonly string[]> {
    const [word = "", ...words] = line.split(/\s+/);
    if (more.length > 0)
      throw new Error(`An agent's transcript takes one line at a time. Move ${more[0]} to a line of its own.`);
    const said = this.#happen(word, words);
    this.#world.settle();
    return [...said, ...this.#follows()].map((follows) => this.#names.shorten(follows));
  }

  #happen(word: string, words: readonly string[]): readonly string[] {
    const world = this.#world;
    const rest = words.join(" ");
    switch (word) {
      case "given":
        world.connect();
        this.#command(["create-conference", "anonymousId=999"]);
        world.settle();
        this.#follows();
        return [];
      case "A→B":
        this.#command(words);
        return [];
      case "phone":
        this.#phone(words);
        return [];
      case "edge":
        if (rest === "lost") world.loseEdge();
        else world.connectEdge("active");
        return [];
      case "bridge":
        this.#bridge(rest);
        return [];
      case "kill":
        world.restart();
        return [];
      case "time":
        world.pass(secondsIn(rest));
        return [];
      default:
        throw new Error(`No such line in an agent's transcript: ${word} ${rest}.`);
    }
  }

  /** Sends a command: `dial o1 number=1-408-5551234`, `admit o1 muted`, `move c1 to r1`, `mute c1`. */
  #command([type = "", ...words]: readonly string[]): void {
    const id = `${this.#commands.size + 1}`;
    const [call = "", to, room = ""] = words;
    const { number, waitMs, ...fields } = pairs(words.filter((word) => word.includes("=")));
    const [country = "", area = "", local = "", extension = ""] = number?.split("-") ?? [];
    const command = {
      type,
      ...(type === "create-conference" && { maxCallers: null, anonymousId: null }),
      ...(/^[co]\d/.test(call) && { call: this.#names.idOf(call) ?? call }),
      ...(to === "to" && { room: this.#names.idOf(room) ?? room }),
      ...(number !== undefined && { number: { country, area, local, extension }, waitMs: Number(waitMs ?? 30_000) }),
      ...(type === "admit" && { muted: words.includes("muted"), joinTone: !words.includes("toneless") }),
      ...fields,
    } as unknown as BridgeCommand;
    this.#commands.set(id, command);
    this.#world.command(id, command);
  }

  /** `c1 dials KEY#444#`, `keys *6`, `hangs up`, `picks up` */
  #phone([name = "", does, keys = ""]: readonly string[]): void {
    const { machine } = this.#world;
    if (does === "dials") {
      this.#names.give(machine.dialIn("14085550123", keys.replace("KEY", CONF_KEY)), name);
      return;
    }
    const call = [...machine.world.calls.values()].find(({ id }) => id === (this.#names.idOf(name) ?? name));
    if (!call) throw new Error(`the bridge has no call ${name}`);
    if (does === "keys") machine.press(call, keys);
    else if (does === "hangs") machine.hangUp(call);
    else machine.pickUp(call);
  }

  /** `restarts`, `holds`, `works` */
  #bridge(does: string): void {
    const world = this.#world;
    if (does === "restarts") {
      world.restartBridge();
      this.#printed.acts = 0;
    } else world.machine.setFaults({ ...world.machine.faults, hold: does === "holds" });
  }

  /** The bridge's acts, accepted reports and announcements since the last line. */
  #follows(): readonly string[] {
    const { machine, accepted, announced } = this.#world;
    const { acts } = machine;
    const lines = [
      ...acts.slice(this.#printed.acts).map(({ act, call, outcome }) => {
        return `${commandLine(act, { call })}${outcome === "done" ? "" : ` (${outcome})`}`;
      }),
      ...announced.slice(this.#printed.announced).map((line) => line.replace(" ", " hears ")),
      ...accepted.slice(this.#printed.reports).map((report) => this.#report(report)),
    ];
    Object.assign(this.#printed, { acts: acts.length, announced: announced.length, reports: accepted.length });
    return lines;
  }

  #report(report: Report): string {
    if (report.type === "event") return `B→A ${eventLine(report.event)}`;
    const { result } = report;
    const { type, ...command } = this.#commands.get(report.id) ?? { type: report.id };
    const line = commandLine(type, "call" in command ? { call: command.call } : {}).replace("A→B ", "");
    if (result.done === true) return `B→A done ${line}`;
    return `B→A ${result.done === false ? `refused ${line} (${result.reason})` : `unknown ${line}`}`;
  }
}

function eventLine(event: ConferenceEvent): string {
  if (event.type === "snapshot") return `snapshot ${heldLine(event.conference)}`;
  if (event.type === "caller-entered") return `caller-entered ${callerLine(event.caller, " ")}`;
  const { type, ...fields } = { ...event, was: null, prompt: null };
  return commandLine(type, fields).replace("A→B ", "");
}

/** A snapshot as in transcripts on the rules: `c1/muted o1 dialled=o2/answered locked`. */
function heldLine(held: ConferenceSnapshot | null): string {
  if (held === null) return "none";
  const dialled = held.dialled.map(({ call, answered }) => `dialled=${call}${answered ? "/answered" : ""}`);
  return [
    ...held.callers.map((caller) => callerLine(caller, "/")),
    ...dialled,
    ...(held.locked ? ["locked"] : []),
  ].join(" ");
}

function callerLine({ call, attendeeId, muted, silent, room }: BridgeCaller, separator: string): string {
  const marks = { attendeeId, muted, silent, room: room === "main" ? null : room };
  const said = commandLine("", marks).split(" ").slice(1);
  return [call, ...said].filter(Boolean).join(separator);
}
