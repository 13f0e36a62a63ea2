import type { BridgeDriver, DriverReport, DriverState } from "../../bridge-agent/drivers/driver.ts";
import type { Announcement } from "../../src/bridge/announcements.ts";
import type { BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { BridgeOnTest } from "./bridge-on-test.ts";

/** How long a test waits for a connection, a result, a state or a report. */
const DRIVER_WITHIN_MS = 5_000;
/** And for telephones, or a bridge that is started anew. */
const BRIDGE_WITHIN_MS = 20_000;
const LONGEST_LINE = 400;
const MOST_LINES = 60;

/** What happened in one test, in order: a failure shows it, since the lines of a bundle show nothing. */
export class Transcript {
  /** What was waited for in vain, such as "connection". */
  readonly missing: string[] = [];
  readonly #lines: string[] = [];

  /** Whoever asks again and again is written down once for each answer. */
  add(line: string): void {
    const short = line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} …` : line;
    if (short !== this.#lines.at(-1)) this.#lines.push(short);
  }

  /** Adds the rule that a test holds, and what happened, to the test's errors. */
  explain(rule: string, errors: readonly { message: string; stack?: string | undefined }[]): void {
    const left = this.#lines.length - MOST_LINES;
    const lines = [...(left > 0 ? [`(${left} lines are left out)`] : []), ...this.#lines.slice(-MOST_LINES)];
    const happened = lines.map((line) => `\n  ${line}`).join("");
    for (const error of errors) {
      const { message } = error;
      error.message = `${message}\n\nThe rule: ${rule}\nWhat happened:${happened || " nothing"}\n`;
      error.stack = error.stack?.replace(message, () => error.message);
    }
  }
}

export interface RecordedBridge extends BridgeOnTest {
  readonly driver: RecordedDriver;
  readonly other: RecordedDriver;
  readonly stranger: RecordedDriver;
}

/** The same bridge, whose transcript is written, and for which nobody waits for ever. */
export function recordedBridge(bridge: BridgeOnTest, transcript: Transcript): RecordedBridge {
  const drivers = {
    driver: new RecordedDriver("the agent", bridge.driver, transcript),
    other: new RecordedDriver("the other agent", bridge.other, transcript),
    stranger: new RecordedDriver("the other owner's agent", bridge.stranger, transcript),
  };
  return new Proxy(bridge, {
    get(_, name) {
      if (name in drivers) return drivers[name as keyof typeof drivers];
      const member: unknown = Reflect.get(bridge, name);
      if (typeof member !== "function") return member;
      return async (...args: readonly unknown[]) => {
        const what = `${String(name)}(${args.map(inJson).join(", ")})`;
        const late = () => `${what} of the BridgeOnTest took longer than ${BRIDGE_WITHIN_MS / 1_000} s`;
        const came = (answer: unknown) =>
          transcript.add(answer === undefined || typeof answer === "function" ? what : `${what} → ${inJson(answer)}`);
        return inTime<unknown>(member.apply(bridge, args), BRIDGE_WITHIN_MS, late, came);
      };
    },
  }) as RecordedBridge;
}

export class RecordedDriver implements BridgeDriver {
  readonly #who: string;
  readonly #driver: BridgeDriver;
  readonly #transcript: Transcript;
  #lost: string | null = null;

  constructor(who: string, driver: BridgeDriver, transcript: Transcript) {
    this.#who = who;
    this.#driver = driver;
    this.#transcript = transcript;
  }

  /** The driver's own reason for what does not come, if it has lost the bridge, also where it has it again. */
  get whyLost(): string {
    return this.#lost === null ? "" : `; the driver said: ${this.#lost}`;
  }

  /** Starts it, and waits until it is connected. */
  connect(report: (report: DriverReport) => void = () => {}): Promise<void> {
    const connected = new Promise<void>((resolve) => {
      this.start((each) => {
        report(each);
        if (each.type === "connected") resolve();
      });
    });
    return this.inTime("connection", connected);
  }

  /** Rejects, with the driver's own reason if there is one, when it takes too long. */
  inTime<Value>(what: string, work: Promise<Value>, came: (value: Value) => void = () => {}): Promise<Value> {
    const late = () => {
      this.#transcript.missing.push(what);
      const text = `${this.#who}: no ${what} within ${DRIVER_WITHIN_MS / 1_000} s`;
      this.#transcript.add(text);
      return `${text}${this.whyLost}`;
    };
    return inTime(work, DRIVER_WITHIN_MS, late, came);
  }

  start(report: (report: DriverReport) => void): void {
    this.#driver.start((each) => {
      const { type, ...fields } = each;
      this.#transcript.add(`${this.#who} is told ${type} ${inJson(fields)}`);
      if (each.type === "disconnected") this.#lost = each.why;
      report(each);
    });
  }

  activate(epoch: number): void {
    this.#transcript.add(`${this.#who}: activate ${epoch}`);
    this.#driver.activate(epoch);
  }

  execute(id: CommandId, conference: ConfKey | null, command: BridgeCommand): Promise<ExecutionResult> {
    const { type, ...fields } = command;
    return this.inTime(`result of ${type}`, this.#driver.execute(id, conference, command), (result) =>
      this.#transcript.add(`${this.#who}: ${type} ${inJson({ conference, ...fields })} → ${inJson(result)}`),
    );
  }

  announce(call: CallId, announcement: Announcement): void {
    this.#transcript.add(`${this.#who}: announce ${announcement} to ${call}`);
    this.#driver.announce(call, announcement);
  }

  state(): Promise<DriverState | null> {
    return this.inTime("state", this.#driver.state(), (state) =>
      this.#transcript.add(`${this.#who}: state → ${inJson(state)}`),
    );
  }

  stop(): Promise<void> {
    return this.#driver.stop();
  }
}

/** `came` is called first: whoever awaits the value goes on at once, as drivers promise. */
function inTime<Value>(
  work: Promise<Value>,
  ms: number,
  late: () => string,
  came: (value: Value) => void,
): Promise<Value> {
  const inTime = new Promise<Value>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(late())), ms);
    timer.unref();
    work.then(
      (value) => {
        clearTimeout(timer);
        came(value);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
  inTime.catch(() => {}); // A test that has failed meanwhile does not wait for it any more.
  return inTime;
}

function inJson(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
