import type { Terminal } from "../src/foundation/table.ts";
import { exactText, secondText, sentenceIn } from "../src/foundation/time/shown-time.ts";

/** Where an answer is shown. */
export interface Screen extends Terminal {
  readonly times: ShownTimes;
}

/** The times of one answer, each in its domain's zone; `heading` names the zones that came up. */
export class ShownTimes {
  readonly #zoneOf: (domain: string) => string;
  readonly #domains = new Map<string, string[]>();

  constructor(zoneOf: (domain: string) => string) {
    this.#zoneOf = zoneOf;
  }

  /** `times in Europe/Berlin`; `null`: no time was shown. */
  get heading(): string | null {
    const zones = [...this.#domains];
    if (zones.length < 2) return zones[0] ? `times in ${zones[0][0]}` : null;
    return `times in ${zones.map(([zone, domains]) => `${zone} (${domains.join(", ")})`).join(" and ")}`;
  }

  /** `2026-10-25 02:30:00` */
  second(at: number, domain: string): string {
    return secondText(at, this.zone(domain));
  }

  /** `2026-10-25 02:30:00.125` */
  exact(at: number, domain: string): string {
    return exactText(at, this.zone(domain));
  }

  /** A sentence with its times; each with its day where that is not the day of `near`. */
  sentence(text: string, domain: string, near: number): string {
    const shown = sentenceIn(this.#zoneOf(domain), text, near);
    if (shown !== text) this.zone(domain);
    return shown;
  }

  /** The zone of a domain whose times are shown. */
  zone(domain: string): string {
    const zone = this.#zoneOf(domain);
    const domains = this.#domains.get(zone) ?? [];
    if (!domains.includes(domain)) this.#domains.set(zone, [...domains, domain]);
    return zone;
  }
}
