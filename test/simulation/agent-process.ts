import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { type AgentJournal, type JournalFailure, openJournal } from "../../bridge-agent/core/journal.ts";
import type { OpenSocket, SocketEvents } from "../../bridge-agent/link/reconnecting-socket.ts";
import { RunningAgent } from "../../bridge-agent/run.ts";
import type { AgentSettings } from "../../bridge-agent/service/settings.ts";
import type { Draws } from "../../simulators/draws.ts";
import type { AgentToBridge, BridgeToAgent } from "../../src/bridge/protocol.ts";
import type { CommandId } from "../../src/foundation/ids.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { HELLO_HEADER } from "../../src/link/hello.ts";
import type { AgentToEdge, AgentTurn, EdgeToAgent } from "../../src/link/messages.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { type Bridge, type BridgeWire, dialIn } from "./bridge.ts";
import { draws, faultsOf, type WorldContext } from "./context.ts";
import type { FaultSource } from "./faults.ts";
import { type AgentWire, type RelayHost, simulatedKey } from "./relay-host.ts";
import { judgeLine, judgePersonalLine } from "./shown-judge.ts";
import { Standstill } from "./standstill.ts";
import { nowhere, Wire } from "./wire.ts";

const settings = {
  state: "",
  listen: { port: 0 },
  driver: { type: "generic", url: "ws://bridge/bridge" },
  policy: { allow: ["+"], deny: [] },
  dialIn: [dialIn],
} as const satisfies Partial<AgentSettings>;

/** As `service.ts` does it. */
const edgeUrl = "ws://edge";
const startedAgainMs = 2_000;

/** Less often than in life, for a faster world. */
const pingEveryMs = 5_000;

/** Until the clock of a machine that was suspended is set right. */
const clockSetRightMs = 20_000;

class Died extends Error {}

/** One agent: its journal outlives the process, which may die at any step or stand still for a while. */
export class AgentProcess {
  readonly name: string;
  journal = openMemoryJournal((query, values) => this.#beforeWrite(query, values));
  /** When this machine's clock was last set. */
  clockSetAt = 0;
  /** Called once, when it has sent its next ping to the edge. */
  onPing: (() => void) | null = null;
  /** Called once, when it has sent its next command to the bridge. */
  onCommand: (() => void) | null = null;
  /** The network between this machine and the bridge is down. */
  isBridgeAway = false;
  /** The disk of the journal takes nothing. */
  isDiskFull = false;
  readonly faults: FaultSource;
  /** The present connections, for those who break them. */
  edgeWire: AgentWire | null = null;
  bridgeWire: BridgeWire | null = null;
  readonly #context: WorldContext;
  readonly #relay: RelayHost;
  readonly bridge: Bridge;
  readonly #draws: Draws;
  #lives = 0;
  #skewMs = 0;
  #running: RunningAgent | null = null;
  readonly #standstill: Standstill;
  /** How long the timers of this machine have stood in all. */
  #timersStoodMs = 0;
  #welcomed = false;
  /** Its log and its calls have numbers and keys as they are. */
  readonly showsPersonal: boolean;
  /** The present transaction of the journal has written something. */
  #wrote = false;

  constructor(name: string, context: WorldContext, relay: RelayHost, bridge: Bridge) {
    this.name = name;
    this.#context = context;
    this.#relay = relay;
    this.bridge = bridge;
    this.#draws = draws(context, `agent ${name}`);
    this.#standstill = new Standstill(context.clock);
    this.faults = faultsOf(context, name);
    this.showsPersonal = draws(context, `log of ${name}`).chance(0.3);
    this.#start();
  }

  /** `null` while it is dead, or waits for room on its disk. */
  get running(): RunningAgent | null {
    return this.#running;
  }

  /** It is the active one, and nothing that it does or hears is held up. */
  get isActing(): boolean {
    const { role, edgeUp, bridgeUp } = this.#running?.status ?? {};
    const isLinked = role === "active" && edgeUp && bridgeUp && !this.edgeWire?.silent && !this.bridgeWire?.silent;
    return isLinked === true && !this.#standstill.isOn && !this.isDiskFull;
  }

  /** What this machine's clock is ahead of the true time. */
  get skewMs(): number {
    return this.#skewMs;
  }

  set skewMs(ms: number) {
    this.#skewMs = ms;
    this.clockSetAt = this.#context.clock.now;
  }

  die(): void {
    if (!this.#running) return;
    this.#end();
    this.#context.clock.after(this.#draws.between(50, 8_000), () => this.#start());
  }

  /** It begins anew and knows nothing. */
  loseJournal(): void {
    this.die();
    this.journal.close();
    this.journal = openMemoryJournal((query, values) => this.#beforeWrite(query, values));
  }

  /** Nothing happens in the process; what comes for it waits in its sockets. `stops`: what a machine that is suspended stops, too. */
  freeze(ms: number, stops: "nothing" | "clock" | "timers"): void {
    if (!this.#running || this.#standstill.isOn) return;
    this.#standstill.begin();
    const life = this.#lives;
    const { skewMs } = this;
    const { clock } = this.#context;
    clock.after(ms, () => {
      if (life !== this.#lives || !this.#standstill.isOn) return;
      if (stops === "timers") {
        this.#timersStoodMs += ms;
        // Were the clock set back by as much meanwhile, nobody could know how long it was.
        this.skewMs = skewMs;
      }
      if (stops === "clock") {
        this.skewMs -= ms;
        clock.after(clockSetRightMs, () => {
          this.skewMs = 0;
        });
      }
      this.thaw();
    });
  }

  thaw(): void {
    this.#standstill.end();
  }

  #end(): void {
    this.#lives += 1;
    this.#running = null;
    this.#standstill.clear();
    this.#welcomed = false;
    this.edgeWire?.close("near", 1006);
    this.bridgeWire?.close("near", 1006);
    this.edgeWire = null;
    this.bridgeWire = null;
  }

  #start(): void {
    if (this.isDiskFull) {
      this.#context.clock.after(startedAgainMs, () => this.#start());
      return;
    }
    const life = ++this.#lives;
    let count = 0;
    const { clock, tell } = this.#context;
    const now = () => Math.floor(worldBegins + clock.now + this.skewMs);
    this.#wrote = true; // Nothing goes wrong with what comes next.
    // Of three restarts one is of the machine.
    this.journal.beginLife({ id: `boot ${Math.floor(life / 3)}`, at: Math.round(now() - clock.now) });
    this.#running = new RunningAgent(
      {
        ...settings,
        ...this.#relay.place,
        logs: { personal: this.showsPersonal },
        edge: [edgeUrl],
        agent: this.name,
      },
      {
        journal: this.#journal(life),
        key: simulatedKey(this.name),
        openSocket: this.#openSocket(life),
        timers: { after: (ms, run) => this.#after(life, ms, run) },
        now,
        monotonicMs: () => clock.now - this.#timersStoodMs,
        passedMs: () => clock.now,
        random: () => this.#draws.next(),
        pingEveryMs,
        soon: (run) => clock.after(0, () => this.#within(life, run)),
        newId: () => `keypad-${this.name}-${life}-${++count}` as CommandId,
        log: ({ event, text, details }) => {
          if (event !== "command") tell(() => `${this.name}: ${text}`);
          const judge = this.showsPersonal ? judgePersonalLine : judgeLine;
          judge(this.#context.violated, event, { text, ...details });
        },
        journalFailed: () => {
          if (life !== this.#lives) return;
          this.#end();
          clock.after(startedAgainMs, () => this.#start());
        },
      },
    );
    this.#running.start();
  }

  /** Runs it in this life of the process, or when the process goes on, or never. */
  #within(life: number, run: () => void): void {
    if (life !== this.#lives) return;
    if (!this.#standstill.holds(() => this.#within(life, run))) run();
  }

  /** A timer that is due in a frozen process can still be cancelled when the process goes on. */
  #after(life: number, ms: number, run: () => void): () => void {
    const before = this.#timersStoodMs;
    let cancel: (() => void) | null = null;
    const ring = () => {
      if (life !== this.#lives || cancel === null) return;
      const stoodMs = this.#timersStoodMs - before;
      if (this.#standstill.holds(ring)) return;
      if (stoodMs > 0) cancel = this.#after(life, stoodMs, run);
      else run();
    };
    cancel = this.#context.clock.after(ms, ring);
    return () => {
      cancel?.();
      cancel = null;
    };
  }

  /** The process may die before a transaction is on disk, or right after; what writes nothing changes nothing. */
  #journal(life: number): AgentJournal {
    const { journal } = this;
    return {
      ...journal,
      transaction: <Value>(work: () => Value): Result<Value, JournalFailure> => {
        const failed = err({ kind: "full", sentence: "the process is dead" } as const);
        this.#wrote = false;
        let result: Result<Value, JournalFailure>;
        try {
          result = journal.transaction(work);
        } catch (error) {
          if (error instanceof Died) return failed;
          throw error;
        }
        if (this.#wrote && this.faults.hits("agent dies after a write")) this.die();
        return life === this.#lives ? result : failed;
      },
    };
  }

  /** SQLite's own error, or the end of the process, at the first write of a transaction. */
  #beforeWrite(query: string, values: readonly SQLInputValue[]): boolean {
    const write = { disk: "agent", query, values, isFull: this.isDiskFull } as const;
    if (this.#context.lie.loses?.(write)) return false;
    if (this.isDiskFull) throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
    if (this.#wrote) return true;
    if (this.faults.hits("agent dies before a write")) {
      this.die();
      throw new Died();
    }
    this.#wrote = true;
    return true;
  }

  #openSocket(life: number): OpenSocket {
    return (url, headers, _codec, events) => {
      const wire = url.startsWith(edgeUrl)
        ? this.#openEdge(life, headers[HELLO_HEADER] ?? "", events)
        : this.#openBridge(life, url, events);
      return {
        send: (message) => {
          if (life === this.#lives) this.#send(wire as Wire<unknown, unknown>, message);
        },
        close: (how) => {
          if (wire === this.edgeWire) this.#welcomed = false;
          if (life === this.#lives) wire.close("near", how === "orderly" ? 1000 : 1006);
        },
      };
    };
  }

  #send(wire: Wire<unknown, unknown>, message: unknown): void {
    if (wire === this.edgeWire && this.onPing && (message as AgentToEdge).type === "ping") {
      this.#context.clock.after(0, this.onPing);
      this.onPing = null;
    }
    if (wire === this.bridgeWire && isCommand(message)) {
      const { activeAgent, alone } = this.#relay;
      if (this.isDiskFull && message.conference !== null) {
        this.#context.violated("an agent acts only with its journal", message.commandId);
      }
      // Without a link it may hang up on callers at the prompt, who are in no conference, as long as the bridge hands them to it.
      const isHangUpAlone = message.conference === null && !this.#welcomed;
      if (!isHangUpAlone) activeAgent.begins(this.name, { linked: this.#welcomed, alone });
      if (this.faults.hits("agent dies after a write")) return this.die();
      this.onCommand?.();
      this.onCommand = null;
    }
    const { toEdge } = this.#context.lie;
    if (toEdge && wire === this.edgeWire) message = changed(message as AgentToEdge | AgentTurn, toEdge);
    if (message !== null) wire.toFar(message);
  }

  #openEdge<In>(life: number, hello: string, events: SocketEvents<In>): AgentWire {
    const wire: AgentWire = new Wire(
      this.#context,
      this.#draws,
      {
        heard: (said: EdgeToAgent) =>
          this.#within(life, () => {
            const { toAgent = (as) => as } = this.#context.lie;
            const message = toAgent(said);
            if (message === null) return;
            if (message.type === "welcome" && wire === this.edgeWire) this.#welcomed = true;
            events.message(ok(message as In));
          }),
        closed: (code: number, why = "") =>
          this.#within(life, () => {
            if (wire === this.edgeWire) this.#welcomed = false;
            events.closed(code, why);
          }),
      },
      nowhere,
    );
    this.edgeWire = wire;
    this.#context.clock.after(this.#draws.between(1, 24), () => {
      if (wire.near && !wire.silent) void this.#askForSocket(life, hello, wire);
    });
    return wire;
  }

  /** A refusal is a code and a reason, as in the header of a real one. */
  async #askForSocket(life: number, hello: string, wire: AgentWire): Promise<void> {
    const refused = await this.#relay.connect(hello, wire);
    if (refused === null) return;
    const [code, why = ""] = refused.split(" ");
    this.#within(life, () => wire.near?.closed(Number(code), why));
  }

  #openBridge<In>(life: number, url: string, events: SocketEvents<In>): BridgeWire {
    const wire: BridgeWire = new Wire(
      this.#context,
      this.#draws,
      {
        heard: (message: BridgeToAgent) =>
          this.#within(life, () => events.message(ok((this.#context.lie.fromBridge?.(message) ?? message) as In))),
        closed: (code: number) => this.#within(life, () => events.closed(code, "the link broke")),
      },
      nowhere,
    );
    this.bridgeWire = wire;
    this.#context.clock.after(this.#draws.between(1, 24), () => {
      if (!wire.near || wire.silent) return;
      const name = new URL(url).searchParams.get("agent")?.split("/").at(-1) ?? null;
      const isThere = !this.isBridgeAway && this.bridge.connect(wire, name);
      if (!isThere) wire.near.closed(1006);
    });
    return wire;
  }
}

function changed(
  frame: AgentToEdge | AgentTurn,
  change: (message: AgentToEdge) => AgentToEdge | null,
): AgentToEdge | AgentTurn | null {
  if (frame.type !== "turn") return change(frame);
  return { ...frame, messages: frame.messages.flatMap((message) => change(message) ?? []) };
}

function isCommand(message: unknown): message is Extract<AgentToBridge, { type: "command" }> {
  return (message as AgentToBridge).type === "command";
}

/** False: the write is lost, and nobody hears of it. */
type BeforeWrite = (query: string, values: readonly SQLInputValue[]) => boolean;

const lost = { changes: 1, lastInsertRowid: 0 };

/** Tells of each write before it happens, which may then fail. */
class WatchedDatabase extends DatabaseSync {
  beforeWrite: BeforeWrite = () => true;

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    if (!/^\s*(?:INSERT|UPDATE|DELETE)/.test(sql)) return statement;
    const run = statement.run.bind(statement);
    statement.run = ((...values: SQLInputValue[]) =>
      this.beforeWrite(sql, values) ? run(...values) : lost) as typeof run;
    return statement;
  }
}

interface MemoryJournal {
  readonly database: WatchedDatabase;
  readonly journal: AgentJournal;
  /** Deletes all rows of all tables. */
  readonly empty: string;
}

/** To open one costs more than to empty one. */
const spare: MemoryJournal[] = [];

function openMemoryJournal(beforeWrite: BeforeWrite): AgentJournal & { close(): void } {
  const { database, journal, empty } = spare.pop() ?? newMemoryJournal();
  database.beforeWrite = beforeWrite;
  const close = () => {
    database.beforeWrite = () => true;
    database.exec(empty);
    spare.push({ database, journal, empty });
  };
  return { ...journal, close };
}

function newMemoryJournal(): MemoryJournal {
  const database = new WatchedDatabase(":memory:");
  const opened = openJournal(":memory:", () => database);
  if (!opened.ok) throw new Error(opened.error.sentence);
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return { database, journal: opened.value, empty: tables.map(({ name }) => `DELETE FROM ${name};`).join("") };
}
