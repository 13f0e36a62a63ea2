/** Label values are names of the settings and words of ours, never what a stranger sent: they need no escape. */
type Labels = Readonly<Record<string, string>>;

/** Counts from 0 for each process. */
export class Counter {
  readonly name: string;
  readonly #help: string;
  /** By labels as Prometheus writes them. */
  readonly #counts = new Map<string, number>();

  constructor(name: string, help: string) {
    this.name = name;
    this.#help = help;
  }

  count(labels: Labels = {}, by = 1): void {
    const series = textOf(labels);
    this.#counts.set(series, (this.#counts.get(series) ?? 0) + by);
  }

  /** Shows the series with 0. Prometheus does not see the rise of a series that begins with its first count. */
  begin(labels: Labels = {}): void {
    this.count(labels, 0);
  }

  text(): string {
    const lines = Array.from(this.#counts, ([series, count]) => line(this.name, series, count));
    return family("counter", this.name, this.#help, lines);
  }
}

/** In seconds. The clock of a Worker has milliseconds, and stands still while nothing is awaited. */
const bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30] as const;

interface Observed {
  /** How many ended within each bound and not within the one before; the last: how many took longer. */
  readonly places: number[];
  sumSeconds: number;
}

export class Histogram {
  readonly name: string;
  readonly #help: string;
  readonly #observed = new Map<string, Observed>();

  constructor(name: string, help: string) {
    this.name = name;
    this.#help = help;
  }

  observe(labels: Labels, ms: number): void {
    // A clock that was set back meanwhile must not make the sum fall.
    const seconds = Math.max(0, ms) / 1_000;
    let place = 0;
    while (place < bounds.length && seconds > (bounds[place] ?? 0)) place++;
    const observed = this.#observedOf(textOf(labels));
    observed.places[place] = (observed.places[place] ?? 0) + 1;
    observed.sumSeconds += seconds;
  }

  /** Shows the series with 0, as a counter's. */
  begin(labels: Labels): void {
    this.#observedOf(textOf(labels));
  }

  text(): string {
    const lines = Array.from(this.#observed, ([series, { places, sumSeconds }]) => {
      const comma = series && ",";
      let upTo = 0;
      const buckets = places.map((count, place) => {
        upTo += count;
        return line(`${this.name}_bucket`, `${series}${comma}le="${bounds[place] ?? "+Inf"}"`, upTo);
      });
      return [...buckets, line(`${this.name}_sum`, series, sumSeconds), line(`${this.name}_count`, series, upTo)].join(
        "",
      );
    });
    return family("histogram", this.name, this.#help, lines);
  }

  #observedOf(series: string): Observed {
    let observed = this.#observed.get(series);
    if (!observed) {
      observed = { places: new Array<number>(bounds.length + 1).fill(0), sumSeconds: 0 };
      this.#observed.set(series, observed);
    }
    return observed;
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
