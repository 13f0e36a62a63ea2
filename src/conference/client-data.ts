import type { FromWebexMessages } from "../tsp/messages.ts";
import type { Draft } from "./draft.ts";
import type { ClientPost, ClientPostId } from "./state.ts";

/** To a back end that hangs, each takes half a minute. */
const MAX_WAITING = 100;

/** Data for the partner's back end: passed on unread and unchanged; WebEx gets no answer (protocol 2.2.10, 4.22). */
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

/** An attempt has succeeded or failed. There are as many as for a post to WebEx (protocol T37). */
export function applyClientDataAttempt(draft: Draft, id: ClientPostId, attempt: number, delivered: boolean): void {
  const post = draft.clientPosts.get(id);
  // An attempt that counts as failed may still succeed; its late failure changes nothing.
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

/** An attempt that hangs counts as failed; the next one begins when its pause is over. */
export function expireClientData(draft: Draft): void {
  for (const { id, attempts, underWay, dueAt } of draft.clientPosts.values()) {
    if (underWay && dueAt <= draft.at) applyClientDataAttempt(draft, id, attempts, false);
  }
  beginDue(draft);
}

/** The one to post now: one at a time, so that they arrive in order. */
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
