import type { ConferenceFrame } from "../../src/console/conference/conference-frame.tsx";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { Role } from "../../src/operators/people.ts";

export const now = Date.UTC(2026, 2, 4, 12, 30);

/** What stands around the pages of a conference, for a person of this role. */
export function frameFor(role: Role = "operator", more: Partial<ConferenceFrame> = {}): ConferenceFrame {
  return {
    person: { name: "anna", role, domains: ["*"] },
    by: "session",
    domains: ["local"],
    domain: "local",
    confKey: "987654321" as ConfKey,
    topic: undefined,
    live: false,
    now,
    ...more,
  };
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };

function unescaped(text: string): string {
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => entities[name] ?? "");
}

/** A page as people and browsers see it: what it has besides its frame. */
export class Shown {
  /** With its frame. */
  readonly html: string;
  readonly #content: string;

  constructor(page: { toString(): string }) {
    this.html = String(page);
    this.#content = /<main[\s\S]*<\/main>/.exec(this.html)?.[0] ?? "";
  }

  /** All text, with one blank between words. */
  get text(): string {
    return textIn(this.#content);
  }

  /** The texts of all elements of this name whose begin has this text. */
  all(name: string, having = ""): string[] {
    const elements = this.#content.matchAll(new RegExp(`<${name}(?=[ >])([^>]*)>([\\s\\S]*?)</${name}>`, "g"));
    return [...elements].flatMap(([, attributes = "", inside = ""]) =>
      unescaped(attributes).includes(having) ? [textIn(inside)] : [],
    );
  }

  /** Where a link with this text leads; the first one. */
  linkTo(text: string): string | undefined {
    for (const [, attributes = "", inside = ""] of this.#content.matchAll(/<a ([^>]*)>([\s\S]*?)<\/a>/g))
      if (textIn(inside) === text) return unescaped(/href="([^"]*)"/.exec(attributes)?.[1] ?? "");
    return undefined;
  }

  /** What each form of the page would send as it stands, without what people type. */
  get forms(): Readonly<Record<string, string>>[] {
    return [...this.#content.matchAll(/<form (?=[^>]*method="post")[\s\S]*?<\/form>/g)].map(([form]) => {
      const hidden = form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
      return Object.fromEntries([...hidden].map(([, name = "", value = ""]) => [name, unescaped(value)]));
    });
  }
}

function textIn(html: string): string {
  const named = html.replace(/<\/?bdi>/g, "").replace(/<[^>]*role="img" aria-label="([^"]*)"[^>]*>/g, " [$1] ");
  return unescaped(named.replace(/<[^>]+>/g, " "))
    .replace(/\s+/g, " ")
    .trim();
}
