import type { ConferenceFrame } from "../../src/console/conference/conference-frame.tsx";
import type { Frame } from "../../src/console/parts.tsx";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { Role } from "../../src/operators/people.ts";
import { inFrame, unescaped } from "./read-page.ts";

export const now = Date.UTC(2026, 2, 4, 12, 30);
/** What stands around the pages of a conference. */
const confKey = "987654321" as ConfKey;
export const frame: ConferenceFrame = { domain: "local", confKey, topic: undefined, isStill: true };

/** The page of a conference as somebody of this role sees it. */
export function shownTo(role: Role, page: unknown, props: object): Shown {
  const more: Partial<Frame> = { person: { name: "anna", role, domains: ["*"] }, domain: "local", now };
  return new Shown(inFrame(page, { frame, ...props }, more));
}

/** A page as people and browsers see it: what it has besides its frame. */
export class Shown {
  /** With its frame. */
  readonly html: string;
  readonly #content: string;

  constructor(html: string) {
    this.html = html;
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
