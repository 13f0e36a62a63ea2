import type { FromWebexMessages } from "../tsp/messages.ts";
import type { ClientPost, ClientPostId } from "./state.ts";
import type { Turn } from "./turn.ts";

/** For a back end that hangs, each takes half a minute. */
const MAX_WAITING = 100;

/** Data for the partner's back end: neither read nor changed, and not answered to WebEx (protocol 2.2.10, 4.22). */
export function takeClientData(turn: Turn, message: FromWebexMessages["passthrough"]): void {
  const { extConfId, extCallId, data = "" } = message;
  const { confKey, settings } = turn.around;
  if (settings.passthroughUrl === undefined) {
    return turn.note(`client data for call ${extCallId} is dropped: the domain has no passthroughUrl`);
  }
  if (turn.clientPosts.values().length >= MAX_WAITING) {
    return turn.note(`client data for call ${extCallId} is dropped: ${MAX_WAITING} others wait for the back end`);
  }
  const id = String(turn.around.serial());
  const body = { confKey, extConfId, extCallId, data };
  turn.clientPosts.set(id, { id, body, attempts: 0, dueAt: turn.at, underWay: false });
  beginDue(turn);
}

/** An attempt has ended, with or without a success; as many are made as for a post to WebEx (protocol T37). */
export function clientDataTried(turn: Turn, id: ClientPostId, attempt: number, delivered: boolean): void {
  const post = turn.clientPosts.get(id);
  // An attempt that was given up on may still have arrived; that it failed after all is no news.
  if (!post || (!delivered && (post.attempts !== attempt || !post.underWay))) return;
  const { attempts, retryDelaysMs } = turn.around.settings.webex;
  const tried = post.attempts + 1;
  if (delivered) turn.clientPosts.delete(id);
  else if (tried >= attempts) {
    turn.clientPosts.delete(id);
    turn.note(`client data for call ${post.body.extCallId} is given up after ${tried} attempts`);
  } else {
    const pauseMs = retryDelaysMs[Math.min(tried, retryDelaysMs.length) - 1] ?? 0;
    turn.clientPosts.set(id, { ...post, attempts: tried, dueAt: turn.at + pauseMs, underWay: false });
  }
  beginDue(turn);
}

/** Those that hang count as failed; those whose pause is over begin. */
export function expireClientData(turn: Turn): void {
  for (const { id, attempts, underWay, dueAt } of turn.clientPosts.values()) {
    if (underWay && dueAt <= turn.at) clientDataTried(turn, id, attempts, false);
  }
  beginDue(turn);
}

/** One at a time, so that they arrive in the order in which they came. */
export function firstClientPost(posts: Iterable<ClientPost>): ClientPost | undefined {
  const [first] = posts;
  return first;
}

function beginDue(turn: Turn): void {
  const first = firstClientPost(turn.clientPosts.values());
  if (!first || first.underWay || turn.at < first.dueAt) return;
  const dueAt = turn.at + turn.around.settings.webex.timeoutMs;
  turn.clientPosts.set(first.id, { ...first, underWay: true, dueAt });
}
