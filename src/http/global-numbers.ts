import type { GlobalNumbers } from "../settings/domain-settings.ts";
import { problem } from "./bodies.ts";
import { globalNumbersPage, styleSheet } from "./global-numbers-page.ts";
import { meetingDetails } from "./meeting-details.ts";

/** `GET /global-numbers/:domain`: the page that WebEx links to as the domain's global call-in numbers (protocol 1.6). */
export async function globalNumbers(request: Request, numbers: GlobalNumbers): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return problem(405, "method not allowed", "This page is read by GET.", { allow: "GET, HEAD" });
  }
  const details = meetingDetails(new URL(request.url).searchParams);
  const page = await globalNumbersPage(numbers, details);
  return new Response(page.toString(), {
    headers: {
      "content-type": "text/html; charset=UTF-8",
      // Private, because the URL may hold a meeting's codes.
      "cache-control": "private, max-age=300",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${await sha256(styleSheet)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
