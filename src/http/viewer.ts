/** Of an answer that accepts a WebSocket of the console: who watches over it. The edge's own server reads it, and it goes no further. */
export const viewerHeader = "accepted-viewer";

/** Closes the WebSocket of a page that then opens no other: pages would take each other's place without end. */
export const TOO_MANY_VIEWS = 4001;

/** At Cloudflare, the platform's own answer goes out as it is. */
export function watchedBy(person: string, answer: Response): Response {
  if (answer.status !== 101) answer.headers.set(viewerHeader, person);
  return answer;
}
