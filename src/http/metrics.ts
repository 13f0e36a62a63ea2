const helpTexts = {
  bridgehead_documents_total: "Documents from WebEx, by the word for the result in their Confirmation.",
  bridgehead_documents_not_stored_total: "Documents answered with 503, which WebEx sends again.",
  bridgehead_hosts_refused_total: "Messages that named a WebEx host outside the domain's list.",
  bridgehead_rate_limited_total: "Posts answered with 429.",
  bridgehead_strangers_total: "Requests of an adapter URL that does not exist: unknown domain or wrong secret.",
  bridgehead_agents_refused_total: "Agents, or strangers in their place, that were given no socket, by the reason.",
  bridgehead_operators_refused_total: "Requests without the operator's token.",
} as const;

type Counter = keyof typeof helpTexts;
/** Label values are names of domains and words of ours, never what a stranger sent: they need no escape. */
type Labels = Readonly<Record<string, string>>;

/** Counts since this isolate began; each isolate of a deployment has its own. */
export class Metrics {
  readonly #counts = new Map<Counter, Map<string, number>>();

  count(counter: Counter, labels: Labels = {}): void {
    const series = this.#counts.get(counter) ?? new Map<string, number>();
    this.#counts.set(counter, series);
    const key = Object.entries(labels)
      .map(([label, value]) => `${label}="${value}"`)
      .join(",");
    series.set(key, (series.get(key) ?? 0) + 1);
  }

  /** As Prometheus reads it. */
  text(): string {
    return Object.entries(helpTexts)
      .map(([counter, help]) => {
        const series = this.#counts.get(counter as Counter) ?? [];
        const lines = Array.from(series, ([labels, count]) => `${counter}${labels && `{${labels}}`} ${count}\n`);
        return `# HELP ${counter} ${help}\n# TYPE ${counter} counter\n${lines.join("")}`;
      })
      .join("");
  }
}
