import type { Context } from "hono";
import { Document } from "../../console/page.tsx";
import { type Timers, wait } from "../../foundation/time/timers.ts";
import type { Variables } from "../guard.ts";

/** A page that takes longer begins before its data is there. */
export const BEGINS_AFTER_MS = 60;

export const pageHeaders = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" } as const;

/** The data and the words of a page, as the whole document; rejects where an object does not answer. */
type WholePage = Promise<Response>;

/**
 * The page, or its head at once and the rest when it is there: right after a restart a page may wait for conferences, and its reader should have
 * a sign of life, style and script by then. For browsers that show a document alone; all else gets a whole page with its status.
 */
export async function begunPage(
  context: Context<Variables>,
  edge: Timers,
  head: { readonly now: number; readonly timeZone: string },
  page: WholePage,
  failed: (error: unknown) => Response,
): Promise<Response> {
  if (context.req.header("sec-fetch-dest") !== "document") return page;
  // What it rejects with is dealt with below; until then nobody waits for it.
  page.catch(() => {});
  const ready = await Promise.race([page, wait(edge, BEGINS_AFTER_MS)]);
  if (ready) return ready;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(encoder.encode(beginOf(head)));
      controller.enqueue(encoder.encode(await restOf(await page.catch(failed))));
      controller.close();
    },
  });
  return context.body(body, 200, pageHeaders);
}

/** All pages begin alike, up to their title. */
const TITLE = "<title>";

function beginOf(head: { readonly now: number; readonly timeZone: string }): string {
  const [begin = ""] = `<!doctype html>${<Document title="" {...head} script={true} />}`.split(TITLE);
  return begin;
}

async function restOf(page: Response): Promise<string> {
  const to = page.headers.get("location");
  if (to !== null) return String(<meta http-equiv="refresh" content={`0;url=${to}`} />);
  const text = await page.text();
  return text.slice(text.indexOf(TITLE));
}
