import type { FromWebexMessages } from "../tsp/messages.ts";
import type { Draft } from "./draft.ts";
import type { ClientPost, ClientPostId } from "./state.ts";

/** For a back end that hangs, each takes half a minute. */
const MAX_WAITING = 100;

/** Data for the partner's back end: neither read nor changed, and not answered to WebEx (protocol 2.2.10, 4.22). */
export function queueClientData(draft: Draft, message: FromWebexMessages["passthrough"]): void {
  const { extConfId, extCallId, data = "" } = message;
  const { confKey, settings } = draft.context;
  if (settings.passthroughUrl === undefined) {
    return draft.note(`client data for call ${extCallId} is dropped: the domain has no passthroughUrl`);
  }
  if (draft.clientPosts.values().length >= MAX_WAITING) {
    return draft.note(`client data for call ${extCallId} is dropped: ${MAX_WAITING} others wait for the back end`);
  }
  const id = String(draft.context.serial());
  const body = { confKey, extConfId, extCallId, data };
  draft.clientPosts.set(id, { id, body, attempts: 0, dueAt: draft.at, underWay: false });
  beginDue(draft);
}

/** An attempt has ended, with or without a success; as many are made as for a post to WebEx (protocol T37). */
export function clientDataTried(draft: Draft, id: ClientPostId, attempt: number, delivered: boolean): void {
  const post = draft.clientPosts.get(id);
  // An attempt that was given up on may still have arrived; that it failed after all is no news.
  if (!post || (!delivered && (post.attempts !== attempt || !post.underWay))) return;
  const { attempts, retryDelaysMs } = draft.context.settings.webex;
  const tried = post.attempts + 1;
  if (delivered) draft.clientPosts.delete(id);
  else if (tried >= attempts) {
    draft.clientPosts.delete(id);
    draft.note(`client data for call ${post.body.extCallId} is given up after ${tried} attempts`);
  } else {
    const pauseMs = retryDelaysMs[Math.min(tried, retryDelaysMs.length) - 1] ?? 0;
    draft.clientPosts.set(id, { ...post, attempts: tried, dueAt: draft.at + pauseMs, underWay: false });
  }
  beginDue(draft);
}

/** Those that hang count as failed; those whose pause is over begin. */
export function expireClientData(draft: Draft): void {
  for (const { id, attempts, underWay, dueAt } of draft.clientPosts.values()) {
    if (underWay && dueAt <= draft.at) clientDataTried(draft, id, attempts, false);
  }
  beginDue(draft);
}

/** One at a time, so that they arrive in the order in which they came. */
export function firstClientPost(posts: Iterable<ClientPost>): ClientPost | undefined {
  const [first] = posts;
  return first;
}

function beginDue(draft: Draft): void {
  const first = firstClientPost(draft.clientPosts.values());
  if (!first || first.underWay || draft.at < first.dueAt) return;
  const dueAt = draft.at + draft.context.settings.webex.timeoutMs;
  draft.clientPosts.set(first.id, { ...first, underWay: true, dueAt });
}
