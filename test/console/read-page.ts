import { type FC, jsx } from "hono/jsx";
import { type Frame, FrameOfPage } from "../../src/console/parts.tsx";

export const now = Date.UTC(2026, 2, 4, 12, 0, 0);

export const frame: Frame = {
  person: { name: "anna", role: "viewer", domains: ["acme"] },
  by: "session",
  domains: ["acme"],
  domain: "acme",
  timeZone: "UTC",
  isLive: true,
  now,
  incomplete: [],
};

/** The HTML of a page, with as much of an answer as it shows, in its frame. */
export function inFrame(page: unknown, props: object, more: Partial<Frame> = {}): string {
  const around = FrameOfPage.Provider as FC;
  return String(jsx(around, { value: { ...frame, ...more } }, jsx(page as FC, props) as never));
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };

export function unescaped(text: string): string {
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => entities[name] ?? "");
}

/** What people read of a page's main part: its texts in order, one for each element that has one, with what links lead to. */
export function readPage(page: unknown): string {
  const html = String(page);
  const main = /<main[^>]*>(.*)<\/main>/s.exec(html)?.[1] ?? html;
  return main
    .replaceAll(/<\/?bdi\b[^>]*>/g, "")
    .replaceAll(/<a [^>]*?href="([^"]*)"[^>]*>(.*?)<\/a>/gs, "$2 → $1 ")
    .replaceAll(/<\/?(?:b|code|span|time|kbd)\b[^>]*>/g, " ")
    .replaceAll(/<[^>]*>/g, "\n")
    .split("\n")
    .map((line) => unescaped(line).replaceAll(/\s+/g, " ").trim())
    .filter(Boolean)
    .join("\n");
}

/** Whether a text from outside has become an element, or an attribute, of the page. */
export function isHarmless(page: unknown): boolean {
  return !/<script>|<img src=x|" onload=|javascript:/.test(String(page));
}

export const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onload=x`;
