import type { Child } from "hono/jsx";
import type { Frame } from "../../src/console/page.tsx";

export const now = Date.UTC(2026, 2, 4, 12, 0, 0);

export const frame: Frame & { readonly domain: string } = {
  person: { name: "anna", role: "viewer", domains: ["acme"] },
  by: "session",
  domains: ["acme"],
  domain: "acme",
  here: null,
  live: true,
  now,
};

/** What people read of a page's main part: its texts in order, one for each element that has one, with what links lead to. */
export function readPage(page: Child): string {
  const html = String(page);
  const main = /<main[^>]*>(.*)<\/main>/s.exec(html)?.[1] ?? html;
  return main
    .replaceAll(/<\/?bdi\b[^>]*>/g, "")
    .replaceAll(/<a [^>]*?href="([^"]*)"[^>]*>(.*?)<\/a>/gs, "$2 → $1 ")
    .replaceAll(/<\/?(?:b|code|span|time|kbd)\b[^>]*>/g, " ")
    .replaceAll(/<[^>]*>/g, "\n")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim())
    .filter(Boolean)
    .join("\n");
}

/** Whether a text from outside has become an element, or an attribute, of the page. */
export function isHarmless(page: Child): boolean {
  return !/<script>|<img src=x|" onload=|javascript:/.test(String(page));
}

export const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onload=x`;
