/** Label values are names of the settings and words of ours, never what a stranger sent: they need no escape. */
type Labels = Readonly<Record<string, string>>;

/** By family, then by labels as Prometheus writes them: a counter's number, or a histogram's places and behind them the sum in seconds. */
export type CountsData = Readonly<Record<string, Readonly<Record<string, number | readonly number[]>>>>;

/** Numbers that only rise. Those of several processes are added up. */
export class Counts {
  readonly #families = new Map<string, Map<string, number | number[]>>();

  get isEmpty(): boolean {
    return this.#families.size === 0;
  }

  add(family: string, series: string, more: number | readonly number[]): void {
    const ofFamily = this.#families.get(family) ?? new Map<string, number | number[]>();
    this.#families.set(family, ofFamily);
    const before = ofFamily.get(series);
    if (typeof more === "number") ofFamily.set(series, (typeof before === "number" ? before : 0) + more);
    else ofFamily.set(series, sumOf(typeof before === "object" ? before : [], more));
  }

  addAll(data: CountsData): void {
    for (const [family, ofFamily] of Object.entries(data))
      for (const [series, more] of Object.entries(ofFamily)) this.add(family, series, more);
  }

  of(family: string): ReadonlyMap<string, number | readonly number[]> {
    return this.#families.get(family) ?? new Map();
  }

  data(): CountsData {
    return Object.fromEntries(Array.from(this.#families, ([family, series]) => [family, Object.fromEntries(series)]));
  }

  /** What was counted so far; from now on it counts from nothing. */
  removeAll(): CountsData {
    const data = this.data();
    this.#families.clear();
    return data;
  }
}

function sumOf(before: readonly number[], more: readonly number[]): number[] {
  return more.map((value, place) => (before[place] ?? 0) + value);
}

/** Where a family counts, and what is called when it did. */
export interface CountsTo {
  readonly counts: Counts;
  counted?(): void;
}

export class Counter {
  readonly name: string;
  readonly #help: string;
  readonly #to: CountsTo;

  constructor(name: string, help: string, to: CountsTo = { counts: new Counts() }) {
    this.name = name;
    this.#help = help;
    this.#to = to;
  }

  count(labels: Labels = {}, by = 1): void {
    this.#to.counts.add(this.name, textOf(labels), by);
    this.#to.counted?.();
  }

  /** Shown as 0: of a series that begins with its first count, Prometheus does not see that it rose. */
  begin(labels: Labels = {}, shown: Counts = this.#to.counts): void {
    shown.add(this.name, textOf(labels), 0);
  }

  text(shown: Counts = this.#to.counts): string {
    const lines = Array.from(shown.of(this.name), ([series, count]) => line(this.name, series, Number(count)));
    return family("counter", this.name, this.#help, lines);
  }
}

/** In seconds. The clock of a Worker has milliseconds, and stands still while nothing is awaited. */
const bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30] as const;
/** How many ended within each bound and not within the one before, how many took longer, and the sum. */
const nothing: readonly number[] = new Array<number>(bounds.length + 2).fill(0);

export class Histogram {
  readonly name: string;
  readonly #help: string;
  readonly #to: CountsTo;

  constructor(name: string, help: string, to: CountsTo = { counts: new Counts() }) {
    this.name = name;
    this.#help = help;
    this.#to = to;
  }

  observe(labels: Labels, ms: number): void {
    // A clock that was set back meanwhile must not make the sum fall.
    const seconds = Math.max(0, ms) / 1_000;
    let place = 0;
    while (place < bounds.length && seconds > (bounds[place] ?? 0)) place++;
    this.#to.counts.add(this.name, textOf(labels), nothing.with(place, 1).with(-1, seconds));
    this.#to.counted?.();
  }

  begin(labels: Labels, shown: Counts = this.#to.counts): void {
    shown.add(this.name, textOf(labels), nothing);
  }

  text(shown: Counts = this.#to.counts): string {
    const lines = Array.from(shown.of(this.name), ([series, value]) => {
      const places = typeof value === "object" ? value : nothing;
      const comma = series && ",";
      let upTo = 0;
      const buckets = places.slice(0, -1).map((count, place) => {
        upTo += count;
        return line(`${this.name}_bucket`, `${series}${comma}le="${bounds[place] ?? "+Inf"}"`, upTo);
      });
      const sum = places.at(-1) ?? 0;
      return [...buckets, line(`${this.name}_sum`, series, sum), line(`${this.name}_count`, series, upTo)].join("");
    });
    return family("histogram", this.name, this.#help, lines);
  }
}

export type Series = readonly (readonly [labels: Labels, value: number])[];

/** A family whose values are known when Prometheus asks. */
export function familyOf(type: "gauge" | "counter", name: string, help: string, series: Series): string {
  return family(
    type,
    name,
    help,
    series.map(([labels, value]) => line(name, textOf(labels), value)),
  );
}

function family(type: string, name: string, help: string, lines: readonly string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function line(name: string, series: string, value: number): string {
  return `${name}${series && `{${series}}`} ${value}\n`;
}

/** Cheap: it is done for each commit and each post. */
function textOf(labels: Labels): string {
  let text = "";
  for (const name in labels) text += `${text && ","}${name}="${labels[name]}"`;
  return text;
}

/** The domain of a series; empty where it has none. */
export function domainOfSeries(series: string): string {
  return /^domain="([^"]*)"/.exec(series)?.[1] ?? "";
}
